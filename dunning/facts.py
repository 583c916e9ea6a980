"""The facts that a decision is made from: one invoice, its cadence, what was done and what holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

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
    REVERSAL = "reversal"


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

    @property
    def is_run(self) -> bool:
        """Say whether a person or the product dealt with the step, so that it may repeat (rule 2.13)."""
        return self in (StepStatus.DONE, StepStatus.IGNORED)


# What `Facts.statuses` may say of a step that is not settled.
TO_COME = (None, StepStatus.PENDING, StepStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice; `settled` is what was paid or credited.

    Without a due date (and no payment term to derive it) `due_on` is None.
    """

    id: int
    number: str
    issued_on: date
    due_on: date | None
    outstanding: Decimal
    currency: str
    state: InvoiceState = InvoiceState.OPEN
    is_hidden: bool = False
    settled: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stops contact. `until` is the first active day again; None holds until it is ended."""

    kind: HoldKind
    until: date | None = None
    of_customer: bool = False


@dataclass(frozen=True, slots=True)
class HoldDays:
    """For how many calendar days contact is held after an event (rules 3.3, 3.5 and 3.12)."""

    partial_payment: int = 3
    promise_grace: int = 2
    reversal_grace: int = 3


@dataclass(frozen=True, slots=True)
class Run:
    """The latest time that a step was done or ignored: its how-manieth time in this cycle, and the day."""

    occurrence: int
    on: date


@dataclass(frozen=True, slots=True)
class History:
    """What was done under a cadence: the cycle, and what became of its steps in it."""

    cycle: int = 1
    statuses: Mapping[str, StepStatus] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)


def first_trigger(step: Step, due_on: date | None, issued_on: date) -> date | None:
    """Return the day the step triggers for the first time (rule 1.1), or None if its anchor has no date."""
    anchor = due_on if step.anchor is Anchor.DUE_DATE else issued_on
    return None if anchor is None else anchor + timedelta(days=step.offset_days)


# Without slots, for the sake of `changed`.
@dataclass(frozen=True)
class Facts:
    """All that `decide` knows of one collection.

    `runs` are the latest runs of steps that were done or ignored, `snoozed` says until when open to-dos are out
    of sight. `obstacles` say by channel why automatic messages cannot be sent now, and `blocked_senders` by the
    sender's address in small letters (None: the default one) why no email goes out from it; `handed_over` names
    the automatic steps whose to-do stands open because of one (rule 4.4), `released_at` is when a person last
    ended a hold. `customer_contact_on` is set where the minimum contact delay is kept for the whole customer
    (rule 2.14). `shelf` is what was done under other cadences, by name; the ledger keeps that in rows of its own.
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
    blocked_senders: Mapping[str | None, str] = field(default_factory=dict)
    sends_automatically: bool = True
    tolerance: Decimal = Decimal(0)
    cycle: int = 1
    runs: Mapping[str, Run] = field(default_factory=dict)
    snoozed: Mapping[str, date] = field(default_factory=dict)
    customer_contact_on: date | None = None
    hold_days: HoldDays = HoldDays()
    shelf: Mapping[str, History] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is left to collect (rule 3.2)."""
        return self.invoice.outstanding <= self.tolerance

    def status(self, step: Step) -> StepStatus:
        """Return what became of the step so far."""
        return self.statuses.get(step.id, StepStatus.PENDING)

    def obstacle(self, step: Step) -> str | None:
        """Return why the automatic step cannot be sent now, if anything is in its way (rule 4.4)."""
        if not step.is_automatic:
            return None
        obstacle = self.obstacles.get(step.channel)
        if obstacle is None and self.blocked_senders and step.channel is Channel.EMAIL:
            return self.blocked_senders.get(None if step.sender is None else step.sender.lower())
        return obstacle

    def occurrence(self, step: Step) -> int:
        """Return how many times the step will have run once it has run next; 1 unless it repeats (rule 2.13)."""
        run = self.runs.get(step.id)
        return 1 if step.repeat is None or run is None else run.occurrence + 1

    def trigger(self, step: Step) -> date | None:
        """Return the day the step triggers by itself (rules 1.1 and 2.13), or None if its anchor has no date."""
        if step.repeat is not None and step.id in self.runs:
            return self.runs[step.id].on + timedelta(days=step.repeat.every_days)
        return first_trigger(step, self.invoice.due_on, self.invoice.issued_on)

    def runs_at(self, step: Step, day: date) -> datetime:
        """Return the moment of `day`, in UTC, from which the step runs (rules 2.2 and 4.1)."""
        return self.calendar.sends_at(day, self.invoice.id) if step.is_automatic else self.calendar.opens_at(day)

    def is_pre_due(self, trigger: date) -> bool:
        """Say whether a step with this trigger is pre-due for this invoice (rule 1.2)."""
        return self.invoice.due_on is not None and trigger <= self.invoice.due_on

    def is_overdue(self, day: date) -> bool:
        """Say whether the invoice is overdue on `day`: from the day after its due date (rule 1.2)."""
        return self.invoice.due_on is not None and day > self.invoice.due_on


def changed(facts: Facts, **changes: Any) -> Facts:
    """Return the facts with these fields changed: `dataclasses.replace`, six times as fast.

    Forecasts and simulations change facts at every step, and that is what they would spend most of their time on.
    """
    new = object.__new__(Facts)
    new.__dict__.update(facts.__dict__, **changes)
    return new
