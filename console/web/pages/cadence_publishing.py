"""Publishes the draft of a cadence: first what it changes is shown, and only what was shown is published."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from console.web import cadence_words
from console.web.cadence_form import Sent, basis_from
from console.web.guard import needs, page_router
from console.web.pages.cadences import PATH, named
from console.web.pages.invoices.words import STAGES
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.operations.cadences import Basis
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.catalogue import Version, cadence_line, version_of
from dunning.projection import Projection
from intake.cadence_orders import publish_draft
from intake.cadence_texts import text_findings
from intake.cadence_warnings import turned_steps
from intake.impact import Example, Impact, weigh
from intake.publishing import drafted_candidate

EXAMPLES = 8
router = page_router()


@dataclass(frozen=True, slots=True)
class Weighed:
    """What publishing would change, with a few of the invoices whose next action changes."""

    impact: Impact
    examples: list[Example]


@router.get(f"{PATH}/{{cadence_id}}/publish", **needs(Role.ADMIN))
def ask(visit: Visiting, cadence_id: int, impact: Annotated[str, Query(max_length=10)] = "") -> Response:
    """Show what publishing the draft would change; the impact by itself, because it may take a while."""
    is_weighed = impact == "now"
    weighed = _weigh(visit, cadence_id) if is_weighed else None
    if is_weighed and visit.is_partial:
        return visit.page(
            "cadences/impact.html", part="cadences/impact.html", weighed=weighed, planned=_planned(visit)
        )
    return _show(visit, cadence_id, weighed)


@router.post(f"{PATH}/{{cadence_id}}/publish", **needs(Role.ADMIN))
def publish(visit: Visiting, cadence_id: int, sent: Sent, default: Annotated[str, Form()] = "") -> Response:
    """Put the draft in force, and order that its collections adopt it."""
    try:
        with visit.work() as work:
            name = named(work.session, cadence_id)
            basis, by = basis_from(sent), visit.user.email
            switched = publish_draft(work.session, name, default == "yes", by, basis)
            work.note(
                "cadence published",
                "cadence",
                name,
                version=switched.number,
                job=switched.job_id,
                **({"default": True} if default == "yes" else {}),
            )
    except Refused as refusal:
        return _show(visit, cadence_id, None, refusal.said)
    said = visit.text("Version %(number)s of %(name)s is in force.", number=switched.number, name=name)
    return visit.go(f"{PATH}/{cadence_id}?job={switched.job_id}", said=said)


def _show(visit: Visit, cadence_id: int, weighed: Weighed | None, refused: str | None = None) -> Response:
    obstacle = None
    with transaction(visit.web.engine) as session:
        name = named(session, cadence_id)
        about = cadence_line(session, cadence_id)
        draft, in_force = version_of(session, name, "draft"), version_of(session, name, "published")
        findings = text_findings(session, draft.cadence) if draft is not None else ()
        if draft is not None:
            try:
                drafted_candidate(session, name)
            except Refused as refusal:
                obstacle = refusal.said
    before = None if in_force is None else in_force.cadence
    return visit.page(
        "cadences/publish.html",
        status=200 if refused is None else 409,
        cadence_id=cadence_id,
        name=name,
        about=about,
        draft=draft,
        in_force=in_force,
        basis=Basis(_id(in_force), _id(draft)),
        changes=cadence_words.differences(visit, before, draft.cadence) if draft is not None else [],
        warnings=[cadence_words.turned_words(visit, one) for one in turned_steps(draft.cadence)] if draft else [],
        findings=[one.said for one in findings if one.finding.severity == "warning"],
        obstacle=obstacle,
        refused=refused,
        weighed=weighed,
        planned=_planned(visit),
    )


def _weigh(visit: Visit, cadence_id: int) -> Weighed | None:
    with transaction(visit.web.engine) as session:
        name = named(session, cadence_id)
        draft, in_force = version_of(session, name, "draft"), version_of(session, name, "published")
    if draft is None:
        return None
    examples: list[Example] = []

    def show(example: Example) -> None:
        if len(examples) < EXAMPLES:
            examples.append(example)

    return Weighed(weigh(visit.web.engine, in_force, draft.cadence, visit.now, show=show), examples)


def _planned(visit: Visit) -> object:
    """Return what says in words what comes next of an invoice."""

    def said(planned: Projection) -> str:
        stage = visit.text(STAGES[planned.stage.value])
        if planned.step is None:
            return stage
        on = "" if planned.due_on is None else f", {visit.reader.day(planned.due_on)}"
        return f"{stage} – {planned.step.id} ({visit.text(planned.step.channel.value)}){on}"

    return said


def _id(version: Version | None) -> int | None:
    return None if version is None else version.id
