"""Reads how far the attempts to send a message are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.actions import Message


def is_handing_over(session: Session, action_id: int, attempt: int) -> bool:
    """Say whether this attempt is the last one that claimed the action's message, and nothing came of it yet.

    By uq_messages_action_id.
    """
    newest = select(Message.id).where(
        Message.action_id == action_id, Message.state == "sending", Message.attempts == attempt
    )
    return session.scalar(newest) is not None
