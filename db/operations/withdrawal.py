"""Withdraws messages that were claimed and never accepted, once they are not due any more."""

from collections.abc import Sequence

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.tables.actions import Action, Message
from db.tables.collections import Collection

NOT_DELIVERED = ("deferred",)
MAYBE_DELIVERED = ("sending", "deferred")


def withdraw(
    session: Session, invoice_id: int, states: Sequence[str], change: Change, but_action_id: int | None = None
) -> None:
    """Withdraw the invoice's messages in these states, under whatever cadence, but for the action just claimed.

    How many attempts ended without an answer is kept, should the step be sent after all.
    """
    of_invoice = select(Collection.id).where(Collection.invoice_id == invoice_id)
    stale = (
        select(Action.id, Action.collection_id)
        .join(Message, Message.action_id == Action.id)
        .where(Action.collection_id.in_(of_invoice), Action.state == "sending", Message.state.in_(states))
        .order_by(Action.id)
    )
    if but_action_id is not None:
        stale = stale.where(Action.id != but_action_id)
    for action_id, collection_id in session.execute(stale).all():
        session.execute(
            update(Action)
            .where(Action.id == action_id)
            .values(state="canceled", ended_at=change.at, ended_on=change.on, ended_by=change.by)
        )
        session.execute(
            update(Message)
            .where(Message.action_id == action_id)
            .values(
                state="withdrawn",
                unanswered=Message.unanswered + case((Message.state == "sending", 1), else_=0),
            )
        )
        note(session, change, "message withdrawn", invoice_id, collection_id, action=action_id)
