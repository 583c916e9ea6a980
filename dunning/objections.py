"""Why an event cannot happen to a collection: one sentence for a person, or None if it can."""

from datetime import timedelta
from typing import assert_never

from dunning.agenda import unsettled
from dunning.events import (
    Bounced,
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
)
from dunning.facts import Facts, HoldKind, InvoiceState, StepStatus
from dunning.holds import is_held, standing

NOTHING_TO_COLLECT = "it has nothing to collect"
# What comes back later than this was a contact as far as anybody knew, and others were planned by it (rule 2.16).
BOUNCE_UNCOUNTS_FOR = timedelta(hours=24)


def objection(facts: Facts, event: Event) -> str | None:
    """Return why the event is refused, as the rest of a sentence about the invoice; None if it is not."""
    match event:
        case Completed(step_id=step_id) | Ignored(step_id=step_id):
            return None if _is_open(facts, step_id) else f"it has no open to-do of step {step_id}"
        case Snoozed() | Contacted() | DueDateChanged():
            return _objection_to_a_change(facts, event)
        case Bounced(step_id=step_id, sent_at=sent_at):
            if event.at - sent_at > BOUNCE_UNCOUNTS_FOR:
                return "it came back after more than 24 hours, and counts as a contact"
            is_done = step_id is None or facts.statuses.get(step_id) is StepStatus.DONE
            return None if is_done else f"step {step_id} is not done"
        case Paused() | Resumed() | Disputed() | DisputeResolved() | Promised() | PaymentAnnounced():
            return _objection_to_a_hold(facts, event)
        case Paid() | Reversed():
            return _objection_to_money(facts, event)
        case Reassigned():
            return NOTHING_TO_COLLECT if _has_nothing_to_collect(facts) else None
        case Restarted():
            return NOTHING_TO_COLLECT if _has_nothing_to_collect(facts) else _without_cadence(facts)
        case _:
            return None


def _has_nothing_to_collect(facts: Facts) -> bool:
    return facts.is_settled or facts.invoice.state in (InvoiceState.VOID, InvoiceState.WRITTEN_OFF)


def _without_cadence(facts: Facts) -> str | None:
    return "it is under no cadence" if facts.cadence is None else None


def _is_open(facts: Facts, step_id: str) -> bool:
    return facts.statuses.get(step_id) is StepStatus.OPEN


def _objection_to_a_change(facts: Facts, event: Snoozed | Contacted | DueDateChanged) -> str | None:
    today = facts.calendar.local_date(event.at)
    match event:
        case Snoozed(step_id=step_id, until=until):
            if not _is_open(facts, step_id):
                return f"it has no open to-do of step {step_id}"
            return None if until > today else f"a to-do is put off until a day after today ({today}), not {until}"
        case Contacted(as_step=as_step):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            if as_step is None:
                return None
            is_to_come = any(step.id == as_step for step in unsettled(facts))
            return None if is_to_come else f"step {as_step} is not to come"
        case DueDateChanged(due_on=due_on):
            if due_on < facts.invoice.issued_on:
                return f"it was issued on {facts.invoice.issued_on}, and cannot be due on {due_on} before that"
            return f"it is due on {due_on} already" if due_on == facts.invoice.due_on else None
        case _:
            assert_never(event)


def _objection_to_a_hold(
    facts: Facts, event: Paused | Resumed | Disputed | DisputeResolved | Promised | PaymentAnnounced
) -> str | None:
    today = facts.calendar.local_date(event.at)
    match event:
        case Paused(until=until, of_customer=of_customer):
            if until is not None and until <= today:
                return f"a pause ends after today ({today}), not on {until}"
            if not is_held(facts, HoldKind.PAUSE, today, of_customer):
                return None
            hold = standing(facts.holds, HoldKind.PAUSE, of_customer)
            ends = f"until {hold.until}" if hold is not None and hold.until else "until it is resumed"
            return f"it is paused already, {ends}; resume it first"
        case Resumed(of_customer=of_customer):
            return None if is_held(facts, HoldKind.PAUSE, today, of_customer) else "it is not paused"
        case Disputed():
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            return "it is disputed already" if is_held(facts, HoldKind.DISPUTE, today) else None
        case DisputeResolved():
            return None if is_held(facts, HoldKind.DISPUTE, today) else "it is not disputed"
        case Promised(promised_for=promised_for):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            return (
                None if promised_for >= today else f"a promise is for today ({today}) or later, not {promised_for}"
            )
        case PaymentAnnounced(until=until):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            return None if until > today else f"a payment is waited for until after today ({today}), not {until}"
        case _:
            assert_never(event)


def _objection_to_money(facts: Facts, event: Paid | Reversed) -> str | None:
    invoice = facts.invoice
    if isinstance(event, Paid) and invoice.state is not InvoiceState.OPEN:
        return f"it is {invoice.state.replace('_', ' ')}; a payment needs an open invoice"
    if not event.amount.is_finite() or event.amount <= 0:
        return f"an amount is more than 0, not {event.amount}"
    if isinstance(event, Paid):
        is_too_much, limit = event.amount > invoice.outstanding, f"the {invoice.outstanding} outstanding"
    else:
        is_too_much, limit = event.amount > invoice.settled, f"the {invoice.settled} that was paid"
    return f"{event.amount} is more than {limit}" if is_too_much else None
