"""Decides by what the ledger knows beyond one invoice's facts.

That a person approved the message of a to-do or wrote one beside the steps, and that its customer is being
written to right now.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from db.queries.collections import OpenCollection
from dunning.decide import decide
from dunning.decision import Because, Close, Decision, OpenTodo, Reason, Send, Wait
from dunning.writing import message_step, what_stops_message

# What another process is handing over is known in seconds, or tried again within ten minutes.
LOOKS_AGAIN_AFTER = timedelta(minutes=10)


def decided(collection: OpenCollection, now: datetime) -> Decision:
    """Decide for the collection; a message to its customer that is on its way counts as a contact of today.

    It may come to nothing yet, so that a collection whose step is due looks again soon (rule 2.14).
    """
    by_itself = decide(collection.facts, now)
    message = _message(collection, by_itself, now)
    if message is not None:
        return message
    alone = _with_approval(collection, by_itself, now)
    if not collection.customer_is_being_contacted or not isinstance(alone, Send | OpenTodo):
        return alone
    today = collection.facts.calendar.local_date(now)
    beside = decide(replace(collection.facts, customer_contact_on=today), now)
    return soon_again(beside, now) if isinstance(beside, Wait) else beside


def _with_approval(collection: OpenCollection, decision: Decision, now: datetime) -> Decision:
    """Send what a person approved in place of waiting for them, unless something is in its way.

    A hold that came in between, or an invoice that was hidden (docs/decisions/0014).
    """
    if not isinstance(decision, Wait) or decision.step is None or decision.step.id not in collection.approved:
        return decision
    waits_for = {reason.because for reason in decision.because}
    if waits_for != {Because.TODO_OPEN} or collection.facts.invoice.is_hidden:
        return decision
    because = (Reason(Because.APPROVED),)
    occurrence = collection.approved[decision.step.id]
    due_on = decision.due_on or collection.facts.calendar.local_date(now)
    return Send(decision.step, due_on, because, decision.expired, occurrence)


def _message(collection: OpenCollection, decision: Decision, now: datetime) -> Send | None:
    """Return the sending of what a person wrote beside the steps, if that is to go out and may (rule 4.8).

    It comes before any step: as a contact it moves what is due to after the minimum contact delay.
    """
    written, facts = collection.written, collection.facts
    if written is None or isinstance(decision, Close):
        return None
    today = facts.calendar.local_date(now)
    if what_stops_message(facts, written.as_step, today) is not None:
        return None
    return Send(
        message_step(facts, written.as_step), today, (Reason(Because.APPROVED),), occurrence=written.occurrence
    )


def soon_again(wait: Wait, now: datetime, detail: str | None = None) -> Wait:
    """Return the wait cut short, because what it waits for is decided elsewhere at any moment."""
    look_at = now + LOOKS_AGAIN_AFTER
    until = look_at if wait.until is None else min(wait.until, look_at)
    return replace(wait, until=until, because=(*wait.because, Reason(Because.ON_ITS_WAY, detail=detail)))
