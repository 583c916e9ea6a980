"""What the accounts state of an invoice, and what whoever takes it in chose for it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from db.operations.arrival.custom_values import Stated
from db.operations.arrival.customers import IncomingParty
from dunning.facts import InvoiceState


@dataclass(frozen=True, slots=True)
class IncomingInvoice:
    """An invoice as the accounts state it. `paid` is all that they have booked so far.

    `external_id` is what identifies it in the accounts; without a `number` of its own that is its number too. Of
    `custom` and `customer_custom`, values of the organization's fields by key, None empties a field.
    """

    external_id: str
    customer_id: str
    customer_name: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    paid: Decimal
    state: InvoiceState
    is_disputed: bool
    po_number: str | None = None
    email: str | None = None
    contact_first_name: str | None = None
    contact_last_name: str | None = None
    contact_role: str = "main"
    locale: str | None = None
    payment_term_days: int | None = None
    number: str | None = None
    custom: Stated = ()
    customer_custom: Stated = ()

    @property
    def shown_number(self) -> str:
        """Return the number that people know the invoice by."""
        return self.number or self.external_id

    @property
    def party(self) -> IncomingParty:
        """Return the customer and the contact that are stated."""
        return IncomingParty(
            self.customer_id,
            self.customer_name,
            self.locale,
            self.payment_term_days,
            self.customer_custom,
            self.contact_role,
            self.email,
            self.contact_first_name,
            self.contact_last_name,
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cadence that whoever imports chose for new invoices, None for none; rules do not touch it (rule 5.3)."""

    cadence_id: int | None


def statement_of(incoming: IncomingInvoice) -> dict[str, Any]:
    """Return the statement as it is remembered."""
    due_on = incoming.due_on
    return {
        "issued_on": incoming.issued_on.isoformat(),
        "due_on": None if due_on is None else due_on.isoformat(),
        "po_number": incoming.po_number,
        "state": incoming.state.value,
        "total": f"{incoming.total.normalize():f}",
        "paid": f"{incoming.paid.normalize():f}",
        "is_disputed": incoming.is_disputed,
    }


def is_collectable(one: IncomingInvoice) -> bool:
    """Say whether there is something to collect, as far as the accounts know."""
    return one.state is InvoiceState.OPEN and one.paid < one.total
