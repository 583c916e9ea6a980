"""Ends to-dos: what a person did about a step (rules 4.*)."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, is_known, note_once
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice, settle
from db.operations.steps import end_open_actions, set_step
from db.tables.actions import Action
from db.tables.collections import OPEN_STATES, Collection
from dunning.cadence import Channel
from dunning.events import Snoozed
from dunning.facts import StepStatus

OUTCOMES = ("done", "reached", "no answer", "voicemail", "promised", "disputed", "wrong number", "ignored")


def complete_action(session: Session, invoice_id: int, step_id: str | None, outcome: str, change: Change) -> None:
    """End the invoice's open to-do, of `step_id` or the only one, with an outcome.

    An executed contact counts for the minimum contact delay; the outcome `ignored` jumps to the next step and
    is no contact (rules 4.2 and 4.3). Raises Refused if there is no such to-do or outcome.
    """
    lock_invoice(session, invoice_id)
    if is_known(session, change.event_id):
        return
    if outcome not in OUTCOMES:
        raise Refused(f"an outcome is one of {', '.join(OUTCOMES)}, not {outcome!r}")
    statement = (
        select(Action)
        .join(Collection)
        .where(Collection.invoice_id == invoice_id, Collection.state.in_(OPEN_STATES), Action.state == "open")
        .order_by(Action.id)
        .limit(1)
    )
    if step_id is not None:
        statement = statement.where(Action.step_id == step_id)
    action = session.scalar(statement)
    if action is None:
        raise Refused("it has no open to-do" + (f" of step {step_id}" if step_id else ""))
    note_once(
        session, change, "to-do ended", invoice_id, action.collection_id, step=action.step_id, outcome=outcome
    )
    ended, status = ("ignored", StepStatus.IGNORED) if outcome == "ignored" else ("done", StepStatus.DONE)
    session.execute(update(Action).where(Action.id == action.id).values(outcome=outcome))
    end_open_actions(session, action.collection_id, ended, change, action.step_id)
    set_step(session, action.collection_id, action.step_id, status, change.on, occurrence=action.occurrence)
    if status is StepStatus.DONE and Channel(action.channel).is_contact:
        session.execute(
            update(Collection).where(Collection.id == action.collection_id).values(last_contact_on=change.on)
        )
    settle(session, invoice_id, change)


def snooze(session: Session, invoice_id: int, step_id: str, until: date, change: Change) -> None:
    """Put the open to-do of the step out of sight until a day; it holds the collection all the same (rule 4.7).

    Raises Refused if there is no such to-do, or if the day is not in the future.
    """
    case = admit(session, invoice_id, Snoozed(change.at, step_id, until), change)
    if case is None:
        return
    assert case.collection is not None, "an open to-do belongs to a collection"
    note_once(
        session, change, "to-do snoozed", invoice_id, case.collection.id, step=step_id, until=until.isoformat()
    )
    session.execute(
        update(Action)
        .where(Action.collection_id == case.collection.id, Action.step_id == step_id, Action.state == "open")
        .values(snoozed_until=until)
    )
    settle(session, invoice_id, change)
