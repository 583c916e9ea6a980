"""What is stated of money that settles invoices: payments, credit notes, and where they go."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Allocation:
    """An invoice that money goes to, by its number or else its external id.

    Without an amount it gets as much as is outstanding on it and left of the money.
    """

    invoice: str
    amount: Decimal | None = None


class Automatic(StrEnum):
    """Where money goes that nobody allocated; what is left then stays with the customer."""

    NONE = "none"
    # To the invoices whose numbers stand in the reference, in that order.
    REFERENCE = "reference"
    # To those first, and then to what is due longest.
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class StatedPayment:
    """A payment as the accounts, a program or a person state it.

    `external_id` is what identifies it; without one it is a new payment each time. `customer_id` is the customer's
    external id; without it the payment is of the customer whose invoices are named.
    """

    external_id: str | None
    customer_id: str | None
    currency: str
    amount: Decimal
    received_on: date
    reference: str | None = None
    reversed_on: date | None = None
    allocations: tuple[Allocation, ...] = ()
    automatic: Automatic = Automatic.REFERENCE


@dataclass(frozen=True, slots=True)
class StatedCreditNote:
    """A credit note as the accounts, a program or a person state it, identified by `external_id`."""

    external_id: str
    number: str
    customer_id: str | None
    currency: str
    total: Decimal
    issued_on: date
    voided_on: date | None = None
    allocations: tuple[Allocation, ...] = ()
    automatic: Automatic = Automatic.NONE


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a payment or a credit note.

    `invoice_ids` are the invoices on which something else is outstanding now, and `owed_ids` the signals that they
    are owed. `unknown` are the invoices that were named and are not there; what they were to get is unallocated.
    """

    id: int
    outcome: Literal["created", "changed", "unchanged"]
    unallocated: Decimal
    invoice_ids: tuple[int, ...] = ()
    owed_ids: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
