"""Withdraws messages that were claimed and never accepted, once they are not due any more."""

from collections.abc import Sequence

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.operations.change import Change, note
from db.operations.messages.handing_back import hand_back
from db.tables.actions import Action, Message
from db.tables.collections import OPEN_STATES, Collection, StepState
from dunning.facts import StepStatus
from dunning.writing import MESSAGE

NOT_DELIVERED = ("deferred",)
MAYBE_DELIVERED = ("sending", "deferred")
# Why a message beside the steps is its writer's again.
CALLED_OFF = "it was called off before the mail server had taken it"
MAYBE_CALLED_OFF = "it was called off on its way; it may have been delivered"


def withdraw(
    session: Session, invoice_id: int, states: Sequence[str], change: Change, but_action_id: int | None = None
) -> None:
    """Withdraw the invoice's messages in these states, under whatever cadence, but for the action just claimed.

    One that a person approved is their to-do again, if its step still waits for them (docs/decisions/0014), or if
    it is beside the steps and its collection is open.

    How many attempts ended without an answer is kept, should the step be sent after all. What the invoice has in
    the message of another one stays there as long as that one is tried: its process knows what became of it.
    """
    carrier = aliased(Action)
    of_invoice = select(Collection.id).where(Collection.invoice_id == invoice_id)
    stands = and_(carrier.state == "sending", carrier.merged_into.is_(None), Message.state.in_(MAYBE_DELIVERED))
    stale = (
        select(Action.id, Action.collection_id, Action.merged_into, Action.approved_by, Action.step_id)
        .join(Message, Message.action_id == func.coalesce(Action.merged_into, Action.id))
        .outerjoin(carrier, carrier.id == Action.merged_into)
        .where(Action.collection_id.in_(of_invoice), Action.state == "sending")
        .where(
            or_(
                and_(Action.merged_into.is_(None), Message.state.in_(states)),
                and_(Action.merged_into.is_not(None), ~stands),
            )
        )
        .order_by(Action.id)
    )
    if but_action_id is not None:
        stale = stale.where(Action.id != but_action_id)
    for action_id, collection_id, merged_into, approved_by, step_id in session.execute(stale).all():
        again = _writer_asked if step_id == MESSAGE else _asks_again
        if approved_by is not None and again(session, action_id, change):
            _withdraw_message(session, action_id)
            note(session, change, "message withdrawn", invoice_id, collection_id, action=action_id)
            continue
        session.execute(
            update(Action)
            .where(Action.id == action_id)
            .values(state="canceled", merged_into=None, ended_at=change.at, ended_on=change.on, ended_by=change.by)
        )
        if merged_into is None:
            _withdraw_message(session, action_id)
        note(session, change, "message withdrawn", invoice_id, collection_id, action=action_id)


def _asks_again(session: Session, action_id: int, change: Change) -> bool:
    """Open the approved to-do again, if its collection and its step are open; else its step is pending."""
    collection_id, step_id, is_open = session.execute(
        select(Action.collection_id, Action.step_id, Collection.state.in_(OPEN_STATES))
        .join(Collection, Collection.id == Action.collection_id)
        .where(Action.id == action_id)
    ).one()
    step = StepState.collection_id == collection_id, StepState.step_id == step_id
    waits = session.scalar(select(StepState.status).where(*step)) == StepStatus.OPEN
    if waits and not is_open:
        # Should the collection be reopened, the person is asked again.
        pending = {"status": StepStatus.PENDING.value, "on_date": change.on}
        session.execute(update(StepState).where(*step).values(pending))
    if waits and is_open:
        session.execute(update(Action).where(Action.id == action_id).values(state="open"))
    return waits and bool(is_open)


def _writer_asked(session: Session, action_id: int, change: Change) -> bool:
    """Hand a message beside the steps back to its writer, if its collection is open."""
    statement = (
        select(
            Collection.invoice_id,
            Collection.id,
            Action.occurrence,
            Collection.state.in_(OPEN_STATES).label("is_open"),
            or_(Message.state == "sending", Message.unanswered > 0).label("is_uncertain"),
        )
        .join(Collection, Collection.id == Action.collection_id)
        .join(Message, Message.action_id == Action.id)
        .where(Action.id == action_id)
    )
    row = session.execute(statement).one()
    if row.is_open:
        because = MAYBE_CALLED_OFF if row.is_uncertain else CALLED_OFF
        hand_back(session, row.invoice_id, row.id, row.occurrence, because, change)
    return bool(row.is_open)


def _withdraw_message(session: Session, action_id: int) -> None:
    statement = (
        update(Message)
        .where(Message.action_id == action_id)
        .values(state="withdrawn", unanswered=Message.unanswered + case((Message.state == "sending", 1), else_=0))
        .returning(Message.unanswered)
    )
    unanswered = session.execute(statement).scalar_one()
    # The others in the message are free again. If it may have been delivered, one of them goes on with it to the
    # byte (docs/decisions/0009), unless nothing is collected there any more. Nothing is noted on their timelines:
    # they had no part in this, and their invoices are not locked here.
    members = update(Action).where(Action.merged_into == action_id, Action.state.in_(("sending", "canceled")))
    if unanswered:
        is_open = select(Collection.id).where(
            Collection.id == Action.collection_id, Collection.state.in_(OPEN_STATES)
        )
        members = members.where(~is_open.exists())
    session.execute(members.values(state="canceled", merged_into=None))
