"""Why an event cannot happen to a collection: one sentence for a person, or None if it can."""

from datetime import date, timedelta
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
from phrase import Phrase, phrase

NOTHING_TO_COLLECT = Phrase("it has nothing to collect")
# What comes back later than this was a contact as far as anybody knew, and others were planned by it (rule 2.16).
BOUNCE_UNCOUNTS_FOR = timedelta(hours=24)


def objection(facts: Facts, event: Event) -> Phrase | None:
    """Return why the event is refused, as the rest of a sentence about the invoice; None if it is not."""
    match event:
        case Completed(step_id=step_id) | Ignored(step_id=step_id):
            return (
                None if _is_open(facts, step_id) else Phrase("it has no open to-do of step {step}", step=step_id)
            )
        case Snoozed() | Contacted() | DueDateChanged():
            return _objection_to_a_change(facts, event)
        case Bounced(step_id=step_id, sent_at=sent_at):
            if event.at - sent_at > BOUNCE_UNCOUNTS_FOR:
                return Phrase("it came back after more than 24 hours, and counts as a contact")
            is_done = step_id is None or facts.statuses.get(step_id) is StepStatus.DONE
            return None if is_done else Phrase("step {step} is not done", step=step_id)
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


def _without_cadence(facts: Facts) -> Phrase | None:
    return Phrase("it is under no cadence") if facts.cadence is None else None


def _is_open(facts: Facts, step_id: str) -> bool:
    return facts.statuses.get(step_id) is StepStatus.OPEN


def _objection_to_a_change(facts: Facts, event: Snoozed | Contacted | DueDateChanged) -> Phrase | None:
    today = facts.calendar.local_date(event.at)
    match event:
        case Snoozed(step_id=step_id, until=until):
            if not _is_open(facts, step_id):
                return Phrase("it has no open to-do of step {step}", step=step_id)
            if until > today:
                return None
            return Phrase(
                "a to-do is put off until a day after today ({today}), not {until}", today=today, until=until
            )
        case Contacted(as_step=as_step):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            if as_step is None:
                return None
            is_to_come = any(step.id == as_step for step in unsettled(facts))
            return None if is_to_come else Phrase("step {step} is not to come", step=as_step)
        case DueDateChanged(due_on=due_on):
            if due_on < facts.invoice.issued_on:
                return Phrase(
                    "it was issued on {issued_on}, and cannot be due on {due_on} before that",
                    issued_on=facts.invoice.issued_on,
                    due_on=due_on,
                )
            is_same = due_on == facts.invoice.due_on
            return Phrase("it is due on {due_on} already", due_on=due_on) if is_same else None
        case _:
            assert_never(event)


def _objection_to_a_hold(
    facts: Facts, event: Paused | Resumed | Disputed | DisputeResolved | Promised | PaymentAnnounced
) -> Phrase | None:
    today = facts.calendar.local_date(event.at)
    match event:
        case Paused(until=until, of_customer=of_customer):
            if until is not None and until <= today:
                return Phrase("a pause ends after today ({today}), not on {until}", today=today, until=until)
            if not is_held(facts, HoldKind.PAUSE, today, of_customer):
                return None
            hold = standing(facts.holds, HoldKind.PAUSE, of_customer)
            return _paused_already(None if hold is None else hold.until, of_customer)
        case Resumed(of_customer=of_customer):
            if is_held(facts, HoldKind.PAUSE, today, of_customer):
                return None
            return Phrase("the customer is not paused") if of_customer else Phrase("it is not paused")
        case Disputed():
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            return Phrase("it is disputed already") if is_held(facts, HoldKind.DISPUTE, today) else None
        case DisputeResolved():
            return None if is_held(facts, HoldKind.DISPUTE, today) else Phrase("it is not disputed")
        case Promised(promised_for=promised_for):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            if promised_for >= today:
                return None
            return Phrase(
                "a promise is for today ({today}) or later, not {promised_for}",
                today=today,
                promised_for=promised_for,
            )
        case PaymentAnnounced(until=until):
            if _has_nothing_to_collect(facts):
                return NOTHING_TO_COLLECT
            if until > today:
                return None
            return Phrase(
                "a payment is waited for until after today ({today}), not {until}", today=today, until=until
            )
        case _:
            assert_never(event)


def _objection_to_money(facts: Facts, event: Paid | Reversed) -> Phrase | None:
    invoice = facts.invoice
    if isinstance(event, Paid) and invoice.state is not InvoiceState.OPEN:
        state = phrase(invoice.state.replace("_", " "))
        return Phrase("it is {state}; a payment needs an open invoice", state=state)
    if not event.amount.is_finite() or event.amount <= 0:
        return Phrase("an amount is more than 0, not {amount}", amount=event.amount)
    if isinstance(event, Paid):
        if event.amount <= invoice.outstanding:
            return None
        return Phrase(
            "{amount} is more than the {limit} outstanding", amount=event.amount, limit=invoice.outstanding
        )
    if event.amount <= invoice.settled:
        return None
    return Phrase("{amount} is more than the {limit} that was paid", amount=event.amount, limit=invoice.settled)


def _paused_already(until: date | None, of_customer: bool) -> Phrase:
    ends = Phrase("until it is resumed") if until is None else Phrase("until {day}", day=until)
    if of_customer:
        return Phrase("the customer is paused already, {ends}; resume it first", ends=ends)
    return Phrase("it is paused already, {ends}; resume it first", ends=ends)
