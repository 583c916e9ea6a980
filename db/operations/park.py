"""Parks a collection that cannot be decided: a to-do says why, and nothing is sent meanwhile."""

from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.settle import PARKED_STEP, lock_invoice
from db.tables.actions import Action
from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.invoices import Invoice
from db.tables.organization import Organization
from dunning.cadence import Channel, Execution


def park(session: Session, invoice_id: int, reason: str, wake_at: datetime, change: Change) -> str:
    """Project that the collection is blocked until `wake_at`, open a to-do, and return a sentence."""
    sentence = f"Blocked: {reason}"
    lock_invoice(session, invoice_id)
    row = session.execute(
        select(Collection.id, Collection.cadence_id, Invoice.customer_id)
        .join(Invoice, Invoice.id == Collection.invoice_id)
        .where(Collection.invoice_id == invoice_id, Collection.state.in_(OPEN_STATES))
    ).one_or_none()
    if row is None:
        return sentence
    collection_id = row.id
    projected = {
        "stage": "blocked",
        "step_id": None,
        "channel": None,
        "execution": None,
        "due_on": None,
        "acts_at": wake_at,
        "because": [{"because": "blocked", "day": None, "detail": reason}],
        "sentence": sentence,
        "decided_at": change.at,
    }
    statement = insert(NextAction).values(collection_id=collection_id, **projected)
    session.execute(statement.on_conflict_do_update(index_elements=["collection_id"], set_=projected))
    opened = {"state": "open", "obstacle": reason, "outcome": None}
    opened |= {"ended_at": None, "ended_on": None, "ended_by": None}
    todo = insert(Action).values(
        collection_id=collection_id,
        invoice_id=invoice_id,
        customer_id=row.customer_id,
        cadence_id=row.cadence_id,
        kind="parked",
        step_id=PARKED_STEP,
        channel=Channel.TASK.value,
        execution=Execution.MANUAL.value,
        owner=session.scalar(select(Organization.todo_owner)),
        due_on=change.on,
        **opened,
    )
    # While nobody has ended it, it is the same to-do, however often the collection is looked at.
    still_open = Action.state == "open"
    again = {
        "due_on": case((still_open, Action.due_on), else_=change.on),
        "snoozed_until": case((still_open, Action.snoozed_until), else_=None),
    }
    key = ["collection_id", "step_id", "occurrence"]
    session.execute(todo.on_conflict_do_update(index_elements=key, set_=opened | again))
    note(session, change, "collection parked", invoice_id, collection_id, because=reason)
    return sentence
