"""The facts that a decision is made from: one invoice, its cadence, what was done and what holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from dunning.cadence import Anchor, Cadence, Channel, Step
from dunning.calendar import Calendar


class InvoiceState(StrEnum):
    """What the invoice is to the accounts; `open` says nothing about how much of it is paid."""

    DRAFT = "draft"
    OPEN = "open"
    VOID = "void"
    WRITTEN_OFF = "written_off"


class HoldKind(StrEnum):
    """Why contact stops for a while (rules 3.*)."""

    PAUSE = "pause"
    DISPUTE = "dispute"
    PROMISE = "promise"
    PAYMENT_IN_FLIGHT = "payment_in_flight"
    PARTIAL_PAYMENT = "partial_payment"


class StepStatus(StrEnum):
    """What became of a step in this cycle; a step without a status is pending."""

    PENDING = "pending"
    OPEN = "open"
    DONE = "done"
    IGNORED = "ignored"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    CANCELED = "canceled"

    @property
    def is_settled(self) -> bool:
        """Say whether nothing more comes of the step."""
        return self not in (StepStatus.PENDING, StepStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. Without a due date (and no payment term to derive it) `due_on` is None."""

    id: int
    number: str
    issued_on: date
    due_on: date | None
    outstanding: Decimal
    currency: str
    state: InvoiceState = InvoiceState.OPEN
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stops contact. `until` is the first active day again; None holds until it is ended."""

    kind: HoldKind
    until: date | None = None
    of_customer: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that `decide` knows of one collection.

    `obstacles` say by channel why automatic messages cannot be sent now, `handed_over` names the
    automatic steps whose to-do stands open because of one (rule 4.4), `released_at` is when a person last
    ended a hold.
    """

    invoice: Invoice
    cadence: Cadence | None
    calendar: Calendar
    entered_on: date
    last_contact_on: date | None = None
    statuses: Mapping[str, StepStatus] = field(default_factory=dict)
    handed_over: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()
    released_at: datetime | None = None
    obstacles: Mapping[Channel, str] = field(default_factory=dict)
    sends_automatically: bool = True
    tolerance: Decimal = Decimal(0)

    def status(self, step: Step) -> StepStatus:
        """Return what became of the step so far."""
        return self.statuses.get(step.id, StepStatus.PENDING)

    def obstacle(self, step: Step) -> str | None:
        """Return why the automatic step cannot be sent now, if anything is in its way (rule 4.4)."""
        return self.obstacles.get(step.channel) if step.is_automatic else None

    def trigger(self, step: Step) -> date | None:
        """Return the day the step triggers by itself (rule 1.1), or None if its anchor has no date."""
        anchor = self.invoice.due_on if step.anchor is Anchor.DUE_DATE else self.invoice.issued_on
        return None if anchor is None else anchor + timedelta(days=step.offset_days)

    def is_pre_due(self, trigger: date) -> bool:
        """Say whether a step with this trigger is pre-due for this invoice (rule 1.2)."""
        return self.invoice.due_on is not None and trigger <= self.invoice.due_on

    def is_overdue(self, day: date) -> bool:
        """Say whether the invoice is overdue on `day`: from the day after its due date (rule 1.2)."""
        return self.invoice.due_on is not None and day > self.invoice.due_on
