"""Shows the mail that a text makes about a real invoice, and sends one to a colleague to look at."""

from html import escape
from typing import Annotated, Any

from fastapi import Form, Query
from starlette.responses import HTMLResponse, Response

from activities.previews import Preview, preview
from console.connections.outgoing_mail import send_preview
from console.failure import Failure
from console.web.guard import needs, page_router
from console.web.pages.templates import show
from console.web.template_form import FORM_BYTES_MAX, PATH, Body, Language, Name, Number, Subject, in_force, typed
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.invoices import invoice_id_of
from db.queries.lists.plans import planned_once
from db.queries.under import hold_still
from mailer.addresses import BadAddress, wire_address
from mailer.refusals import CannotRender
from mailer.texts import Text

# The mail's own styles and its logo, and nothing that runs, loads or leads anywhere.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_SHOWN_IN_A_FRAME = {"Content-Security-Policy": _POLICY, "X-Frame-Options": "SAMEORIGIN"}
_ADDRESS_CHARACTERS_MAX = 254
router = page_router()


@router.get(f"{PATH}/{{name}}/{{language}}/mail", **needs(Role.MEMBER))
def show_mail(
    visit: Visiting, name: Name, language: Language, invoice: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Show the mail that the text in force makes."""
    with transaction(visit.web.engine) as session:
        found = in_force(session, name, language)
    if found is None:
        return _page(visit, _said(visit.text("There is no text in force in this language yet.")))
    return _mail(visit, name, found.text, invoice)


@router.post(f"{PATH}/{{name}}/{{language}}/mail", **needs(Role.ADMIN, FORM_BYTES_MAX))
def show_typed_mail(
    visit: Visiting,
    name: Name,
    language: Language,
    subject: Subject = "",
    body: Body = "",
    invoice: Number = "",
) -> Response:
    """Show the mail that the text in the form makes; nothing is saved."""
    return _mail(visit, name, typed(subject, body, language), invoice)


@router.post(f"{PATH}/{{name}}/{{language}}/test", **needs(Role.ADMIN, FORM_BYTES_MAX))
def send_test(
    visit: Visiting,
    name: Name,
    language: Language,
    subject: Subject = "",
    body: Body = "",
    invoice: Number = "",
    edition: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
    to: Annotated[str, Form(max_length=_ADDRESS_CHARACTERS_MAX)] = "",
) -> Response:
    """Send the mail that the text in the form makes to one address alone; it is no contact."""
    text, to = typed(subject, body, language), to.strip()
    said: dict[str, Any] = {"number": invoice, "to": to}
    try:
        wire_address(to)
        made = _made(visit, name, text, invoice, to)
        send_preview(made)
    except (BadAddress, CannotRender, Failure, Refused) as obstacle:
        return show(visit, name, text, edition, str(obstacle), 422, **said)
    with visit.work() as work:
        work.note("test message sent", "template", name, language=language, invoice=invoice, to=to)
    done = visit.text("A test was sent to %(to)s. It counts as no contact, and nothing was saved.", to=to)
    return show(visit, name, text, edition, done=done, **said)


def _made(visit: Visit, name: str, text: Text, number: str, to: str | None = None) -> Preview:
    """Return the message. Raises CannotRender and Refused."""
    with transaction(visit.web.engine) as session:
        hold_still(session)
        planned_once(session)
        invoice_id = invoice_id_of(session, number) if number else None
        if invoice_id is None:
            raise Refused("Choose an invoice: there is no invoice {number}.", number=number)
        return preview(session, name, invoice_id, visit.now, text.language, to, text)


def _mail(visit: Visit, name: str, text: Text, number: str) -> Response:
    try:
        made = _made(visit, name, text, number)
    except (CannotRender, Refused) as obstacle:
        return _page(visit, _said(visit.said(obstacle)))
    heads = [
        (visit.text("Sender"), made.sender),
        (visit.text("Recipients"), ", ".join(made.recipients)),
        (visit.text("Subject"), made.rendered.subject),
    ]
    rows = "".join(f"<div><b>{escape(what)}</b> {escape(said)}</div>" for what, said in heads)
    language, sentence = visit.reader.tag, escape(visit.said(made.sentence))
    head = f'<div style="{_HEAD}" lang="{language}">{rows}<div>{sentence}</div></div>'
    if made.page is None:
        return _page(visit, f"{head}<pre>{escape(made.rendered.body)}</pre>")
    return HTMLResponse(_with_head(made.page, head), headers=_SHOWN_IN_A_FRAME)


_HEAD = (
    "font: 14px/1.5 system-ui, sans-serif; color: #1c2430; background: #f2f4f7; padding: 10px 14px;"
    " border-bottom: 1px solid #d5dae1; overflow-wrap: anywhere"
)


def _with_head(page: str, head: str) -> str:
    """Put the head above the mail, inside its body."""
    start = page.find("<body")
    end = page.find(">", start) + 1 if start >= 0 else 0
    return page[:end] + head + page[end:]


def _said(text: str) -> str:
    return f'<p style="{_HEAD}">{escape(text)}</p>'


def _page(visit: Visit, inner: str) -> Response:
    title = escape(visit.text("Preview"))
    page = (
        f'<!doctype html><html lang="{visit.reader.tag}"><head><meta charset="utf-8"><title>{title}</title></head>'
    )
    return HTMLResponse(f"{page}<body>{inner}</body></html>", headers=_SHOWN_IN_A_FRAME)
