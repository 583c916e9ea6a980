"""What is ahead of an invoice in plain words: why an action is on its day, why a step expires, how it all ends."""

from datetime import date
from typing import assert_never

from dunning.cadence import Channel
from dunning.calendar import ONE_DAY, Calendar
from dunning.decision import Because, Close, Exhaust, Expired, Expiry, Reason, Wait
from dunning.facts import Facts
from dunning.forecast import Ahead, Foretold

_EXPIRIES = {
    Expiry.OVERDUE: "the invoice is overdue",
    Expiry.SUPERSEDED: "the day of a later step has come",
}
_CARRIED = {Channel.EMAIL: "email", Channel.SMS: "SMS", Channel.LETTER: "letter"}


def what_words(action: Foretold, merged_with: str | None) -> str:
    """Return what happens; `merged_with` is the invoice whose message speaks of this one too."""
    if not action.is_sent:
        return f"to-do: {action.step.channel.value}"
    name = _CARRIED.get(action.step.channel, action.step.channel.value)
    return name if merged_with is None else f"{name}, one with that about {merged_with}"


def why_words(facts: Facts, action: Foretold) -> list[str]:
    """Return the reasons for the day of the action, the one that it would be on by itself first."""
    words = [_reason(facts.calendar, reason, action.on) for reason in action.because]
    if not action.is_sent and action.step.is_automatic:
        words.append(f"cannot be sent: {facts.obstacle(action.step)}")
    return words


def expiry_words(expired: Expired) -> str:
    """Return why a step will never run."""
    return _EXPIRIES[expired.reason]


def end_words(facts: Facts, ahead: Ahead, until: date) -> str:
    """Return how it ends, as one sentence."""
    rests = ahead.rests
    match rests:
        case Exhaust():
            since = f"after {ahead.actions[-1].on:%a %Y-%m-%d}" if ahead.actions else "now"
            return f"Exhausted {since}: every step is done or expired, and a person has to say what follows."
        case Close(reason=reason):
            return f"Nothing is ahead: {reason.value}."
        case Wait():
            return _waiting(rests, until)
        case _:
            assert_never(rests)


def end_kind(ahead: Ahead) -> str:
    """Return how it ends, as one word for programs."""
    match ahead.rests:
        case Exhaust():
            return "exhausted"
        case Close(reason=reason):
            return reason.value
        case Wait(until=None, because=because):
            return "todo" if any(reason.because is Because.TODO_OPEN for reason in because) else "held"
        case Wait(because=because):
            return "todo" if any(reason.because is Because.TODO_OPEN for reason in because) else "waiting"


def _waiting(wait: Wait, until: date) -> str:
    step = wait.step
    if any(reason.because is Because.TODO_OPEN for reason in wait.because):
        assert step is not None
        return f"Then it waits for a person: to-do {step.id} ({step.channel.value}) stays open."
    why = "; ".join(str(reason) for reason in wait.because)
    if wait.until is None:
        return f"Held without an end: {why}."
    following = (
        "it looks again" if step is None or wait.due_on is None else f"{step.id} on {wait.due_on:%a %Y-%m-%d}"
    )
    return f"After {until:%a %Y-%m-%d}: {following} ({why})."


def _reason(calendar: Calendar, reason: Reason, on: date) -> str:
    match reason.because:
        case Because.TRIGGER:
            own = "" if reason.day is None or reason.day == on else f" is {reason.day:%a %Y-%m-%d}"
            return f"{reason.detail}{own}"
        case Because.CONTACT_DELAY:
            return f"minimum contact delay: {reason.detail}"
        case Because.BUSINESS_DAY:
            return f"first business day after a {_closed_before(calendar, reason.day or on)}"
        case Because.BEFORE_DUE_DATE:
            return "the last business day before the due date"
        case Because.ENTRY:
            return f"cadence assigned on {reason.day:%a %Y-%m-%d}"
        case _:
            return str(reason)


def _closed_before(calendar: Calendar, day: date) -> str:
    """Return what the days right before the business day are."""
    before = day - ONE_DAY
    while not calendar.is_business_day(before):
        if before.weekday() in calendar.business_days:
            return "holiday"
        before -= ONE_DAY
    return "weekend"
