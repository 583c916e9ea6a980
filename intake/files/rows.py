"""Rows: what a file states, typed: customers, invoices, payments and credit notes.

`line` is where a row begins in its file. An external id names the record in the accounts: whoever takes a row in
finds by it what earlier files stated.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from intake.cells import InvoiceStatus

# Of a custom field, by its key. None empties it; a field that is not among them is left as it is.
CustomValue = str | Decimal | date | bool | None
CustomValues = tuple[tuple[str, CustomValue], ...]


@dataclass(frozen=True, slots=True)
class StatedContact:
    """A person to write to at a customer."""

    role: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class StatedCustomer:
    """A customer. What is None was not said, and is left as it is."""

    customer_id: str
    name: str
    locale: str | None = None
    payment_term_days: int | None = None
    custom: CustomValues = ()


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer and one of its contacts; a customer with more contacts has more rows."""

    line: int
    customer: StatedCustomer
    contact: StatedContact | None


class InvoiceRow(NamedTuple):
    """An invoice and its customer. Rows that say the same of a customer share one object.

    A tuple, because a hundred thousand of them take half the time to make.
    """

    line: int
    external_id: str
    invoice_number: str
    customer: StatedCustomer
    contact: StatedContact | None
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    paid: Decimal
    state: InvoiceStatus
    po_number: str | None = None
    custom: CustomValues = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """An invoice that money goes to; without an amount, as much as is outstanding and left."""

    invoice_number: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money received. What its allocations do not cover stays with the customer, unallocated."""

    line: int
    external_id: str
    customer_id: str | None
    received_on: date
    currency: str
    amount: Decimal
    reference: str | None = None
    reversed_on: date | None = None
    allocations: tuple[Allocation, ...] = ()

    @property
    def is_derived(self) -> bool:
        """Say whether the file had no id for it, and it is known by what it says."""
        return self.external_id.startswith(DERIVED)


@dataclass(frozen=True, slots=True)
class CreditNoteRow:
    """A credit given. What its allocations do not cover stays with the customer."""

    line: int
    external_id: str
    number: str
    customer_id: str | None
    issued_on: date
    currency: str
    total: Decimal
    allocations: tuple[Allocation, ...] = ()


# How the ids begin of payments that a file had no ids for.
DERIVED = "derived-"
Row = CustomerRow | InvoiceRow | PaymentRow | CreditNoteRow
