"""Lets a message wait for its sender's next free slot (rule 8.4)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from activities.interface import Plan
from activities.plans import plan_of
from db.engine import Session
from db.operations.change import Change
from db.operations.messages.recording import record_deferred
from db.operations.messages.sending import Claim, StoredMessage, store_message
from db.operations.messages.throttling import take_slot
from db.operations.settle import announce
from dunning.decision import Because, Reason, Wait
from mailer.transport import Deferred
from phrase import Phrase

# A turn that is further away is waited for by the process: no attempt is to outlast the patience for a send.
RETRIED_WITHIN = timedelta(hours=1)


def store_for_turn(
    session: Session, claim: Claim, message: StoredMessage, change: Change
) -> Deferred | Plan | None:
    """Store the message; return None if it is its sender's turn.

    Else what the attempt ends with: a failure that is retried at the message's own slot, or a plan to wait for it.
    """
    facts = claim.settled.collection.facts
    slot = None
    if claim.has_limits:
        slot = take_slot(session, claim.action_id, message.sender, change.at, facts.calendar)
    store_message(session, message, claim.unanswered)
    if slot is None:
        return None
    turn = Phrase("its turn is {moment}", moment=_local(slot, facts.calendar.time_zone))
    record_deferred(
        session,
        message.action_id,
        Phrase("{sender} has reached its limit; {turn}", sender=message.sender, turn=turn),
    )
    if slot - change.at <= RETRIED_WITHIN:
        return Deferred(f"the sender has reached its limit; {turn}", (slot - change.at).total_seconds())
    day = facts.calendar.local_date(slot)
    waiting = Wait(slot, claim.step, day, (Reason(Because.SENDER_LIMIT, detail=turn),))
    return plan_of(announce(session, claim.settled, waiting, change))


def _local(moment: datetime, time_zone: ZoneInfo) -> str:
    return f"{moment.astimezone(time_zone):%a %Y-%m-%d %H:%M:%S}"
