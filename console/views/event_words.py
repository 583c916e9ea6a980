"""What happened from outside, in words."""

from typing import assert_never

from console.views.amounts import money
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
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)


def event_words(event: Event, currency: str) -> str:
    """Return the event in a few words, such as `paused until Mon 2026-06-22`; amounts are in the currency."""
    match event:
        case Completed(step_id=step_id):
            return f"step {step_id} done"
        case Ignored(step_id=step_id):
            return f"step {step_id} ignored"
        case Snoozed(step_id=step_id, until=until):
            return f"step {step_id} put off until {until:%a %Y-%m-%d}"
        case Contacted(channel=channel, as_step=as_step):
            return f"contact by {channel}" + (f" as step {as_step}" if as_step else "")
        case Bounced(step_id=step_id):
            return "message" + (f" of step {step_id}" if step_id else "") + " came back"
        case Paid(amount=amount):
            return f"{money(amount, currency)} paid"
        case Reversed(amount=amount):
            return f"{money(amount, currency)} reversed"
        case PaymentAnnounced(until=until):
            return f"payment expected before {until:%a %Y-%m-%d}"
        case DueDateChanged(due_on=due_on):
            return f"due date moved to {due_on:%a %Y-%m-%d}"
        case StateChanged(state=state):
            return f"invoice {state.replace('_', ' ')}"
        case VisibilityChanged(is_hidden=is_hidden):
            return "hidden from the customer" if is_hidden else "shown to the customer again"
        case Reassigned(cadence=cadence):
            return "put under no cadence" if cadence is None else f"put under cadence {cadence.name}"
        case CadenceEdited(cadence=cadence):
            return f"new version of cadence {cadence.name}"
        case Restarted():
            return "cadence restarted"
        case Paused() | Resumed() | Promised() | Disputed() | DisputeResolved():
            return _words_of_hold(event)
        case _:
            assert_never(event)


def _words_of_hold(event: Paused | Resumed | Promised | Disputed | DisputeResolved) -> str:
    match event:
        case Paused(until=until, of_customer=of_customer):
            whose = "customer paused" if of_customer else "paused"
            return whose if until is None else f"{whose} until {until:%a %Y-%m-%d}"
        case Resumed():
            return "resumed"
        case Promised(promised_for=promised_for):
            return f"payment promised for {promised_for:%a %Y-%m-%d}"
        case Disputed():
            return "disputed"
        case DisputeResolved(then=then):
            return f"dispute resolved: {then}"
        case _:
            assert_never(event)
