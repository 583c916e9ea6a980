"""Orders about money that settles several invoices: payments of a customer, and credit notes."""

from collections.abc import Callable, Sequence
from datetime import date

from db.engine import Session
from db.operations.change import Change
from db.operations.refusal import Refused
from db.operations.settlement import settlements
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment, Taken
from db.queries.settlements import credit_note_id_of, payment_id_of
from intake.clerk_orders import Clerk


class SettlementOrders(Clerk):
    """What a person may order about payments and credit notes; they go by their ids, or their numbers here."""

    __slots__ = ()

    def add_payment(self, stated: StatedPayment | Callable[[date], StatedPayment]) -> Taken:
        """Book a payment; where it depends on the day, on that of the organization. Raises Refused."""
        with self._transaction() as session:
            change = self._change(session)
            whole = stated(change.on) if callable(stated) else stated
            return _all_known(settlements.take_payment(session, whole, change))

    def allocate_payment(self, payment: str, to: Sequence[Allocation], automatic: Automatic) -> Taken:
        """Let what is left of a payment settle further invoices. Raises Refused."""
        return self._about_payment(
            payment,
            lambda session, id_, change: settlements.allocate_payment(session, id_, to, change, automatic),
        )

    def unallocate_payment(self, payment: str, invoices: Sequence[str]) -> Taken:
        """Take a payment off these invoices, off all if none is named. Raises Refused."""
        return self._about_payment(
            payment, lambda session, id_, change: settlements.unallocate_payment(session, id_, invoices, change)
        )

    def reverse_payment(self, payment: str, reversed_on: date | None = None) -> Taken:
        """Take a whole payment back, today unless another day is said. Raises Refused."""
        return self._about_payment(
            payment,
            lambda session, id_, change: settlements.reverse_payment(
                session, id_, reversed_on or change.on, change
            ),
        )

    def add_credit_note(self, stated: StatedCreditNote | Callable[[date], StatedCreditNote]) -> Taken:
        """Book a credit note; where it depends on the day, on that of the organization. Raises Refused."""
        with self._transaction() as session:
            change = self._change(session)
            whole = stated(change.on) if callable(stated) else stated
            return _all_known(settlements.take_credit_note(session, whole, change))

    def allocate_credit_note(self, note: str, to: Sequence[Allocation], automatic: Automatic) -> Taken:
        """Let what is left of a credit note settle further invoices. Raises Refused."""
        return self._about_credit_note(
            note,
            lambda session, id_, change: settlements.allocate_credit_note(session, id_, to, change, automatic),
        )

    def unallocate_credit_note(self, note: str, invoices: Sequence[str]) -> Taken:
        """Take a credit note off these invoices, off all if none is named. Raises Refused."""
        return self._about_credit_note(
            note,
            lambda session, id_, change: settlements.unallocate_credit_note(session, id_, invoices, change),
        )

    def void_credit_note(self, note: str, voided_on: date | None = None) -> Taken:
        """Make a credit note void, today unless another day is said. Raises Refused."""
        return self._about_credit_note(
            note,
            lambda session, id_, change: settlements.void_credit_note(
                session, id_, voided_on or change.on, change
            ),
        )

    def _about_payment(self, payment: str, order: Callable[[Session, int, Change], Taken]) -> Taken:
        with self._transaction() as session:
            id_ = payment_id_of(session, payment)
            if id_ is None:
                raise Refused("there is no payment {payment!r}", payment=payment)
            return order(session, id_, self._change(session))

    def _about_credit_note(self, note: str, order: Callable[[Session, int, Change], Taken]) -> Taken:
        with self._transaction() as session:
            id_ = credit_note_id_of(session, note)
            if id_ is None:
                raise Refused("there is no credit note {note!r}", note=note)
            return order(session, id_, self._change(session))


def _all_known(taken: Taken) -> Taken:
    """Return what was taken; a person who names an invoice that is not there is told so, and nothing is booked."""
    if taken.unknown:
        raise Refused("there is no invoice {number!r}", number=taken.unknown[0])
    return taken
