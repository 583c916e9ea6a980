"""Edits the draft of a cadence, and shows while one types what it would lead to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from console.views.cadence_ahead import InvoiceUnder, TermAhead, invoice_under, with_terms
from console.web import cadence_words
from console.web.cadence_form import CadenceForm, Sent, basis_from, changed_by, form_from, form_of, stated_by
from console.web.cadence_line import TERM_DAYS, TERMS_DAYS, Line, line_of
from console.web.guard import needs, page_router
from console.web.pages.cadences import PATH, named
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations import cadences
from db.operations.cadences import Basis
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.book import open_invoice_ids
from db.queries.catalogue import newest_version, version_of
from db.queries.invoices import invoice_id_of, numbers_of
from db.queries.people import names_to_choose
from db.queries.senders import sender_lines
from db.queries.templates import saved_names
from db.queries.under import Place, hold_still, page_under
from dunning.cadence import Cadence, Channel, Execution, Logic
from intake.cadence_orders import read_stated
from intake.cadence_texts import text_findings
from intake.cadence_warnings import turned_steps
from intake.documents import Misplaced, dotted
from mailer.texts import template_names
from phrase import Phrase, phrase

SUGGESTED = 12
FORM_BYTES_MAX = 1024 * 1024
router = page_router()


@dataclass(frozen=True, slots=True)
class Said:
    """Something about a step."""

    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What comes of a form: the cadence if it is sound, what is said about its steps, and what is ahead."""

    cadence: Cadence | None
    problem: Said | None
    by_step: dict[int, list[Said]]
    line: Line | None = None
    terms: tuple[TermAhead, ...] = ()
    invoice: InvoiceUnder | None = None
    invoice_problem: str | None = None


@router.get(f"{PATH}/{{cadence_id}}/edit", **needs(Role.ADMIN))
def edit(visit: Visiting, cadence_id: int) -> Response:
    """Show the draft, or what is in force where there is none, to be changed."""
    with transaction(visit.web.engine) as session:
        name = named(session, cadence_id)
        draft, published = version_of(session, name, "draft"), version_of(session, name, "published")
        start = draft or published or newest_version(session, name)
    assert start is not None, "a cadence has a version"
    basis = Basis(None if published is None else published.id, None if draft is None else draft.id)
    return _show(visit, cadence_id, name, form_of(start.cadence), basis)


@router.post(f"{PATH}/{{cadence_id}}/edit", **needs(Role.ADMIN, FORM_BYTES_MAX))
def keep(visit: Visiting, cadence_id: int, sent: Sent) -> Response:
    """Keep the form as the draft, after a step was added, removed or moved if a button says so."""
    basis, form, order = basis_from(sent), form_from(sent), str(sent.get("do", ""))
    problem: str | None = None
    at: int | None = None
    with transaction(visit.web.engine) as session:
        name = named(session, cadence_id)
        published = version_of(session, name, "published")
    taken = frozenset(step.id for step in published.cadence.steps) if published is not None else frozenset()
    form, at = changed_by(form, order, taken)
    try:
        with visit.work() as work:
            before = version_of(work.session, name, "draft")
            cadence = read_stated(work.session, stated_by(form, name))
            number = cadences.draft(work.session, cadence, basis=basis)
            if before is not None and before.cadence == cadence:
                work.nothing_changed()
            else:
                work.note("cadence drafted", "cadence", name, version=number, steps=len(cadence.steps))
    except Refused as refusal:
        problem = refusal.said
    except Misplaced:
        problem = visit.text("The draft was not saved: mend what is marked.")
    if problem is not None:
        return _show(visit, cadence_id, name, form, basis, problem, str(sent.get("invoice", "")), _term(sent))
    if order == "publish":
        return visit.go(f"{PATH}/{cadence_id}/publish")
    place = "" if at is None else f"#step-{at}"
    return visit.go(f"{PATH}/{cadence_id}/edit{place}", said=visit.text("The draft is saved."))


@router.post(f"{PATH}/{{cadence_id}}/preview", **needs(Role.ADMIN, FORM_BYTES_MAX))
def preview(visit: Visiting, cadence_id: int, sent: Sent) -> Response:
    """Show what the form would lead to; nothing is kept."""
    form, number = form_from(sent), str(sent.get("invoice", ""))
    with transaction(visit.web.engine) as session:
        hold_still(session)
        name = named(session, cadence_id)
        looked = _look(visit, session, name, form, number, _term(sent))
    page = "cadences/preview.html"
    return visit.page(page, part=page, oob=True, **_seen(visit, form, looked))


@router.post(f"{PATH}/{{cadence_id}}/discard", **needs(Role.ADMIN))
def discard(visit: Visiting, cadence_id: int, sent: Sent) -> Response:
    """Throw the draft away."""
    with visit.work() as work:
        name = named(work.session, cadence_id)
        if cadences.discard_draft(work.session, name, basis_from(sent)):
            work.note("cadence draft discarded", "cadence", name)
        else:
            work.nothing_changed()
    return visit.go(f"{PATH}/{cadence_id}", said=visit.text("The draft is thrown away."))


def _show(
    visit: Visit,
    cadence_id: int,
    name: str,
    form: CadenceForm,
    basis: Basis,
    problem: str | None = None,
    number: str = "",
    term: int = TERM_DAYS,
) -> Response:
    with transaction(visit.web.engine) as session:
        hold_still(session)
        suggested = _suggested(session, cadence_id)
        number = number or (suggested[0] if suggested else "")
        looked = _look(visit, session, name, form, number, term)
        offered: dict[str, Any] = {
            "templates": sorted(template_names() | saved_names(session)),
            "owners": names_to_choose(session),
            "senders": [one.email for one in sender_lines(session)],
        }
    return visit.page(
        "cadences/edit.html",
        status=200 if problem is None else 409,
        cadence_id=cadence_id,
        name=name,
        form=form,
        basis=basis,
        refused=problem,
        number=number,
        term=term,
        terms_days=TERMS_DAYS,
        suggested=suggested,
        oob=False,
        channels=[one.value for one in Channel],
        executions=[one.value for one in Execution],
        logics=[one.value for one in Logic],
        **offered,
        **_seen(visit, form, looked),
    )


def _seen(visit: Visit, form: CadenceForm, looked: Looked) -> dict[str, Any]:
    return {
        "looked": looked,
        "count": len(form.steps),
        "when": lambda step: cadence_words.when(visit, step),
        "repeats": lambda step: cadence_words.repeats(visit, step),
    }


def _look(visit: Visit, session: Session, name: str, form: CadenceForm, number: str, term: int) -> Looked:
    """Return what comes of the form."""
    try:
        cadence = read_stated(session, stated_by(form, name))
    except Misplaced as misplaced:
        return _unsound(misplaced)
    by_step: dict[int, list[Said]] = {}
    places = {step.id: index for index, step in enumerate(cadence.steps)}
    for turned in turned_steps(cadence):
        by_step.setdefault(places[turned.second.id], []).append(Said(cadence_words.turned_words(visit, turned)))
    for found in text_findings(session, cadence):
        for index in _using(cadence, found.template):
            is_error = found.finding.severity == "error"
            by_step.setdefault(index, []).append(Said(found.said, is_error))
    invoice, invoice_problem = None, None
    if number:
        invoice_id = invoice_id_of(session, number)
        if invoice_id is None:
            invoice_problem = visit.text("There is no invoice %(number)s.", number=number)
        else:
            invoice = invoice_under(session, invoice_id, cadence, visit.now)
    terms = with_terms(session, cadence, visit.now)
    return Looked(cadence, None, by_step, line_of(cadence, term), terms, invoice, invoice_problem)


def _unsound(misplaced: Misplaced) -> Looked:
    place = misplaced.place
    if len(place) > 1 and place[0] == "steps" and isinstance(place[1], int):
        return Looked(None, None, {place[1]: [Said(_placed(place[2:], misplaced), is_error=True)]})
    return Looked(None, Said(_placed(place, misplaced), is_error=True), {})


def _placed(place: tuple[str | int, ...], misplaced: Misplaced) -> Phrase:
    problem = phrase(str(misplaced))
    return Phrase("{place}: {problem}", place=dotted(place), problem=problem) if place else problem


def _using(cadence: Cadence, template: str) -> Iterable[int]:
    return [index for index, step in enumerate(cadence.steps) if step.template == template]


def _suggested(session: Session, cadence_id: int) -> list[str]:
    """Return numbers of open invoices to choose from: of the cadence, else of any."""
    ids = [place.invoice_id for place in page_under(session, cadence_id, Place(), SUGGESTED)]
    ids = ids or list(open_invoice_ids(session, 0, SUGGESTED))
    return sorted(numbers_of(session, ids).values())


def _term(sent: Sent) -> int:
    text = str(sent.get("term", ""))
    return int(text) if text in map(str, TERMS_DAYS) else TERM_DAYS
