"""Takes in pages of invoices with their customers."""

from collections.abc import Sequence

from db.engine import Session
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice
from db.operations.arrival.invoice_pages import take_invoices
from db.operations.change import Change
from dunning.facts import InvoiceState
from intake.files.rows import InvoiceRow, StatedContact
from intake.jobs.kind import Row

# A changed invoice takes about ten milliseconds: so many are done in about a second.
DIFFERING_MAX = 100


def write_page(
    session: Session,
    rows: Sequence[InvoiceRow],
    change: Change,
    chosen: Chosen | None = None,
    differing_max: int | None = DIFFERING_MAX,
) -> list[Row]:
    """Take the invoices in, and return what became of each; `chosen` says under which cadence new ones go.

    Where many rows change something, the page ends early: rows without an answer belong to the next one.
    """
    taken = take_invoices(session, [incoming_of(row) for row in rows], change, chosen, differing_max)
    return [
        Row(
            row.line,
            row.invoice_number,
            "refused" if one.outcome is None else one.outcome.value,
            one.said,
        )
        # What was taken: fewer than the rows where many of them change something.
        for row, one in zip(rows, taken, strict=False)
    ]


_NO_CONTACT = StatedContact("main")


def incoming_of(row: InvoiceRow) -> IncomingInvoice:
    """Return what the row states, as the ledger takes it."""
    stays_open = row.state in ("open", "paid", "disputed")
    contact, customer = row.contact or _NO_CONTACT, row.customer
    return IncomingInvoice(
        external_id=row.external_id,
        customer_id=customer.customer_id,
        customer_name=customer.name,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        total=row.total,
        paid=row.paid,
        state=InvoiceState.OPEN if stays_open else InvoiceState(row.state),
        is_disputed=row.state == "disputed",
        po_number=row.po_number,
        email=contact.email,
        contact_first_name=contact.first_name,
        contact_last_name=contact.last_name,
        contact_role=contact.role,
        locale=customer.locale,
        payment_term_days=customer.payment_term_days,
        number=None if row.invoice_number == row.external_id else row.invoice_number,
        custom=row.custom,
        customer_custom=customer.custom,
    )
