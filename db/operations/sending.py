"""Sends a step once: the claim before the message is handed over, and the record of what came of it."""

from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.settle import Settled, lock_invoice, open_todo, settle
from db.operations.steps import set_step
from db.operations.withdrawal import MAYBE_DELIVERED, withdraw
from db.tables.actions import Action, Message
from db.tables.collections import OPEN_STATES, Collection
from db.tables.customers import Contact
from dunning.cadence import Step
from dunning.decision import Send
from dunning.facts import StepStatus


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it is handed over, to the byte."""

    action_id: int
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    mime: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that may be sent now: nobody else holds it.

    `message` is what an earlier attempt stored and may have delivered, and `unanswered` how many attempts ended
    without an answer.
    """

    action_id: int
    settled: Settled
    step: Step
    occurrence: int
    message: StoredMessage | None
    unanswered: int = 0


def claim_step(session: Session, invoice_id: int, change: Change) -> Claim | Settled | None:
    """Decide again with the invoice locked, and claim the step if it is still due (rule 3.9).

    Returns the settled collection instead if nothing is to be sent now, and None if there is no open
    collection. A message that an earlier attempt left behind unsent is withdrawn when it is not due any more.
    """
    lock_invoice(session, invoice_id)
    settled = settle(session, invoice_id, change)
    if settled is None or not isinstance(settled.decision, Send):
        withdraw(session, invoice_id, MAYBE_DELIVERED, change)
        return settled
    step, occurrence = settled.decision.step, settled.decision.occurrence
    action_id = _claim_action(session, settled, step, occurrence)
    withdraw(session, invoice_id, MAYBE_DELIVERED, change, but_action_id=action_id)
    row = session.scalar(select(Message).where(Message.action_id == action_id))
    if row is None:
        return Claim(action_id, settled, step, occurrence, message=None)
    unanswered, message = row.unanswered + (row.state == "sending"), None
    # What certainly was not delivered is written anew, because amounts and days may be others by now (rule 3.3).
    if row.state == "sending" or (row.state == "deferred" and row.unanswered):
        recipients = tuple(row.recipients)
        message = StoredMessage(action_id, row.message_id, row.sender, recipients, row.subject, row.mime)
    return Claim(action_id, settled, step, occurrence, message, unanswered)


def store_message(session: Session, message: StoredMessage, unanswered: int = 0) -> None:
    """Keep the message before it is handed over, and count the attempt."""
    fresh = {
        "message_id": message.message_id,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "subject": message.subject,
        "mime": message.mime,
        "state": "sending",
        "unanswered": unanswered,
    }
    statement = insert(Message).values(action_id=message.action_id, attempts=1, **fresh)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["action_id"], set_={**fresh, "attempts": Message.attempts + 1}
        )
    )


def record_sent(session: Session, claim: Claim, response: str, change: Change) -> Settled | None:
    """Record that the message was accepted: the step is done, the contact counts, what follows is projected.

    It holds although the invoice may have been paid in between: what was sent was sent.
    """
    collection = claim.settled.collection
    lock_invoice(session, collection.invoice_id)
    session.execute(
        update(Message)
        .where(Message.action_id == claim.action_id)
        .values(state="sent", sent_at=change.at, response=response, last_error=None)
    )
    session.execute(
        update(Action)
        .where(Action.id == claim.action_id)
        .values(state="done", ended_at=change.at, ended_on=change.on, ended_by=change.by)
    )
    set_step(session, collection.id, claim.step.id, StepStatus.DONE, change.on, occurrence=claim.occurrence)
    # A reassignment that came while the message was on its way has its own row, and the delay counts for it too.
    session.execute(
        update(Collection)
        .where(Collection.invoice_id == collection.invoice_id)
        .where(or_(Collection.id == collection.id, Collection.state.in_(OPEN_STATES)))
        .values(last_contact_on=change.on)
    )
    note(
        session,
        change,
        "message sent",
        collection.invoice_id,
        collection.id,
        step=claim.step.id,
        channel=claim.step.channel.value,
        action=claim.action_id,
    )
    return settle(session, collection.invoice_id, change)


def record_deferred(session: Session, action_id: int, error: str) -> None:
    """Record that the message was certainly not accepted and will be tried again."""
    session.execute(
        update(Message).where(Message.action_id == action_id).values(state="deferred", last_error=error)
    )


def record_unreachable(
    session: Session, claim: Claim, recipients: tuple[str, ...], error: str, change: Change
) -> Settled | None:
    """Record that every recipient was refused for good: the step becomes a to-do until an address is mended."""
    collection = claim.settled.collection
    lock_invoice(session, collection.invoice_id)
    _fail_message(session, claim, error, change)
    session.execute(
        update(Contact)
        .where(Contact.customer_id == collection.customer_id, Contact.email.in_(recipients))
        .values(unreachable_because=error)
    )
    return settle(session, collection.invoice_id, change)


def hand_over(session: Session, claim: Claim, obstacle: str, change: Change) -> Settled | None:
    """Record that this very message cannot be sent, and ask a person to do the step instead (rule 4.4)."""
    collection = claim.settled.collection
    lock_invoice(session, collection.invoice_id)
    _fail_message(session, claim, obstacle, change)
    open_todo(
        session,
        collection,
        claim.step,
        change.on,
        obstacle,
        mends=False,
        change=change,
        occurrence=claim.occurrence,
    )
    return settle(session, collection.invoice_id, change)


def _fail_message(session: Session, claim: Claim, error: str, change: Change) -> None:
    collection = claim.settled.collection
    failed = {"state": "failed", "last_error": error, "unanswered": claim.unanswered}
    session.execute(update(Message).where(Message.action_id == claim.action_id).values(failed))
    session.execute(update(Action).where(Action.id == claim.action_id).values(state="canceled"))
    note(
        session, change, "message refused", collection.invoice_id, collection.id, step=claim.step.id, because=error
    )


def _claim_action(session: Session, settled: Settled, step: Step, occurrence: int) -> int:
    """Return the action's id, new or left by an earlier attempt or by a to-do whose obstacle is gone."""
    collection = settled.collection
    decision = settled.decision
    assert isinstance(decision, Send)
    claimed = {
        "state": "sending",
        "obstacle": None,
        "mends": False,
        "ended_at": None,
        "ended_on": None,
        "ended_by": None,
    }
    statement = insert(Action).values(
        collection_id=collection.id,
        step_id=step.id,
        occurrence=occurrence,
        channel=step.channel.value,
        execution=step.execution.value,
        owner=collection.todo_owner,
        due_on=decision.due_on,
        **claimed,
    )
    key = ["collection_id", "step_id", "occurrence"]
    returning = statement.on_conflict_do_update(index_elements=key, set_=claimed).returning(Action.id)
    return session.execute(returning).scalar_one()
