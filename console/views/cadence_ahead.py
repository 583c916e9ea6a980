"""What a cadence would lead to, before it is published: for usual payment terms, and for a real invoice."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from db.engine import Session
from db.operations.adoption import adopted
from db.queries.collections import case_of
from db.queries.settings import organization_facts
from dunning.cadence import Cadence, Step
from dunning.calendar import Calendar
from dunning.cycles import moved_to
from dunning.decision import Because, Expiry
from dunning.edition import edited
from dunning.facts import Facts, Invoice, StepStatus
from dunning.forecast import Ahead, forecast

TERMS_DAYS = (15, 30, 45, 60)
_LOOKS_AHEAD = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a step: the day it runs on, or why it does not.

    `because` is what set the day last, None where it is the step's own; `again` is how many times it repeats.
    `status` is what became of it already.
    """

    step: Step
    on: date | None = None
    is_sent: bool = False
    because: Because | None = None
    again: int = 0
    expiry: Expiry | None = None
    status: StepStatus = StepStatus.PENDING


@dataclass(frozen=True, slots=True)
class TermAhead:
    """The steps of a cadence for an invoice that is issued today with a payment term; empty: cannot be planned."""

    term_days: int
    due_on: date
    planned: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class InvoiceUnder:
    """What an invoice would have ahead of it under a cadence.

    `is_moved` says that it is under another one now, or none. `held` is why nothing goes out for the time being,
    and `problem` why nothing could be planned.
    """

    number: str
    issued_on: date
    due_on: date | None
    is_moved: bool
    planned: tuple[Planned, ...] = ()
    held: tuple[Because, ...] = ()
    problem: str | None = None


def with_terms(session: Session, cadence: Cadence, now: datetime) -> tuple[TermAhead, ...]:
    """Return what happens to an invoice that is issued today, by payment term, if every to-do is done at once."""
    settings = organization_facts(session)
    return tuple(_with_term(cadence, settings.calendar, now, term) for term in TERMS_DAYS)


def _with_term(cadence: Cadence, calendar: Calendar, now: datetime, term_days: int) -> TermAhead:
    today = calendar.local_date(now)
    due_on = today + timedelta(days=term_days)
    invoice = Invoice(0, "", today, due_on, Decimal(1), "EUR")
    facts = Facts(invoice, cadence, calendar, entered_on=today)
    until = due_on + timedelta(days=max(0, *(step.offset_days for step in cadence.steps))) + _LOOKS_AHEAD
    try:
        ahead = forecast(facts, calendar.start_of(today), until, todo_days=0)
    except ValueError:
        return TermAhead(term_days, due_on, ())
    return TermAhead(term_days, due_on, planned_steps(facts, cadence, ahead))


def invoice_under(session: Session, invoice_id: int, cadence: Cadence, now: datetime) -> InvoiceUnder:
    """Return what the invoice would have ahead if the cadence were published, and the invoice put under it."""
    case = case_of(session, invoice_id)
    facts, name = case.facts, None
    if case.collection is not None and case.is_open:
        facts = adopted(session, case.collection).facts
        name = None if facts.cadence is None else facts.cadence.name
    is_moved = name != cadence.name
    today = facts.calendar.local_date(now)
    under = moved_to(facts, cadence, today) if is_moved else edited(facts, cadence)
    invoice = facts.invoice
    about = invoice.number, invoice.issued_on, invoice.due_on, is_moved
    try:
        ahead = forecast(under, now, today + _LOOKS_AHEAD, todo_days=0)
    except ValueError as error:
        return InvoiceUnder(*about, problem=str(error))
    held = tuple(dict.fromkeys(reason.because for reason in getattr(ahead.rests, "because", ())))
    return InvoiceUnder(*about, planned_steps(under, cadence, ahead), () if ahead.actions else held)


def planned_steps(facts: Facts, cadence: Cadence, ahead: Ahead) -> tuple[Planned, ...]:
    """Return what becomes of each step of the cadence, in its order."""
    expired = {one.step.id: one.reason for action in ahead.actions for one in action.expired}
    expired |= {one.step.id: one.reason for one in ahead.expired}
    planned = []
    for step in cadence.steps:
        runs = [action for action in ahead.actions if action.step.id == step.id]
        status = facts.status(step)
        if not runs:
            planned.append(Planned(step, expiry=expired.get(step.id), status=status))
            continue
        first = runs[0]
        last = first.because[-1].because if first.because else None
        because = None if last is Because.TRIGGER else last
        planned.append(Planned(step, first.on, first.is_sent, because, len(runs) - 1, status=status))
    return tuple(planned)
