"""The editor of a rule: its readable text and a form that builds it, checked as one types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Form
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.rules import PATH, RuleId, Version, reach_beside
from console.web.rule_form import (
    ACTIONS,
    FormFields,
    FormRule,
    action_of,
    condition_of,
    form_of,
    objection_of,
    rule_in,
)
from console.web.rule_versions import Changed, line_with, locked, version_of
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import require_known
from db.queries.access import Role
from db.queries.catalogue import published_names
from db.queries.people import names_to_choose
from db.queries.rule_preview import RulePreview
from db.queries.smart_rules import RuleLine, catalogue_of, rule_lines, rule_names
from intake.rule_orders import MisreadRule, sound_rule
from rules.reading import Misread
from rules.rule import CONDITIONS_MAX, Definition, Trigger
from rules.written import written

router = page_router()
RuleText = Annotated[str, Form(max_length=100_000)]
RuleName = Annotated[str, Form(max_length=300)]
Sent = Mapping[str, Sequence[str]]

WORDS = (
    *(N_("customer"), N_("status"), N_("due date"), N_("issue date"), N_("payment date"), N_("outstanding")),
    *(N_("paid"), N_("total"), N_("aging"), N_("currency"), N_("cadence"), N_("visibility"), N_("number")),
    *(N_("PO number"), N_("not due"), N_("due"), N_("overdue"), N_("disputed"), N_("draft"), N_("written off")),
    *(N_("void"), N_("visible"), N_("hidden"), N_("true"), N_("false")),
    *(N_("is"), N_("is not"), N_("contains"), N_("does not contain"), N_("starts with"), N_("ends with")),
    *(N_("is any of"), N_("is none of"), N_("on"), N_("not on"), N_("before"), N_("after"), N_("on or before")),
    *(N_("on or after"), N_("between"), N_("in last"), N_("in next"), N_("is empty"), N_("is not empty")),
)
DOES = (N_("assign"), N_("assign none"), N_("hide"), N_("show"), N_("notify"))


async def _sent(request: Request) -> Sent:
    form = await request.form()
    return {key: [value for value in form.getlist(key) if isinstance(value, str)] for key in form}


Fields = Annotated[Sent, Depends(_sent)]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text says, or where and why it says nothing; and what a rule that says so reaches, once counted."""

    text: str
    definition: Definition | None = None
    misread: Misread | None = None
    objection: str | None = None
    reach: RulePreview | None = None
    names: Mapping[int, str] | None = None

    @property
    def around(self) -> tuple[str, str, str]:
        """Return the text before, at and behind the place where it cannot be read on."""
        at = 0 if self.misread is None else min(self.misread.column - 1, len(self.text))
        before, behind = self.text[max(0, at - 60) : at], self.text[at : at + 60]
        word = behind.split(maxsplit=1)[0] if behind.strip() and not behind[0].isspace() else behind[:1]
        return before, word, behind[len(word) :]


@router.get(f"{PATH}/new", **needs(Role.ADMIN))
def new_rule(visit: Visiting) -> Response:
    """Show an empty editor."""
    return _editor(visit, None, "", "")


@router.post(f"{PATH}/new", **needs(Role.ADMIN))
def add_rule(visit: Visiting, text: RuleText = "", name: RuleName = "") -> Response:
    """Add a rule at the bottom; it decides nothing before it is active."""
    text = _plain(text)
    try:
        with visit.work() as work:
            told = work.desk.add_rule(text, name.strip() or None)
            work.note("rule added", "rule", told.line.rule.name)
    except Refused as refusal:
        return _editor(visit, None, text, name, problem=refusal.said)
    said = visit.text("The rule is added. It decides nothing before you activate it.")
    return visit.go(f"{PATH}/{told.line.rule.id}", said=said)


@router.get(f"{PATH}/{{rule_id:int}}/edit", **needs(Role.ADMIN))
def edit_rule(visit: Visiting, rule_id: RuleId) -> Response:
    """Show the editor of a rule."""
    with transaction(visit.web.engine) as session:
        line = line_with(rule_lines(session), rule_id)
    if line is None:
        raise HTTPException(404)
    return _editor(visit, line, written(line.rule.definition), line.rule.name)


@router.post(f"{PATH}/{{rule_id:int}}/edit", **needs(Role.ADMIN))
def save_rule(
    visit: Visiting, rule_id: RuleId, version: Version, text: RuleText = "", name: RuleName = ""
) -> Response:
    """Let a rule say something else from now on."""
    text = _plain(text)
    try:
        with visit.work() as work:
            line = locked(work.session, visit, rule_id, version)
            told = work.desk.edit_rule(line.rule.name, text, name)
            work.note_if(told.changed, "rule changed", "rule", told.line.rule.name)
    except Changed as changed:
        return _editor(visit, changed.line, text, name, problem=str(changed), now=changed.line)
    except Refused as refusal:
        with transaction(visit.web.engine) as session:
            kept = line_with(rule_lines(session), rule_id)
        return _editor(visit, kept, text, name, problem=refusal.said, version=version)
    said = (
        visit.text("The rule is changed.") if told.changed else visit.text("Nothing changed: it says so already.")
    )
    return visit.go(f"{PATH}/{rule_id}", said=said)


@router.post(f"{PATH}/check", **needs(Role.ADMIN))
def check_rule(visit: Visiting, text: RuleText = "") -> Response:
    """Say what is wrong in a text, or let the page ask which invoices a rule that says so would match."""
    checked = _checked(visit, _plain(text))
    with transaction(visit.web.engine) as session:
        parts = _parts(session)
    form = None if checked.definition is None else form_of(checked.definition)
    return visit.page("rules/checked.html", checked=checked, form=form, **parts)


@router.post(f"{PATH}/count", **needs(Role.ADMIN))
def count_rule(visit: Visiting, text: RuleText = "", was: RuleName = "") -> Response:
    """Say which invoices a rule that says so would match, or nothing while they are being counted."""
    checked = _checked(visit, _plain(text))
    if checked.definition is not None and checked.objection is None:
        reach = reach_beside(visit, checked.definition, was or None)
        if reach is None:
            return Response(status_code=204)
        with transaction(visit.web.engine) as session:
            names = rule_names(session, {*reach.shadowed_by, *reach.shadows})
        checked = replace(checked, reach=reach, names=names)
    return visit.page("rules/check.html", checked=checked)


@router.post(f"{PATH}/build", **needs(Role.ADMIN))
def build_rule(visit: Visiting, sent: Fields) -> Response:
    """Write what the form says as text, and show the form with the operators and inputs of its fields."""

    def said(name: str) -> str:
        return next(iter(sent.get(name, ())), "")

    with transaction(visit.web.engine) as session:
        parts = _parts(session)
    fields: FormFields = parts["fields"]
    form = _as_asked(rule_in(sent, fields), said("do"), fields)
    form, definition = _defined(form, fields, visit)
    text = _plain(said("text"))[:100_000] if definition is None else written(definition)
    if "hx-request" not in visit.request.headers:
        with transaction(visit.web.engine) as session:
            line = next((one for one in rule_lines(session) if one.rule.name == said("was")), None)
        return _editor(visit, line, text, said("name"), form=form, version=said("version") or None)
    checked = _checked(visit, text)
    return visit.page("rules/built.html", checked=checked, form=form, text=text, **parts)


def _as_asked(form: FormRule, asked: str, fields: FormFields) -> FormRule:
    """Return the form with one condition more or less, as its buttons ask."""
    if asked == "add" and len(form.conditions) < CONDITIONS_MAX:
        return replace(form, conditions=(*form.conditions, fields.first()))
    if asked.startswith("remove-") and asked.removeprefix("remove-").isdecimal():
        place = int(asked.removeprefix("remove-")[:4])
        return replace(form, conditions=form.conditions[:place] + form.conditions[place + 1 :])
    return form


def _defined(form: FormRule, fields: FormFields, visit: Visit) -> tuple[FormRule, Definition | None]:
    """Return what the form says, None while something lacks; the form then says what."""
    lines, conditions = [], []
    for line in form.conditions:
        try:
            conditions.append(condition_of(line, fields))
            lines.append(line)
        except ValidationError:
            lines.append(replace(line, problem=visit.text("Say with what it is compared.")))
    form = replace(form, conditions=tuple(lines))
    if len(conditions) < len(lines):
        return form, None
    try:
        return form, Definition(
            trigger=Trigger(form.trigger), conditions=tuple(conditions), action=action_of(form)
        )
    except ValidationError as error:
        return replace(form, problem=objection_of(error)), None


def _checked(visit: Visit, text: str) -> Checked:
    """Return what is said; which invoices that are the page asks for once it is there, as counting takes time."""
    if not text.strip():
        return Checked(text)
    try:
        with transaction(visit.web.engine) as session:
            definition = sound_rule(session, text)
    except MisreadRule as refusal:
        return Checked(text, misread=refusal.misread)
    except Refused as refusal:
        return Checked(text, objection=refusal.said)
    try:
        with transaction(visit.web.engine) as session:
            require_known(session, definition)
    except Refused as refusal:
        return Checked(text, definition, objection=refusal.said)
    return Checked(text, definition)


def _editor(
    visit: Visit,
    line: RuleLine | None,
    text: str,
    name: str,
    *,
    problem: str | None = None,
    now: RuleLine | None = None,
    form: FormRule | None = None,
    version: str | None = None,
) -> Response:
    was = None if line is None else line.rule.name
    checked = _checked(visit, text)
    with transaction(visit.web.engine) as session:
        parts = _parts(session)
    if form is None:
        begun = FormRule(conditions=(parts["fields"].first(),))
        form = begun if checked.definition is None else form_of(checked.definition)
    return visit.page(
        "rules/editor.html",
        status=409 if problem else 200,
        line=line,
        text=text,
        name=name,
        was=was or "",
        checked=checked,
        form=form,
        problem=problem,
        text_now=None if now is None else written(now.rule.definition),
        version=version or (None if line is None else version_of(line)),
        **parts,
    )


def _parts(session: Session) -> dict[str, Any]:
    """Return what the form offers."""
    return {
        "fields": FormFields.of(catalogue_of(session)),
        "cadences": published_names(session),
        "recipients": names_to_choose(session),
        "triggers": tuple(one.value for one in Trigger),
        "actions": ACTIONS,
    }


def _plain(text: str) -> str:
    """Return the text as one typed it; forms send their own line ends."""
    return text.replace("\r\n", "\n").strip()
