"""Gives the messages of a sender their slots, over all workers (rule 8.4)."""

from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from db.statement import Statement
from db.tables.actions import Action
from db.tables.people import Sender
from dunning.calendar import Calendar
from dunning.throttle import Throttle, holds, next_slot

# By uq_senders_email; most senders have no limits, and then nothing is locked.
_LIMITED = Statement("""
SELECT id, minute_max, day_max, next_at, day, day_count FROM senders
 WHERE lower(email) = lower(:email) AND (minute_max IS NOT NULL OR day_max IS NOT NULL)
   FOR UPDATE
""")
_HELD = text("""
SELECT a.slot_at, m.sender FROM actions a LEFT JOIN messages m ON m.action_id = a.id WHERE a.id = :action_id
""")


def take_slot(session: Session, action_id: int, sender: str, now: datetime, calendar: Calendar) -> datetime | None:
    """Return None if the action's message may be handed over now, else the moment at which it is its turn.

    A slot belongs to one message, which comes back for it; it is used once. The sender's row is locked until the
    transaction ends: take it after every other lock, and before the message is stored.
    """
    limited = _LIMITED.first(session, email=sender)
    if limited is None:
        return None
    held = session.execute(_HELD, {"action_id": action_id}).one()
    # What waited for another sender has no slot of this one.
    slot_at: datetime | None = (
        held.slot_at if held.sender is not None and held.sender.lower() == sender.lower() else None
    )
    if holds(slot_at, now, calendar):
        _keep(session, action_id, None)
        return None
    if slot_at is not None and slot_at > now:
        return slot_at
    throttle = Throttle(limited.minute_max, limited.day_max, limited.next_at, limited.day, limited.day_count)
    slot, throttle = next_slot(throttle, now, calendar, missed=slot_at)
    taken = {"next_at": throttle.next_at, "day": throttle.day, "day_count": throttle.day_count}
    session.execute(update(Sender).where(Sender.id == limited.id).values(taken))
    waits = slot if slot > now else None
    _keep(session, action_id, waits)
    return waits


def _keep(session: Session, action_id: int, slot_at: datetime | None) -> None:
    session.execute(update(Action).where(Action.id == action_id).values(slot_at=slot_at))
