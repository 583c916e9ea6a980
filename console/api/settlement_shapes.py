"""Payments and credit notes as they are sent and answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from console.api.batches import Items
from console.api.fields import Body, Currency, Day, Identifier, Name, PositiveAmount, Said, Shown
from db.engine import Session
from db.operations.record_locks import lock_credit_note_record, lock_payment_record
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment
from db.queries.settlements import (
    AllocationLine,
    CreditNoteView,
    PaymentView,
    credit_note_id_of,
    credit_note_view,
    payment_id_of,
    payment_view,
)

ALLOCATIONS_MAX = 1000


class AllocationShown(Shown):
    """How much settles which invoice, by its number; nothing once the payment is reversed, or the note void."""

    invoice: str
    amount: Said


class Payment(Shown):
    """A payment. `id` is its number here, by which it is known if it has no external id."""

    id: int
    external_id: str | None
    customer: str
    source: str = Field(examples=["api"])
    reference: str | None
    currency: str
    amount: Said
    received_on: date
    reversed_on: date | None
    unallocated: Said
    allocations: list[AllocationShown]


class PaymentList(Shown):
    """A page of payments, the newest first."""

    items: list[Payment]
    next_cursor: str | None


class CreditNote(Shown):
    """A credit note."""

    id: int
    external_id: str
    number: str
    customer: str
    currency: str
    total: Said
    issued_on: date
    voided_on: date | None
    unallocated: Said
    allocations: list[AllocationShown]


class CreditNoteList(Shown):
    """A page of credit notes, the newest first."""

    items: list[CreditNote]
    next_cursor: str | None


class AllocationBody(Body):
    """An invoice that money goes to, by number or external id; without an amount, as much as it can take."""

    invoice: Identifier
    amount: PositiveAmount | None = None

    @property
    def allocation(self) -> Allocation:
        """Return it as the ledger's operations know it."""
        return Allocation(self.invoice, self.amount)


Allocations = Annotated[list[AllocationBody], Field(default_factory=list, max_length=ALLOCATIONS_MAX)]
AutomaticText = Annotated[
    Automatic,
    Field(
        strict=False,
        description="Where goes what is not allocated: to the invoices whose numbers stand in the reference, to"
        " those and then to what is due longest, or nowhere.",
    ),
]


class PaymentBody(Body):
    """A payment, whole. Without a customer it is of the customer whose invoices are named.

    An invoice that is not there yet gets nothing; state the payment again once it is.
    """

    customer: Identifier | None = None
    currency: Currency
    amount: PositiveAmount
    received_on: Day
    reference: Name | None = None
    reversed_on: Day | None = None
    allocations: Allocations
    automatic: AutomaticText = Automatic.REFERENCE

    def stated(self, external_id: str) -> StatedPayment:
        """Return it as the ledger's operations know it."""
        return StatedPayment(
            external_id=external_id,
            customer_id=self.customer,
            currency=self.currency,
            amount=self.amount,
            received_on=self.received_on,
            reference=self.reference,
            reversed_on=self.reversed_on,
            allocations=tuple(one.allocation for one in self.allocations),
            automatic=self.automatic,
        )


class PaymentItem(PaymentBody):
    """A payment in a batch."""

    external_id: Identifier


class PaymentBatch(Body):
    """Up to 1,000 payments."""

    items: Items[PaymentItem]


class CreditNoteBody(Body):
    """A credit note, whole. Without a customer it is of the customer whose invoices are named."""

    number: Identifier | None = Field(None, description="Without it, the external id.")
    customer: Identifier | None = None
    currency: Currency
    total: PositiveAmount
    issued_on: Day
    voided_on: Day | None = None
    allocations: Allocations
    automatic: AutomaticText = Automatic.NONE

    def stated(self, external_id: str) -> StatedCreditNote:
        """Return it as the ledger's operations know it."""
        return StatedCreditNote(
            external_id=external_id,
            number=self.number or external_id,
            customer_id=self.customer,
            currency=self.currency,
            total=self.total,
            issued_on=self.issued_on,
            voided_on=self.voided_on,
            allocations=tuple(one.allocation for one in self.allocations),
            automatic=self.automatic,
        )


class CreditNoteItem(CreditNoteBody):
    """A credit note in a batch."""

    external_id: Identifier


class CreditNoteBatch(Body):
    """Up to 1,000 credit notes."""

    items: Items[CreditNoteItem]


class AllocateBody(Body):
    """Where more of it goes, on top of what it settles already."""

    allocations: Allocations
    automatic: AutomaticText = Automatic.NONE

    @property
    def stated(self) -> Sequence[Allocation]:
        """Return the allocations as the ledger's operations know them."""
        return [one.allocation for one in self.allocations]


class UnallocateBody(Body):
    """The invoices that it is taken off, by number or external id; none is all."""

    invoices: Annotated[list[Identifier], Field(default_factory=list, max_length=ALLOCATIONS_MAX)]


class EndBody(Body):
    """The day from which it does not count any more; today, if it is not said."""

    on: Day | None = None


@dataclass(frozen=True, slots=True)
class PaymentResource:
    """A payment, locked with all money of its customer. Only `by_id` is it found by its number here too."""

    name: str
    by_id: bool = True

    def lock(self, session: Session) -> bool:
        """Lock it."""
        shown = self.show(session)
        return shown is not None and lock_payment_record(session, shown.id)

    def show(self, session: Session) -> Payment | None:
        """Return what it looks like."""
        payment_id = payment_id_of(session, self.name)
        view = None if payment_id is None else payment_view(session, payment_id)
        if view is None or not (self.by_id or view.external_id == self.name):
            return None
        return payment_shown(view)


@dataclass(frozen=True, slots=True)
class CreditNoteResource:
    """A credit note, locked with all money of its customer."""

    name: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        shown = self.show(session)
        return shown is not None and lock_credit_note_record(session, shown.id)

    def show(self, session: Session) -> CreditNote | None:
        """Return what it looks like."""
        credit_note_id = credit_note_id_of(session, self.name)
        view = None if credit_note_id is None else credit_note_view(session, credit_note_id)
        return None if view is None or view.external_id != self.name else credit_note_shown(view)


def payment_shown(view: PaymentView) -> Payment:
    """Return a payment as it is answered."""
    said = {name: getattr(view, name) for name in Payment.model_fields if name != "allocations"}
    return Payment(**said, allocations=_allocations(view.allocations))


def credit_note_shown(view: CreditNoteView) -> CreditNote:
    """Return a credit note as it is answered."""
    said = {name: getattr(view, name) for name in CreditNote.model_fields if name != "allocations"}
    return CreditNote(**said, allocations=_allocations(view.allocations))


def _allocations(lines: Sequence[AllocationLine]) -> list[AllocationShown]:
    return [AllocationShown(invoice=line.invoice, amount=line.amount) for line in lines]
