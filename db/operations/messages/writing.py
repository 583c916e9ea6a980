"""Lets a message go out that a person wrote to a customer outside the cadence (rule 4.8, docs/decisions/0031)."""

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note_once
from db.operations.messages.drafts import ANOTHER, Draft, sound_body, sound_subject
from db.operations.refusal import Refused
from db.operations.settle import settle
from db.queries.collections import OpenCollection
from db.tables.actions import Action
from db.tables.people import User
from dunning.cadence import Channel, Execution
from dunning.events import Contacted
from dunning.writing import MESSAGE, what_stops_message
from phrase import Phrase

UNFOLLOWED = Phrase("no cadence follows it up, so that no process sends its messages; assign one first")


def write_to_customer(
    session: Session, invoice_id: int, message: Draft, as_step: str | None, change: Change
) -> bool:
    """Let the message go out, and say whether that is new. `as_step` names the step that is done by it.

    The invoice's process sends it, once, as it sends what was approved in a to-do; whatever stops it before that
    makes it its writer's to-do. Raises Refused if the customer must not or cannot be written to now, while another
    message is about to go out, or for a step that is not to come.
    """
    collection = require_writable(session, invoice_id, as_step, change)
    if collection is None:
        return False
    subject, body = sound_subject(message.subject or ""), sound_body(message.body or "")
    of_collection = Action.collection_id == collection.id, Action.step_id == MESSAGE
    latest = session.scalar(select(func.coalesce(func.max(Action.occurrence), 0)).where(*of_collection)) or 0
    statement = insert(Action).values(
        collection_id=collection.id,
        invoice_id=collection.invoice_id,
        customer_id=collection.customer_id,
        cadence_id=collection.cadence_id,
        kind="message",
        step_id=MESSAGE,
        occurrence=latest + 1,
        channel=Channel.EMAIL.value,
        execution=Execution.MANUAL.value,
        state="open",
        owner=_writer(session, change.by) or collection.todo_owner,
        due_on=change.on,
        draft_subject=subject,
        draft_body=body,
        approved_by=change.by,
        as_step=as_step,
    )
    todo = session.execute(statement.returning(Action.id)).scalar_one()
    told = {"todo": todo, "step": as_step, "subject": subject}
    note_once(session, change, "message written", invoice_id, collection.id, **told)
    settle(session, invoice_id, change)
    return True


def require_writable(
    session: Session, invoice_id: int, as_step: str | None, change: Change
) -> OpenCollection | None:
    """Lock the invoice and return its collection if its customer may be written to now; None if that was done.

    Raises Refused as `write_to_customer` does.
    """
    case = admit(session, invoice_id, Contacted(change.at, Channel.EMAIL, as_step), change)
    if case is None:
        return None
    collection = case.collection
    if collection is None or not case.is_open:
        raise Refused(UNFOLLOWED)
    because = what_stops_message(collection.facts, as_step, change.on)
    if because is not None:
        raise Refused(because)
    if collection.written is not None:
        raise Refused(ANOTHER)
    if as_step is not None and as_step in collection.approved:
        raise Refused("the message of its to-do of step {step} is about to go out", step=as_step)
    return collection


def _writer(session: Session, by: str) -> str | None:
    """Return who wrote it as owners of to-dos are named; None for the API, and for whoever is no user."""
    user = select(User.email).where(func.lower(User.email) == by.lower(), User.is_active)
    return session.scalar(user)
