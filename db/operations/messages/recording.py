"""Records what came of a message that was handed over, for every invoice that it is about."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from db.operations.change import Change, entry_data, note
from db.operations.customer_delay import settle_beside
from db.operations.messages.handing_back import hand_back
from db.operations.messages.sending import Claim
from db.operations.outbox import owe
from db.operations.outreach import WRITTEN, do_step
from db.operations.settle import Settled, open_todo, settle
from db.queries.collections import OpenCollection, open_collection, open_collections
from db.statement import Statement
from db.tables.actions import Action, Message
from db.tables.customers import Contact
from dunning.agenda import unsettled
from dunning.cadence import Step
from dunning.writing import MESSAGE

# How a to-do ended whose message went out.
SENT = "sent"


@dataclass(frozen=True, slots=True)
class _Part:
    """What a message is to one invoice: an action of one of its collections."""

    action_id: int
    invoice_id: int
    number: str
    collection_id: int
    step_id: str
    occurrence: int


# The locks are taken in ascending order, as everywhere; the primary key and ix_actions_merged_into bound it.
_LOCK_PARTS = Statement("""
SELECT a.id AS action_id, a.invoice_id, i.number, a.collection_id, a.step_id, a.occurrence
  FROM actions a JOIN invoices i ON i.id = a.invoice_id
 WHERE a.id = :action_id OR a.merged_into = :action_id
 ORDER BY i.id
   FOR UPDATE OF i
""")
# All that is true once a message was accepted, in one statement; nothing if another attempt has recorded it. Of a
# to-do it was the person who approved its message that ended it. A reassignment that came while the message was on
# its way has its own row, and the delay counts for it too.
_RECORD_SENT = Statement("""
WITH sent AS (
  UPDATE messages
     SET state = 'sent', sent_at = CAST(:at AS timestamptz), response = :response, provider_id = :provider_id,
         last_error = NULL
   WHERE action_id = :action_id AND state <> 'sent'
  RETURNING id),
part AS (
  SELECT r.* FROM jsonb_to_recordset(CAST(:parts AS jsonb))
      AS r(action_id bigint, invoice_id bigint, collection_id bigint, step_id text, occurrence int, data jsonb)
   WHERE EXISTS (SELECT FROM sent)),
done AS (
  UPDATE actions a
     SET state = 'done', outcome = CASE WHEN a.approved_by IS NOT NULL THEN :outcome ELSE a.outcome END,
         ended_at = CAST(:at AS timestamptz), ended_on = CAST(:on AS date), ended_by = COALESCE(a.approved_by, :by)
    FROM part WHERE a.id = part.action_id),
run AS (
  INSERT INTO step_statuses (collection_id, step_id, status, on_date, because, occurrence, ran_on)
  SELECT collection_id, step_id, 'done', :on, NULL, occurrence, :on FROM part WHERE step_id IS NOT NULL
      ON CONFLICT (collection_id, step_id) DO UPDATE
     SET status = excluded.status, on_date = excluded.on_date, because = excluded.because,
         occurrence = excluded.occurrence, ran_on = excluded.ran_on),
contact AS (
  UPDATE collections c SET last_contact_on = :on
    FROM (SELECT DISTINCT invoice_id FROM part) p
   WHERE c.invoice_id = p.invoice_id
     AND (c.id IN (SELECT collection_id FROM part) OR c.state IN ('active', 'exhausted'))),
noted AS (
  INSERT INTO timeline (invoice_id, collection_id, at, on_date, kind, actor, data)
  SELECT invoice_id, collection_id, :at, :on, 'message sent', :by, data FROM part)
SELECT id FROM sent
""")


def record_sent(
    session: Session,
    claim: Claim,
    response: str,
    change: Change,
    provider_id: str | None = None,
    *,
    plans: bool = True,
) -> Settled | None:
    """Record that the message was accepted: the step is done, the contact counts, what follows is projected.

    It holds although an invoice may have been paid in between: what was sent was sent. Without `plans` nothing
    is projected, for a collection whose next step cannot be worked out.
    """
    parts = _lock_parts(session, claim)
    written = claim.settled.collection.written if claim.is_beside_steps else None
    as_step = {} if written is None else {"step": written.as_step}
    rows = [
        {
            "action_id": part.action_id,
            "invoice_id": part.invoice_id,
            "collection_id": part.collection_id,
            # What is beside the steps ran as none of them; see below for what it was used as.
            "step_id": None if claim.is_beside_steps else part.step_id,
            "occurrence": part.occurrence,
            "data": entry_data(change, _told(part, parts, channel=claim.step.channel.value, **as_step)),
        }
        for part in parts
    ]
    values = {"action_id": claim.action_id, "response": response, "provider_id": provider_id, "outcome": SENT}
    values |= {"at": change.at, "on": change.on, "by": change.by, "parts": json.dumps(rows)}
    if _RECORD_SENT.scalar(session, **values) is None:
        # Another attempt, of two that did not know of each other, has recorded all of it.
        return settle(session, claim.settled.collection.invoice_id, change) if plans else None
    if written is not None and written.as_step is not None:
        _use_as_step(session, claim, written.as_step, change)
    if not plans:
        return None
    for part in _others(parts, claim):
        _plan_beside(session, part, change)
    return settle(session, claim.settled.collection.invoice_id, change)


def _use_as_step(session: Session, claim: Claim, step_id: str, change: Change) -> None:
    """Let the step be done by the message that was sent, if it still is to come (rule 4.8)."""
    collection = open_collection(session, claim.settled.collection.invoice_id)
    if collection is None or collection.id != claim.settled.collection.id:
        return
    if any(step.id == step_id for step in unsettled(collection.facts)):
        writer = session.scalars(select(Action.ended_by).where(Action.id == claim.action_id)).one()
        do_step(session, collection, step_id, claim.step.channel, replace(change, by=writer or change.by), WRITTEN)


def record_deferred(session: Session, action_id: int, error: str, attempt: int | None = None) -> None:
    """Record that the message was certainly not accepted and will be tried again.

    One that was given to a person meanwhile, because its attempt took too long, stays with them; and one that
    another attempt has by now, if `attempt` is said, is that one's to tell of.
    """
    of_attempt = true() if attempt is None else Message.attempts == attempt
    session.execute(
        update(Message)
        .where(Message.action_id == action_id, Message.state == "sending", of_attempt)
        .values(state="deferred", last_error=error)
    )


def record_unreachable(
    session: Session, claim: Claim, recipients: tuple[str, ...], error: str, change: Change
) -> Settled | None:
    """Record that every recipient was refused for good: the step becomes a to-do until an address is mended."""
    collection = claim.settled.collection
    parts = _fail_message(session, claim, error, change)
    session.execute(
        update(Contact)
        .where(Contact.customer_id == collection.customer_id, Contact.email.in_(recipients))
        .values(unreachable_because=error)
    )
    for part in _others(parts, claim):
        _plan_beside(session, part, change)
    if claim.settled.is_approved:
        # It was a person's already, and is theirs again.
        _ask(session, collection, claim.step, claim.occurrence, error, change)
    return settle(session, collection.invoice_id, change)


def hand_over(session: Session, claim: Claim, obstacle: str, change: Change) -> Settled | None:
    """Record that this very message cannot be sent, and ask a person to do the step instead (rule 4.4)."""
    own = claim.settled.collection
    others = _others(_fail_message(session, claim, obstacle, change), claim)
    is_open = {other.id: other for other in open_collections(session, [part.invoice_id for part in others])}
    asked = [(is_open[part.collection_id], part.occurrence) for part in others if part.collection_id in is_open]
    for collection, occurrence in chain([(own, claim.occurrence)], asked):
        _ask(session, collection, claim.step, occurrence, obstacle, change)
    for part in others:
        _plan_beside(session, part, change)
    return settle(session, own.invoice_id, change)


def _ask(
    session: Session, collection: OpenCollection, step: Step, occurrence: int, obstacle: str, change: Change
) -> None:
    """Ask a person to do the step, because its message cannot be sent; it is theirs again if they wrote it."""
    if step.id == MESSAGE:
        hand_back(session, collection.invoice_id, collection.id, occurrence, obstacle, change)
        return
    open_todo(session, collection, step, change.on, obstacle, mends=False, change=change, occurrence=occurrence)


def _lock_parts(session: Session, claim: Claim) -> Sequence[_Part]:
    return [_Part(*row) for row in _LOCK_PARTS.all(session, action_id=claim.action_id)]


def _others(parts: Sequence[_Part], claim: Claim) -> Sequence[_Part]:
    return [part for part in parts if part.action_id != claim.action_id]


def _fail_message(session: Session, claim: Claim, error: str, change: Change) -> Sequence[_Part]:
    parts = _lock_parts(session, claim)
    failed = {"state": "failed", "last_error": error, "unanswered": claim.unanswered}
    session.execute(update(Message).where(Message.action_id == claim.action_id).values(failed))
    of_message = Action.id.in_(part.action_id for part in parts)
    session.execute(update(Action).where(of_message).values(state="canceled", merged_into=None))
    _note(session, change, "message refused", parts, because=error)
    return parts


def _note(session: Session, change: Change, kind: str, parts: Sequence[_Part], **data: str | None) -> None:
    for part in parts:
        note(session, change, kind, part.invoice_id, part.collection_id, **_told(part, parts, **data))


def _told(part: _Part, parts: Sequence[_Part], **data: str | None) -> dict[str, Any]:
    """Return what the timeline of one of the invoices says of the message."""
    together_with = [other.number for other in parts if other.number != part.number] or None
    step = None if part.step_id == MESSAGE else part.step_id
    return {"step": step, "action": part.action_id, "together_with": together_with, **data}


def _plan_beside(session: Session, part: _Part, change: Change) -> None:
    """Settle an invoice that the message was about too, and tell its process if that may be waiting for it."""
    settled = settle_beside(session, part.invoice_id, change)
    if settled is None:
        return
    sends_at = settled.collection.facts.calendar.sends_at(change.on, part.invoice_id)
    # Most are not awake yet: at their own moment of today they find the step done, and plan anew.
    if sends_at <= change.at:
        owe(session, part.invoice_id, "invoice_changed", {"by": change.by})
