"""Writing to a customer outside the cadence: the form, what the message would be, and its going out (rule 4.8)."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Form, Query
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from activities.own_words import InOwnWords, Wish, in_own_words
from console.views.writing import Writable, read_writable
from console.web.guard import needs, page_router
from console.web.pages.invoices.orders import ONE, Name, Version, ordered
from console.web.pages.invoices.page import Id
from console.web.pages.invoices.reading import version_of
from console.web.phrases import in_words
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.operations.messages.drafts import BODY_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX
from db.queries.access import Role
from db.queries.invoice_records import InvoiceRecord, invoice_record_of
from db.queries.templates import saved_names
from mailer.refusals import CannotRender
from mailer.texts import template_names
from mailer.written import shown_as_written

# Browsers send two characters for the end of a line.
Subject = Annotated[str, Form(max_length=4 * SUBJECT_CHARACTERS_MAX)]
Body = Annotated[str, Form(max_length=2 * BODY_CHARACTERS_MAX)]
WRITE = f"{ONE}/write"
router = page_router()


@dataclass(frozen=True, slots=True)
class Shown:
    """What would go out, or why it cannot be written; `laid_out` is its text as mail programs show it."""

    message: InOwnWords | None
    because: str | None = None

    @property
    def laid_out(self) -> Markup:
        """Return the text as HTML. The writer lets no HTML of the text itself through."""
        return Markup(shown_as_written(self.message.body)) if self.message else Markup()  # noqa: S704


@router.get(WRITE, **needs(Role.MEMBER))
def form(
    visit: Visiting,
    invoice_id: Id,
    template: Annotated[str, Query(max_length=200)] = "",
    step: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the form, empty or with what a template says."""
    as_step = step or None
    if not template:
        return _form(visit, invoice_id, Wish(as_step=as_step))
    with transaction(visit.web.engine) as session:
        _known(session, invoice_id)
        said = _shown(session, visit, invoice_id, Wish(template=template, as_step=as_step))
    if said.message is None:
        return _form(visit, invoice_id, Wish(as_step=as_step), problem=said.because, status=422)
    wish = Wish(said.message.subject, said.message.body, template, as_step)
    return _form(visit, invoice_id, wish)


@router.post(f"{WRITE}/preview", **needs(Role.MEMBER))
def preview(visit: Visiting, invoice_id: Id, subject: Subject = "", body: Body = "", step: Name = "") -> Response:
    """Show what the message would be if it went out now."""
    with transaction(visit.web.engine) as session:
        _known(session, invoice_id)
        shown = _shown(session, visit, invoice_id, Wish(subject, body, as_step=step or None))
    return visit.page("invoices/written.html", part="invoices/written.html", written=shown)


@router.post(WRITE, **needs(Role.MEMBER, 4 * BODY_CHARACTERS_MAX + 64 * 1024))
def send(
    visit: Visiting,
    invoice_id: Id,
    version: Version,
    subject: Subject = "",
    body: Body = "",
    step: Name = "",
    do: Annotated[str, Form(max_length=20)] = "send",
) -> Response:
    """Let the message go out, or show how it would look."""
    wish = Wish(subject, body, as_step=step or None)
    if do == "show":
        return _form(visit, invoice_id, wish)
    return ordered(
        visit,
        invoice_id,
        version,
        "write",
        N_("message written"),
        lambda desk, number: desk.write(number, wish),
        N_("The message goes out; it counts as a contact."),
        again=lambda problem, status: _form(visit, invoice_id, wish, problem=problem, status=status),
        subject=subject.strip(),
        step=wish.as_step,
    )


def _form(visit: Visit, invoice_id: int, wish: Wish, *, problem: str | None = None, status: int = 200) -> Response:
    with transaction(visit.web.engine) as session:
        record = _known(session, invoice_id)
        standing = read_writable(session, invoice_id, visit.now)
        begun = bool(wish.subject or wish.body)
        shown = _shown(session, visit, invoice_id, wish) if begun else _parties(session, visit, invoice_id, wish)
        names = sorted(template_names() | saved_names(session))
    return visit.page(
        "invoices/write.html",
        status=status,
        invoice=record,
        version=version_of(record),
        wish=wish,
        written=shown,
        templates=names,
        problem=problem,
        **_standing(visit, standing),
    )


def _standing(visit: Visit, standing: Writable) -> dict[str, Any]:
    because = None if standing.because is None else in_words(visit.reader, standing.because)
    return {"standing": standing, "stopped_by": because}


def _known(session: Session, invoice_id: int) -> InvoiceRecord:
    record = invoice_record_of(session, invoice_id)
    if record is None:
        raise HTTPException(404)
    return record


def _shown(session: Session, visit: Visit, invoice_id: int, wish: Wish) -> Shown:
    try:
        return Shown(in_own_words(session, invoice_id, wish, visit.now))
    except CannotRender as obstacle:
        return Shown(None, in_words(visit.reader, str(obstacle)))


def _parties(session: Session, visit: Visit, invoice_id: int, wish: Wish) -> Shown:
    """Return for whom a message would be of which nothing is written yet."""
    shown = _shown(session, visit, invoice_id, replace(wish, subject="-", body="-"))
    if shown.message is None:
        return shown
    return Shown(replace(shown.message, subject="", body=""))
