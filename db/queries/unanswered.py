"""Reads which messages are in nobody's hands any more, as far as time can tell."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables.actions import Action, Message


def unanswered_for(session: Session, age: timedelta, limit: int) -> Sequence[int]:
    """Return the invoices whose message an attempt began to hand over longer ago than that, without a result.

    The index is ix_actions_sending; what a message is to the invoices that it is about too follows from its own.
    """
    statement = (
        select(Action.invoice_id)
        .join(Message, Message.action_id == Action.id)
        .where(Action.state == "sending", Action.merged_into.is_(None), Message.state == "sending")
        .where(Message.handed_at < func.now() - age)
        .order_by(Action.id)
        .limit(limit)
    )
    return session.scalars(statement).all()
