"""Hands a message that a person wrote beside the steps back to them, as their to-do with the reason (rule 4.8)."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.tables.actions import Action
from dunning.cadence import Channel
from dunning.writing import MESSAGE


def hand_back(
    session: Session, invoice_id: int, collection_id: int, occurrence: int, because: str, change: Change
) -> None:
    """Let the message wait for its writer, who says once more that it goes out, changes it, or gives it up.

    Their words were for the moment in which they wrote them: once something has stopped it, it never goes out by
    itself. The caller holds the invoice's lock.
    """
    values = {
        "state": "open",
        "approved_by": None,
        "obstacle": because,
        "outcome": None,
        "due_on": change.on,
        "snoozed_until": None,
        "ended_at": None,
        "ended_on": None,
        "ended_by": None,
    }
    of_message = (
        Action.collection_id == collection_id,
        Action.step_id == MESSAGE,
        Action.occurrence == occurrence,
    )
    todo = session.execute(update(Action).where(*of_message).values(values).returning(Action.id)).scalar_one()
    told = {"todo": todo, "channel": Channel.EMAIL.value, "because": because}
    note(session, change, "to-do opened", invoice_id, collection_id, **told)
