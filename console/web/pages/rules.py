"""Smart rules: the list in its order, one rule with what it reaches, and its activation."""

from typing import Annotated

from fastapi import Form, Path
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.beside import WAIT_SECONDS
from console.web.guard import needs, page_router
from console.web.rule_versions import line_with, locked, version_of, version_of_order
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.operations.cadences import one_editor_at_a_time
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import Place
from db.queries.access import Role
from db.queries.rule_preview import RulePreview
from db.queries.smart_rules import RuleLine, rule_lines, rule_names
from intake.rule_preview import reach_of, try_rule
from rules.rule import Definition, Notify
from rules.written import written

PATH = "/rules"
RuleId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Version = Annotated[str, Form(max_length=100)]
router = page_router()

NOTED = (
    N_("rule added"),
    N_("rule changed"),
    N_("rule moved"),
    N_("rule activated"),
    N_("rule deactivated"),
    N_("rule deleted"),
    N_("rule"),
    N_("job"),
    N_("place"),
    N_("notifies"),
)


@router.get(PATH, **needs(Role.MEMBER))
def list_rules(visit: Visiting) -> Response:
    """List the rules from the top."""
    return _list(visit)


@router.get(f"{PATH}/{{rule_id:int}}", **needs(Role.MEMBER))
def show_rule(visit: Visiting, rule_id: RuleId) -> Response:
    """Show one rule."""
    return _show(visit, rule_id)


@router.get(f"{PATH}/{{rule_id:int}}/reach", **needs(Role.MEMBER))
def show_reach(visit: Visiting, rule_id: RuleId) -> Response:
    """Show which invoices a rule matches now, and which rules stand in its way."""
    with transaction(visit.web.engine) as session:
        line = _line(session, rule_id)
    wait_seconds = WAIT_SECONDS if "hx-request" in visit.request.headers else None
    reach = reach_beside(visit, line.rule.definition, line.rule.name, wait_seconds)
    if reach is None:
        return Response(status_code=204)
    with transaction(visit.web.engine) as session:
        names = rule_names(session, {*reach.shadowed_by, *reach.shadows})
    template = "rules/reach.html" if "hx-request" in visit.request.headers else "rules/reach_page.html"
    return visit.page(template, line=line, reach=reach, names=names)


def reach_beside(
    visit: Visit, definition: Definition, name: str | None, wait_seconds: float | None = WAIT_SECONDS
) -> RulePreview | None:
    """Return what the rule reaches, counted beside the pages; None while that lasts."""
    engine = visit.web.engine
    asked = "reach", name, definition.model_dump_json()
    return visit.web.beside.ask(asked, lambda: reach_of(engine, definition, name), wait_seconds)


@router.post(f"{PATH}/{{rule_id:int}}/move", **needs(Role.ADMIN))
def move_rule(
    visit: Visiting,
    rule_id: RuleId,
    order: Version,
    to: Annotated[int, Form(ge=1, le=10_000)],
) -> Response:
    """Put a rule at another place of the list; of those that match, the highest decides."""
    try:
        with visit.work() as work:
            one_editor_at_a_time(work.session)
            lines = rule_lines(work.session)
            line = line_with(lines, rule_id)
            if line is None or version_of_order(lines) != order:
                raise Refused("Somebody changed the order of the rules meanwhile. It is shown as it is now.")
            others = [one for one in lines if one.rule.id != rule_id]
            before = others[to - 1].rule.name if to <= len(others) else None
            place = Place("bottom") if before is None else Place("before", before)
            told = work.desk.move_rule(line.rule.name, place)
            if told.changed:
                work.note("rule moved", "rule", line.rule.name, place=told.line.rule.position)
            else:
                work.nothing_changed()
            said = visit.text(
                "%(rule)s stands at place %(place)s now.", rule=line.rule.name, place=told.line.rule.position
            )
    except Refused as refusal:
        return _list(visit, problem=refusal.said)
    return visit.go(f"{PATH}#rule-{rule_id}", said=said)


@router.get(f"{PATH}/{{rule_id:int}}/activate", **needs(Role.ADMIN))
def ask_activation(visit: Visiting, rule_id: RuleId) -> Response:
    """Show what applying the rule to all existing invoices would change, and ask how it is to be activated."""
    return _activation(visit, rule_id)


@router.post(f"{PATH}/{{rule_id:int}}/activate", **needs(Role.ADMIN))
def activate_rule(
    visit: Visiting,
    rule_id: RuleId,
    version: Version,
    applies: Annotated[bool, Form()] = False,
    notifies: Annotated[bool, Form()] = False,
) -> Response:
    """Let a rule decide from now on; if that is wanted, a job applies it to all existing invoices."""
    try:
        with visit.work() as work:
            line = locked(work.session, visit, rule_id, version)
            name = line.rule.name
            told = work.desk.activate_rule(name, applies=applies, notifies=notifies and applies)
            if told.changed or told.job_id is not None:
                work.note("rule activated", "rule", name, job=told.job_id, notifies=name if notifies else None)
            else:
                work.nothing_changed()
    except Refused as refusal:
        return _activation(visit, rule_id, problem=refusal.said)
    if told.job_id is not None:
        return visit.go(f"/jobs/{told.job_id}", said=visit.text("The rule is active, and being applied."))
    return visit.go(f"{PATH}/{rule_id}", said=visit.text("The rule is active: it decides from now on."))


@router.post(f"{PATH}/{{rule_id:int}}/deactivate", **needs(Role.ADMIN))
def deactivate_rule(visit: Visiting, rule_id: RuleId, version: Version) -> Response:
    """Let a rule decide nothing any more."""
    try:
        with visit.work() as work:
            line = locked(work.session, visit, rule_id, version)
            if work.desk.deactivate_rule(line.rule.name).changed:
                work.note("rule deactivated", "rule", line.rule.name)
            else:
                work.nothing_changed()
    except Refused as refusal:
        return _show(visit, rule_id, problem=refusal.said)
    return visit.go(f"{PATH}/{rule_id}", said=visit.text("The rule is not active any more. What it did stays."))


@router.post(f"{PATH}/{{rule_id:int}}/delete", **needs(Role.ADMIN))
def delete_rule(visit: Visiting, rule_id: RuleId, version: Version) -> Response:
    """Delete a rule."""
    try:
        with visit.work() as work:
            line = locked(work.session, visit, rule_id, version)
            work.desk.delete_rule(line.rule.name)
            work.note("rule deleted", "rule", line.rule.name)
    except Refused as refusal:
        return _show(visit, rule_id, problem=refusal.said)
    return visit.go(PATH, said=visit.text("The rule is deleted. What it did stays."))


def _list(visit: Visit, problem: str | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        lines = rule_lines(session)
    return visit.page(
        "rules/list.html",
        status=409 if problem else 200,
        lines=lines,
        written=written,
        order=version_of_order(lines),
        may_change=visit.user.role.may_act_as(Role.ADMIN),
        problem=problem,
    )


def _show(visit: Visit, rule_id: int, problem: str | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        line = line_with(rule_lines(session), rule_id)
    if line is None:
        # Whoever was about to change it reads that it is gone, and others that there is nothing here.
        if problem is None:
            raise HTTPException(404)
        return _list(visit, problem)
    return visit.page(
        "rules/rule.html",
        status=409 if problem else 200,
        line=line,
        text=written(line.rule.definition),
        version=version_of(line),
        may_change=visit.user.role.may_act_as(Role.ADMIN),
        problem=problem,
    )


def _activation(visit: Visit, rule_id: int, problem: str | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        line = line_with(rule_lines(session), rule_id)
    if line is None:
        return _show(visit, rule_id, problem)
    found = try_rule(visit.web.engine, line.rule.definition, line.rule.name)
    with transaction(visit.web.engine) as session:
        names = rule_names(session, {*found.preview.shadowed_by, *found.preview.shadows})
    return visit.page(
        "rules/activate.html",
        status=409 if problem else 200,
        line=line,
        text=written(line.rule.definition),
        version=version_of(line),
        found=found,
        reach=found.preview,
        names=names,
        is_telling=isinstance(line.rule.definition.action, Notify),
        problem=problem,
    )


def _line(session: Session, rule_id: int) -> RuleLine:
    line = line_with(rule_lines(session), rule_id)
    if line is None:
        raise HTTPException(404)
    return line
