"""What a message is about: one invoice, or several of a customer (rule 2.15); and how often a step's came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.tables.actions import Action


@dataclass(frozen=True, slots=True)
class MessagePart:
    """What a message is to one invoice: an action of one of its collections."""

    action_id: int
    invoice_id: int
    number: str
    customer_id: int
    collection_id: int
    cadence_id: int
    step_id: str
    occurrence: int
    channel: str
    execution: str
    owner: str | None
    due_on: date
    ended_on: date | None


# In ascending order, as everywhere; the primary key and ix_actions_merged_into bound it.
_LOCK = text("""
SELECT a.id, c.invoice_id, i.number, i.customer_id, a.collection_id, c.cadence_id, a.step_id, a.occurrence,
       a.channel, a.execution, a.owner, a.due_on, a.ended_on
  FROM actions a JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id
 WHERE a.id = :action_id OR a.merged_into = :action_id
 ORDER BY i.id
   FOR UPDATE OF i
""")


def lock_parts(session: Session, action_id: int) -> Sequence[MessagePart]:
    """Lock the invoices that the action's message is about, until the transaction ends; the action's own first."""
    parts = [MessagePart(*row) for row in session.execute(_LOCK, {"action_id": action_id})]
    return sorted(parts, key=lambda part: part.action_id != action_id)


def bounced_step(step_id: str) -> str:
    """Return what the action of a message is called that came back and is kept beside its step."""
    return f"(bounced {step_id})"


def times_returned(session: Session, collection_id: int, step_id: str) -> int:
    """Return how often the step's message came back and was kept so (the key of actions)."""
    of_step = Action.collection_id == collection_id, Action.step_id == bounced_step(step_id)
    return session.scalar(select(func.coalesce(func.max(Action.occurrence), 0)).where(*of_step)) or 0
