"""The tags that a text may use, as plain values (rule 8.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dunning.money import Money


@dataclass(frozen=True, slots=True)
class Listed:
    """One of several invoices that a text lists."""

    number: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    total: Money
    paid: Money
    outstanding: Money
    pay_link: str | None = None
    view_link: str | None = None


CustomValue = str | Decimal | date | bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer owes in all: open amounts by currency, and the overdue invoices, the oldest first.

    Hidden invoices are left out (rule 3.7). `overdue_listed` are the first of `overdue_count`.
    """

    outstanding: tuple[Money, ...] = ()
    overdue: tuple[Money, ...] = ()
    overdue_count: int = 0
    overdue_listed: tuple[Listed, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that a text about an invoice may say to one person, in their locale.

    `listed` are all the invoices that it is about, itself included, if they are several (rule 2.15). Without a
    sender it is from the organization. `standing` is needed only where a text asks for it (`asks_for_standing`).
    """

    locale: str
    today: date
    organization_name: str
    organization_email: str
    organization_address: str
    bank_details: str
    customer_name: str
    contact_first_name: str | None
    contact_last_name: str | None
    invoice_number: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    total: Money
    paid: Money
    outstanding: Money
    step_number: int
    step_of: int
    reminders_sent: int
    listed: tuple[Listed, ...] = ()
    customer_external_id: str | None = None
    pay_link: str | None = None
    view_link: str | None = None
    invoice_custom: Mapping[str, CustomValue] = field(default_factory=dict)
    customer_custom: Mapping[str, CustomValue] = field(default_factory=dict)
    sender_name: str | None = None
    sender_email: str | None = None
    sender_phone: str | None = None
    sender_signature: str | None = None
    step_name: str | None = None
    last_contact_on: date | None = None
    standing: Standing = Standing()

    @property
    def totals(self) -> tuple[Money, ...]:
        """What is outstanding on all the invoices, an amount for each currency (rule 8.1)."""
        amounts = [one.outstanding for one in self.listed] or [self.outstanding]
        currencies = sorted({amount.currency for amount in amounts})
        return tuple(
            Money(sum((each.amount for each in amounts if each.currency == currency), Decimal(0)), currency)
            for currency in currencies
        )

    @property
    def days_overdue(self) -> int:
        """Whole days since the due date; 0 up to and on the due date."""
        return 0 if self.due_on is None else max((self.today - self.due_on).days, 0)

    @property
    def days_until_due(self) -> int:
        """Whole days until the due date; 0 from the due date on."""
        return 0 if self.due_on is None else max((self.due_on - self.today).days, 0)
