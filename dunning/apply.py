"""The facts after something happened: an event from outside, or a decision that was carried out.

The same functions serve the simulation, the forecast and the tests; the ledger writes the same changes as rows.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import assert_never

from dunning.cadence import Channel, Step
from dunning.cycles import begins_cycle, moved_to, new_cycle, without_todos
from dunning.decision import Close, Decision, Exhaust, Expired, OpenTodo, Send, Wait
from dunning.edition import edited
from dunning.events import (
    Bounced,
    CadenceEdited,
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
    Resolution,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import Facts, Hold, HoldKind, InvoiceState, Run, StepStatus, changed
from dunning.holds import (
    partial_payment_held_until,
    promise_held_until,
    reversal_held_until,
    with_hold,
    without,
)
from dunning.objections import objection


def apply(facts: Facts, event: Event) -> Facts:
    """Return the facts after the event. An event that `objections.objection` objects to must not come here."""
    refused = objection(facts, event)
    assert refused is None, refused
    today = facts.calendar.local_date(event.at)
    match event:
        case Completed(step_id=step_id):
            assert facts.cadence is not None
            step = facts.cadence.step(step_id)
            assert step is not None
            return step_done(facts, step, today)
        case Ignored(step_id=step_id):
            return _settled(facts, step_id, StepStatus.IGNORED, today, facts.last_contact_on)
        case Snoozed(step_id=step_id, until=until):
            return replace(facts, snoozed={**facts.snoozed, step_id: until})
        case Contacted(as_step=as_step):
            if as_step is not None:
                return _settled(facts, as_step, StepStatus.DONE, today, today)
            return replace(facts, last_contact_on=today)
        case Bounced():
            return _came_back(facts, event)
        case Reassigned(cadence=cadence):
            is_same = cadence is not None and facts.cadence is not None and cadence.name == facts.cadence.name
            return facts if is_same else moved_to(facts, cadence, today)
        case Restarted():
            return new_cycle(facts, today)
        case CadenceEdited(cadence=cadence):
            return edited(facts, cadence)
        case VisibilityChanged(is_hidden=is_hidden):
            return replace(facts, invoice=replace(facts.invoice, is_hidden=is_hidden))
        case StateChanged(state=state):
            facts = replace(facts, invoice=replace(facts.invoice, state=state))
            return facts if state in (InvoiceState.OPEN, InvoiceState.DRAFT) else without_todos(facts)
        case DueDateChanged(due_on=due_on):
            begins = begins_cycle(facts, due_on, today)
            facts = replace(facts, invoice=replace(facts.invoice, due_on=due_on))
            return new_cycle(facts, today) if begins else facts
        case Paid() | Reversed():
            return _after_money(facts, event, today)
        case _:
            return _after_hold(facts, event, today)


def _came_back(facts: Facts, event: Bounced) -> Facts:
    """Return the facts as if the message had not been sent; its step is a to-do that may mend (rule 2.16)."""
    facts = replace(facts, last_contact_on=event.contacted_on)
    if event.obstacle is not None:
        facts = replace(facts, obstacles={**facts.obstacles, Channel.EMAIL: event.obstacle})
    step_id = event.step_id
    if step_id is None:
        return facts
    runs = {other: run for other, run in facts.runs.items() if other != step_id}
    if event.ran_on is not None:
        runs[step_id] = Run(facts.runs[step_id].occurrence - 1, event.ran_on)
    statuses = {other: status for other, status in facts.statuses.items() if other != step_id}
    facts = replace(facts, statuses=statuses, runs=runs)
    step = None if facts.cadence is None else facts.cadence.step(step_id)
    has_ended = facts.is_settled or facts.invoice.state in (InvoiceState.VOID, InvoiceState.WRITTEN_OFF)
    if step is None or has_ended:
        # Removed from the cadence, or nothing to collect: nobody is asked, and it is as if it had never run.
        return facts
    mends = not event.asks and step.is_automatic
    return replace(
        facts,
        statuses=_with(facts, step_id, StepStatus.OPEN),
        handed_over=facts.handed_over | {step_id} if mends else facts.handed_over,
    )


def _after_money(facts: Facts, event: Paid | Reversed, today: date) -> Facts:
    was_settled = facts.is_settled
    amount = event.amount if isinstance(event, Paid) else -event.amount
    invoice = facts.invoice
    invoice = replace(invoice, outstanding=invoice.outstanding - amount, settled=invoice.settled + amount)
    facts = replace(facts, invoice=invoice)
    if isinstance(event, Paid):
        # What was on its way has arrived (rule 3.10).
        facts = replace(facts, holds=without(facts.holds, HoldKind.PAYMENT_IN_FLIGHT))
    if facts.is_settled:
        return without_todos(facts)
    if isinstance(event, Paid):
        until = partial_payment_held_until(today, facts.hold_days)
        return replace(facts, holds=with_hold(facts.holds, Hold(HoldKind.PARTIAL_PAYMENT, until)))
    if was_settled and facts.cadence is not None:
        until = reversal_held_until(today, facts.hold_days)
        return replace(facts, holds=with_hold(facts.holds, Hold(HoldKind.REVERSAL, until)))
    return facts


def _after_hold(
    facts: Facts,
    event: Paused | Resumed | Disputed | DisputeResolved | Promised | PaymentAnnounced,
    today: date,
) -> Facts:
    match event:
        case Paused(until=until, of_customer=of_customer):
            hold = Hold(HoldKind.PAUSE, until, of_customer)
        case Disputed():
            hold = Hold(HoldKind.DISPUTE)
        case Promised(promised_for=promised_for):
            hold = Hold(HoldKind.PROMISE, promise_held_until(promised_for, facts.hold_days))
        case PaymentAnnounced(until=until):
            hold = Hold(HoldKind.PAYMENT_IN_FLIGHT, until)
        case Resumed(of_customer=of_customer):
            return replace(facts, holds=without(facts.holds, HoldKind.PAUSE, of_customer), released_at=event.at)
        case DisputeResolved(then=then):
            facts = replace(facts, holds=without(facts.holds, HoldKind.DISPUTE), released_at=event.at)
            if then is Resolution.RESTART and facts.cadence is not None:
                return new_cycle(facts, today)
            return moved_to(facts, None, today) if then is Resolution.STOP else facts
        case _:
            assert_never(event)
    return replace(facts, holds=with_hold(facts.holds, hold))


def after(facts: Facts, decision: Decision, on: date) -> Facts:
    """Return the facts once `decision` was carried out on the local day `on`."""
    match decision:
        case Send(step=step, expired=expired):
            return step_done(_expire(facts, expired), step, on)
        case OpenTodo(step=step, obstacle=obstacle, expired=expired):
            facts = _expire(facts, expired)
            handed_over = facts.handed_over | {step.id} if obstacle is not None else facts.handed_over
            return changed(facts, statuses=_with(facts, step.id, StepStatus.OPEN), handed_over=handed_over)
        case Wait(expired=expired) | Exhaust(expired=expired):
            return _expire(facts, expired)
        case Close():
            return facts
        case _:
            assert_never(decision)


def step_done(facts: Facts, step: Step, on: date) -> Facts:
    """Return the facts once `step` was executed on `on`; only a contact counts for the delay (rule 2.8)."""
    last_contact_on = on if step.channel.is_contact else facts.last_contact_on
    return _settled(facts, step.id, StepStatus.DONE, on, last_contact_on)


def _settled(facts: Facts, step_id: str, status: StepStatus, on: date, last_contact_on: date | None) -> Facts:
    before = facts.runs.get(step_id)
    run = Run(1 if before is None else before.occurrence + 1, on)
    return changed(
        facts,
        last_contact_on=last_contact_on,
        statuses=_with(facts, step_id, status),
        runs={**facts.runs, step_id: run},
        handed_over=facts.handed_over - {step_id},
        snoozed={other: until for other, until in facts.snoozed.items() if other != step_id},
    )


def _expire(facts: Facts, expired: tuple[Expired, ...]) -> Facts:
    if not expired:
        return facts
    ended = {one.step.id for one in expired}
    return changed(
        facts,
        statuses={**facts.statuses, **dict.fromkeys(ended, StepStatus.EXPIRED)},
        handed_over=facts.handed_over - ended,
        snoozed={step_id: until for step_id, until in facts.snoozed.items() if step_id not in ended},
    )


def _with(facts: Facts, step_id: str, status: StepStatus) -> Mapping[str, StepStatus]:
    return {**facts.statuses, step_id: status}
