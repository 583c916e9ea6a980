"""A message about an invoice as it went out or came in: its text, and its HTML where it does no harm."""

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from console.web.guard import needs, page_router
from console.web.pages.invoices import words
from console.web.pages.invoices.page import PATH, Id, path_of_invoice
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.queries.access import Role
from db.queries.incoming import inbox_message
from db.queries.invoice_messages import InvoiceMessage, message_as_sent
from db.queries.invoice_records import InvoiceRecord, invoice_record_of
from mailer.as_sent import AsSent, as_sent

# Nothing is fetched and nothing runs; the pictures that the message brought along are in it as data.
CONTENT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
router = page_router()
_MESSAGE = f"{PATH}/{{invoice_id:int}}/messages/{{message_id:int}}"


@router.get(_MESSAGE, **needs(Role.MEMBER))
def message_page(visit: Visiting, invoice_id: Id, message_id: Id) -> Response:
    """Show a message of ours."""
    invoice, message, sent = _read(visit, invoice_id, message_id)
    return visit.page(
        "invoices/message.html",
        invoice=invoice,
        message=message,
        sent=sent,
        content_path=f"{path_of_invoice(invoice_id)}/messages/{message_id}/content" if sent.html else None,
        words=words,
    )


@router.get(f"{_MESSAGE}/content", **needs(Role.MEMBER))
def message_content(visit: Visiting, invoice_id: Id, message_id: Id) -> Response:
    """Return the message's HTML for a frame."""
    _, _, sent = _read(visit, invoice_id, message_id)
    if sent.html is None:
        raise HTTPException(404)
    headers = {"Content-Security-Policy": CONTENT_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(sent.html, headers=headers)


@router.get(f"{PATH}/{{invoice_id:int}}/replies/{{incoming_id:int}}", **needs(Role.MEMBER))
def reply_page(visit: Visiting, invoice_id: Id, incoming_id: Id) -> Response:
    """Show what came in about the invoice, as text."""
    with transaction(visit.web.engine) as session:
        invoice = invoice_record_of(session, invoice_id)
        found = inbox_message(session, incoming_id)
    if invoice is None or found is None or found.line.invoice != invoice.number:
        raise HTTPException(404)
    said = as_sent(found.content)
    return visit.page("invoices/reply.html", invoice=invoice, line=found.line, letter=said)


def _read(visit: Visit, invoice_id: int, message_id: int) -> tuple[InvoiceRecord, InvoiceMessage, AsSent]:
    with transaction(visit.web.engine) as session:
        invoice = invoice_record_of(session, invoice_id)
        found = message_as_sent(session, invoice_id, message_id)
    if invoice is None or found is None:
        raise HTTPException(404)
    message, mime = found
    return invoice, message, as_sent(mime)
