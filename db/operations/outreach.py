"""Logs contacts that people made outside the cadence (rule 4.8)."""

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note_once
from db.operations.messages.withdrawal import NOT_DELIVERED, withdraw
from db.operations.refusal import Refused
from db.operations.settle import settle
from db.operations.steps import end_open_actions, set_step
from db.queries.collections import OpenCollection
from db.queries.people import owner_of
from db.tables.actions import Action
from db.tables.invoices import Invoice
from dunning.cadence import Channel
from dunning.events import Contacted
from dunning.facts import StepStatus
from phrase import phrase

CONTACTED = "contacted"
# The outcome of a step that was done by a message which went out beside the steps: that is the contact.
WRITTEN = "written"


def log_contact(
    session: Session, invoice_id: int, channel: Channel, as_step: str | None, text: str | None, change: Change
) -> None:
    """Log that somebody wrote to or called the customer; `as_step` names the step that is done by it.

    It counts for the minimum contact delay under whatever cadence. Raises Refused for a task, a step that is
    not to come, or an invoice that has nothing to collect.
    """
    case = admit(session, invoice_id, Contacted(change.at, channel, as_step), change)
    if case is None:
        return
    if not channel.is_contact:
        raise Refused(
            "a {channel} is no contact; expected email, sms, letter or call", channel=phrase(channel.value)
        )
    note_once(session, change, CONTACTED, invoice_id, channel=channel.value, step=as_step, note=text)
    session.execute(
        update(Invoice)
        .where(Invoice.id == invoice_id)
        .values(contacted_on=func.greatest(Invoice.contacted_on, change.on))
    )
    if as_step is not None:
        assert case.collection is not None, "only a cadence has steps to come"
        do_step(session, case.collection, as_step, channel, change, CONTACTED)
    settle(session, invoice_id, change)


def do_step(
    session: Session, collection: OpenCollection, step_id: str, channel: Channel, change: Change, outcome: str
) -> None:
    """Let the step that is to come be done by a contact outside the cadence; `outcome` says by what."""
    cadence = collection.facts.cadence
    step = None if cadence is None else cadence.step(step_id)
    assert step is not None, "only a step of the cadence is admitted"
    run = collection.facts.runs.get(step_id)
    occurrence = 1 if run is None else run.occurrence + 1
    # A message of the step that waits for another attempt must not follow.
    withdraw(session, collection.invoice_id, NOT_DELIVERED, change)
    end_open_actions(session, collection.id, "done", change, step_id)
    values = {
        "state": "done",
        "outcome": outcome,
        "channel": channel.value,
        "ended_at": change.at,
        "ended_on": change.on,
        "ended_by": change.by,
    }
    statement = insert(Action).values(
        collection_id=collection.id,
        invoice_id=collection.invoice_id,
        customer_id=collection.customer_id,
        cadence_id=collection.cadence_id,
        step_id=step_id,
        occurrence=occurrence,
        execution="manual",
        owner=owner_of(session, step, collection.todo_owner),
        due_on=change.on,
        **values,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["collection_id", "step_id", "occurrence"],
            set_=values,
            # What is being handed over right now tells by itself what became of it.
            where=Action.state != "sending",
        )
    )
    set_step(session, collection.id, step_id, StepStatus.DONE, change.on, occurrence=occurrence)
