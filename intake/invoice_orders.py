"""Orders about what an invoice is: its money, its due date, its state, and whether its customer sees it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from db.engine import transaction
from db.operations import due_dates, invoice_files, invoice_states
from db.operations.refusal import Refused
from db.operations.settlement import payments, reversals
from db.queries.invoices import invoice_id_of
from dunning.facts import InvoiceState
from intake.clerk_orders import Clerk, Told
from mailer.pdf import PDF_BYTES_MAX, fault_of
from phrase import phrase


class InvoiceOrders(Clerk):
    """What a person may order about an invoice itself."""

    __slots__ = ()

    def pay(self, number: str, amount: Decimal) -> Told:
        """Book a payment on the invoice, in its currency. Raises Refused."""
        return self._about_invoice(
            number, lambda session, id_, change: payments.pay(session, id_, amount, change), "invoice_changed"
        )

    def reverse(self, number: str, amount: Decimal) -> Told:
        """Take back so much of what was paid on the invoice. Raises Refused."""
        return self._about_invoice(
            number, lambda session, id_, change: reversals.reverse(session, id_, amount, change), "invoice_changed"
        )

    def change_due_date(self, number: str, due_on: date, reason: str | None = None) -> Told:
        """Let the invoice fall due on another day. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: due_dates.change_due_date(session, id_, due_on, change, reason),
            "invoice_changed",
        )

    def hide(self, number: str) -> Told:
        """Keep what is written about the invoice from its customer."""
        return self._set_hidden(number, True)

    def show(self, number: str) -> Told:
        """Take back that the invoice is hidden."""
        return self._set_hidden(number, False)

    def write_off(self, number: str, reason: str | None = None) -> Told:
        """Write the invoice off, which ends its collection. Raises Refused."""
        return self._end(number, InvoiceState.WRITTEN_OFF, reason)

    def void(self, number: str, reason: str | None = None) -> Told:
        """Make the invoice void, which ends its collection. Raises Refused."""
        return self._end(number, InvoiceState.VOID, reason)

    def reinstate(self, number: str, reason: str | None = None) -> Told:
        """Take back that the invoice was written off or void. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: invoice_states.reinstate(session, id_, change, reason),
            "invoice_changed",
        )

    def attach(self, number: str, path: Path | None) -> bool:
        """Keep the PDF at the path for messages about the invoice, or none; say whether that is new.

        Raises Refused.
        """
        content = b"" if path is None else _pdf(path)
        with transaction(self.engine) as session:
            invoice_id = invoice_id_of(session, number)
            if invoice_id is None:
                raise Refused("there is no invoice {number!r}", number=number)
            change = self._change(session)
            if path is None:
                return invoice_files.detach_file(session, invoice_id, change)
            return invoice_files.attach_file(session, invoice_id, path.name, content, change)

    def _set_hidden(self, number: str, is_hidden: bool) -> Told:
        return self._about_invoice(
            number,
            lambda session, id_, change: invoice_states.set_hidden(session, id_, is_hidden, change),
            "invoice_changed",
        )

    def _end(self, number: str, state: InvoiceState, reason: str | None) -> Told:
        return self._about_invoice(
            number,
            lambda session, id_, change: invoice_states.end_invoice(session, id_, state, change, reason),
            "invoice_changed",
        )


def _pdf(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(PDF_BYTES_MAX + 1)
    except OSError as error:
        raise Refused("{path} cannot be read: {why}", path=path, why=error.strerror or str(error)) from error
    fault = fault_of(content)
    if fault is not None:
        raise Refused("{path} cannot be attached: {fault}", path=path, fault=phrase(fault))
    return content
