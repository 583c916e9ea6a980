"""The two kinds of money that settle invoices, payments and credit notes: their tables and their words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from db.operations.refusal import Refused
from db.operations.settlement.amounts import require_amount
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment
from db.tables.base import Base
from db.tables.invoices import CreditAllocation, CreditNote, Payment, PaymentAllocation
from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from phrase import N_, Phrase, phrase

# The ledger's amounts have 15 digits before the point.
AMOUNT_MAX = Decimal(10) ** 14
PERSON = "user"


@dataclass(frozen=True, slots=True)
class Kind:
    """Payments or credit notes: `columns` are those of amount, day, end and text; the rest are words."""

    row: type[Base]
    allocation: type[Base]
    table: str
    allocations: str
    key: str
    columns: Mapping[str, str]
    name: str
    settles: str
    moves: str
    ends: str
    ended: str


PAYMENTS = Kind(
    row=Payment,
    allocation=PaymentAllocation,
    table="payments",
    allocations="payment_allocations",
    key="payment_id",
    columns={"amount": "amount", "on": "received_on", "ended_on": "reversed_on", "text": "reference"},
    name=N_("payment"),
    settles="paid",
    moves="payment moved",
    ends="payment reversed",
    ended=N_("reversed"),
)
CREDIT_NOTES = Kind(
    row=CreditNote,
    allocation=CreditAllocation,
    table="credit_notes",
    allocations="credit_allocations",
    key="credit_note_id",
    columns={"amount": "total", "on": "issued_on", "ended_on": "voided_on", "text": "number"},
    name=N_("credit note"),
    settles="credited",
    moves="credit moved",
    ends="credit note voided",
    ended=N_("voided"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is stated of a payment or a credit note, with the same names for both."""

    external_id: str | None
    customer: str | None
    currency: str
    amount: Decimal
    on: date
    ended_on: date | None
    text: str | None
    allocations: tuple[Allocation, ...]
    automatic: Automatic

    def values(self) -> dict[str, Any]:
        """Return what is remembered of it beside its amount and its invoices, as JSON."""
        ended_on = None if self.ended_on is None else self.ended_on.isoformat()
        return {"on": self.on.isoformat(), "ended_on": ended_on, "text": self.text}


def of_payment(stated: StatedPayment) -> Statement:
    """Return the statement of a payment."""
    return Statement(
        stated.external_id,
        stated.customer_id,
        stated.currency,
        stated.amount,
        stated.received_on,
        stated.reversed_on,
        stated.reference,
        stated.allocations,
        stated.automatic,
    )


def of_credit_note(stated: StatedCreditNote) -> Statement:
    """Return the statement of a credit note."""
    return Statement(
        stated.external_id,
        stated.customer_id,
        stated.currency,
        stated.total,
        stated.issued_on,
        stated.voided_on,
        stated.number,
        stated.allocations,
        stated.automatic,
    )


def require_sound(kind: Kind, stated: Statement) -> None:
    """Raise Refused if the statement makes no sense, whatever the ledger has."""
    if stated.currency not in CURRENCY_DECIMALS:
        raise Refused("{currency!r} is no currency in use", currency=stated.currency)
    require_amount(
        stated.amount,
        Phrase("a {kind}", kind=phrase(kind.name)),
        Money(AMOUNT_MAX, stated.currency),
        Phrase("that the ledger can hold"),
    )
    if stated.ended_on is not None and stated.ended_on < stated.on:
        raise Refused(
            "a {kind} of {on} cannot be {ended} on {ended_on}, before that",
            kind=phrase(kind.name),
            on=stated.on,
            ended=phrase(kind.ended),
            ended_on=stated.ended_on,
        )
    require_sound_allocations(stated.allocations, Money(stated.amount, stated.currency), kind)


def require_sound_allocations(allocations: tuple[Allocation, ...], whole: Money, kind: Kind) -> None:
    """Raise Refused if an invoice is named twice, or an amount is none, or above what is left of the whole."""
    names = [one.invoice for one in allocations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused("{twice} is named twice", twice=twice)
    left = whole
    for one in allocations:
        if one.amount is not None:
            require_amount(
                one.amount,
                Phrase("an allocation to {number}", number=one.invoice),
                left,
                Phrase("left of the {kind}", kind=phrase(kind.name)),
            )
            left = Money(left.amount - one.amount, left.currency)
