"""Orders about what an invoice is: its money, its due date, its state, and whether its customer sees it."""

from datetime import date
from decimal import Decimal

from db.operations import due_dates, invoice_states, payments, reversals
from dunning.facts import InvoiceState
from intake.clerk_orders import Clerk, Told


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

    def change_due_date(self, number: str, due_on: date) -> Told:
        """Let the invoice fall due on another day. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: due_dates.change_due_date(session, id_, due_on, change),
            "invoice_changed",
        )

    def hide(self, number: str) -> Told:
        """Keep what is written about the invoice from its customer."""
        return self._set_hidden(number, True)

    def show(self, number: str) -> Told:
        """Take back that the invoice is hidden."""
        return self._set_hidden(number, False)

    def write_off(self, number: str) -> Told:
        """Write the invoice off, which ends its collection. Raises Refused."""
        return self._end(number, InvoiceState.WRITTEN_OFF)

    def void(self, number: str) -> Told:
        """Make the invoice void, which ends its collection. Raises Refused."""
        return self._end(number, InvoiceState.VOID)

    def reinstate(self, number: str) -> Told:
        """Take back that the invoice was written off or void. Raises Refused."""
        return self._about_invoice(number, invoice_states.reinstate, "invoice_changed")

    def _set_hidden(self, number: str, is_hidden: bool) -> Told:
        return self._about_invoice(
            number,
            lambda session, id_, change: invoice_states.set_hidden(session, id_, is_hidden, change),
            "invoice_changed",
        )

    def _end(self, number: str, state: InvoiceState) -> Told:
        return self._about_invoice(
            number,
            lambda session, id_, change: invoice_states.end_invoice(session, id_, state, change),
            "invoice_changed",
        )
