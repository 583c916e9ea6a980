"""Writes the action of a step that is claimed."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.operations.messages.message_parts import bounced_step
from db.operations.settle import Settled
from db.operations.steps import set_step
from db.queries.people import owner_of
from db.statement import Statement
from dunning.decision import Send
from dunning.facts import StepStatus


@dataclass(frozen=True, slots=True)
class ClaimedAction:
    """The action of a step that is claimed, new or left by an attempt or by a to-do.

    `has_message` says that an earlier attempt left a message, `returned` how often the step's message came back
    (rule 2.16), `has_others` that other actions of the invoice are claimed too, and `has_limits` that there are
    senders that may send so much only (rule 8.4).
    """

    id: int
    has_message: bool
    returned: int
    has_others: bool
    has_limits: bool


# By the key of actions and uq_messages_action_id; the collections of an invoice are few, as are
# the senders.
_CLAIM = Statement("""
INSERT INTO actions (collection_id, invoice_id, customer_id, cadence_id, step_id, occurrence, channel, execution,
                     owner, due_on, state, merged_into)
VALUES (:collection_id, :invoice_id, :customer_id, :cadence_id, :step_id, :occurrence, :channel, :execution,
        :owner, :due_on, 'sending', CAST(:merged_into AS bigint))
    ON CONFLICT (collection_id, step_id, occurrence) DO UPDATE
   SET state = 'sending', obstacle = NULL, mends = false, merged_into = excluded.merged_into,
       ended_at = NULL, ended_on = NULL, ended_by = NULL
RETURNING id,
       EXISTS (SELECT FROM messages m WHERE m.action_id = actions.id) AS has_message,
       (SELECT COALESCE(max(b.occurrence), 0) FROM actions b
         WHERE b.collection_id = actions.collection_id AND b.step_id = :bounced) AS returned,
       EXISTS (SELECT FROM collections c JOIN actions x ON x.collection_id = c.id
                WHERE c.invoice_id = :invoice_id AND x.state = 'sending' AND x.id <> actions.id) AS has_others,
       EXISTS (SELECT FROM senders s WHERE s.minute_max IS NOT NULL OR s.day_max IS NOT NULL) AS has_limits
""")


def claim_action(session: Session, settled: Settled, merged_into: int | None = None) -> ClaimedAction:
    """Claim the step that is to be sent and return its action.

    `merged_into` is the action whose message is about this one's invoice too (rule 2.15).
    """
    collection, decision = settled.collection, settled.decision
    assert isinstance(decision, Send)
    step = decision.step
    values = {
        "collection_id": collection.id,
        "customer_id": collection.customer_id,
        "cadence_id": collection.cadence_id,
        "step_id": step.id,
        "occurrence": decision.occurrence,
        "channel": step.channel.value,
        "execution": step.execution.value,
        "owner": owner_of(session, step, collection.todo_owner),
        "due_on": decision.due_on,
        "merged_into": merged_into,
        "bounced": bounced_step(step.id),
        "invoice_id": collection.invoice_id,
    }
    if collection.facts.status(step) is StepStatus.OPEN and not settled.is_approved:
        # Its obstacle is gone and nobody is asked any more: an attempt that fails must be followed by another one.
        set_step(session, collection.id, step.id, StepStatus.PENDING, decision.due_on)
    (row,) = _CLAIM.all(session, **values)
    return ClaimedAction(*row)
