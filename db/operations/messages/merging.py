"""Puts the same step of several invoices of a customer into one message (rule 2.15, docs/decisions/0009).

One action carries the message; the others bear `merged_into` and have no message of their own. The caller holds
the locks of `claim_locks`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, or_, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.operations.actions import claim_action
from db.operations.adoption import adopted
from db.operations.change import Change
from db.operations.deciding import LOOKS_AGAIN_AFTER, decided
from db.operations.settle import Settled, settle_collection
from db.queries.collections import OpenCollection, open_collections
from db.tables.actions import Action, Message
from dunning.decision import Send

# The carrier stands while its process comes back to the message. One whose collection was closed gets no further
# attempt, but the last one may be on its way for some minutes.
_PART = text("""
SELECT a.state, a.merged_into AS carrier_id, m.state AS message_state, m.unanswered, i.number,
       k.state = 'sending' AND k.merged_into IS NULL AND m.state IN ('sending', 'deferred')
         AND (ck.closed_at IS NULL OR ck.closed_at > :closed_since) AS stands,
       EXISTS (SELECT FROM messages own WHERE own.action_id = a.id) AS has_message
  FROM actions a
  JOIN actions k ON k.id = a.merged_into
  JOIN messages m ON m.action_id = k.id
  JOIN collections ck ON ck.id = k.collection_id
  JOIN invoices i ON i.id = ck.invoice_id
 WHERE a.collection_id = :collection_id AND a.step_id = :step_id AND a.occurrence = :occurrence
   AND a.state <> 'done'
""")
# A step that may have been delivered already stays in its own message.
_BUSY = text("""
SELECT a.collection_id FROM actions a JOIN messages m ON m.action_id = COALESCE(a.merged_into, a.id)
 WHERE a.collection_id = ANY(:collection_ids) AND a.state = 'sending'
   AND COALESCE(a.merged_into, a.id) <> :action_id AND (m.state = 'sending' OR m.unanswered > 0)
""")


def carried_with(session: Session, settled: Settled, now: datetime) -> str | None:
    """Return the number of the invoice in whose message this one is, if that message is still being sent.

    If it is given up there and may have been delivered, this invoice carries it from now on, to the byte.
    """
    decision = settled.decision
    assert isinstance(decision, Send)
    parameters = {"collection_id": settled.collection.id, "step_id": decision.step.id}
    parameters |= {"occurrence": decision.occurrence, "closed_since": now - LOOKS_AGAIN_AFTER}
    part = session.execute(_PART, parameters).one_or_none()
    if part is None:
        return None
    if part.stands:
        return str(part.number)
    is_uncertain = part.unanswered > 0 or part.message_state == "sending"
    if part.state == "sending" and is_uncertain and not part.has_message:
        _take_over(session, claim_action(session, settled).id, part)
    return None


def _take_over(session: Session, action_id: int, part: Row[Any]) -> None:
    session.execute(
        update(Message)
        .where(Message.action_id == part.carrier_id)
        .values(
            action_id=action_id,
            state="deferred",
            unanswered=Message.unanswered + case((Message.state == "sending", 1), else_=0),
        )
    )
    of_message = or_(Action.merged_into == part.carrier_id, Action.id == part.carrier_id)
    session.execute(update(Action).where(of_message, Action.id != action_id).values(merged_into=action_id))
    # What the message says of the invoice that carried it will have been said, although nothing is due there.
    session.execute(
        update(Action).where(Action.id == part.carrier_id, Action.state == "sending").values(state="canceled")
    )


def take_along(
    session: Session, settled: Settled, action_id: int, invoice_ids: Sequence[int], change: Change
) -> tuple[int, ...]:
    """Claim the same step of those invoices that would send it today too, and return them, ascending.

    Members that an earlier attempt had and that are not due any more are left out of the message.
    """
    taken: dict[int, int] = {}
    if settled.collection.merges_same_day:
        others = open_collections(session, invoice_ids)
        ids = [other.id for other in others]
        busy = set(session.scalars(_BUSY, {"collection_ids": ids, "action_id": action_id}))
        for other in others:
            joining = None if other.id in busy else _joining(session, settled, other, change)
            if joining is not None:
                taken[other.invoice_id] = claim_action(session, joining, merged_into=action_id).id
    leave_out(session, action_id, but=tuple(taken.values()))
    _forget_own_messages(session, tuple(taken.values()))
    return tuple(taken)


def _joining(session: Session, settled: Settled, other: OpenCollection, change: Change) -> Settled | None:
    """Settle the other collection as of its own moment of today, if it sends the very same step then."""
    decision, own = settled.decision, settled.collection
    assert isinstance(decision, Send)
    if (
        other.is_parked
        or other.cadence_id != own.cadence_id
        or other.published_version_id != own.published_version_id
    ):
        return None
    sends_at = other.facts.calendar.sends_at(change.on, other.invoice_id)
    then = replace(change, at=max(change.at, sends_at))
    try:
        would = decided(adopted(session, other), then.at)
    except DBAPIError:
        raise
    except Exception:
        # Its own process meets the same, and parks it with the reason (rule 4.5).
        return None
    if not isinstance(would, Send) or would.step.id != decision.step.id or would.step.id in other.approved:
        return None
    joining = settle_collection(session, other, then)
    assert isinstance(joining.decision, Send), "the same facts at the same moment give the same decision"
    return joining


def leave_out(session: Session, action_id: int, but: Sequence[int] = ()) -> None:
    """Let the action's message be about its own invoice, and those of the actions `but`, alone."""
    members = Action.merged_into == action_id, Action.id.not_in(but), Action.state != "done"
    session.execute(update(Action).where(*members).values(state="canceled", merged_into=None))


def _forget_own_messages(session: Session, action_ids: Sequence[int]) -> None:
    """Withdraw messages that certainly were not delivered and are now part of another one."""
    if action_ids:
        deferred = Message.action_id.in_(action_ids), Message.state == "deferred"
        session.execute(update(Message).where(*deferred).values(state="withdrawn"))
