"""Reads what is late: signals that no process has got yet, and collections whose moment has passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.journal import OutboxEntry
from db.tables.organization import Organization


@dataclass(frozen=True, slots=True)
class OutboxBacklog:
    """How many signals are owed, since when, and what went wrong with the oldest that failed.

    Those of bulk work are counted by themselves: at `bulk_rate` signals each second they may wait for hours.
    """

    count: int
    oldest_at: datetime | None
    last_error: str | None
    bulk_count: int = 0
    bulk_rate: int = 1


@dataclass(frozen=True, slots=True)
class OwedSignal:
    """A signal that waits in the outbox; `last_error` is None while nobody failed to deliver it."""

    last_error: str | None


def outbox_backlog(session: Session) -> OutboxBacklog:
    """Return what the outbox holds (ix_outbox_bulk)."""
    is_other = ~OutboxEntry.is_bulk
    count, oldest_at = session.execute(
        select(func.count(), func.min(OutboxEntry.created_at)).where(is_other)
    ).one()
    bulk_count = session.scalar(select(func.count()).select_from(OutboxEntry).where(OutboxEntry.is_bulk)) or 0
    bulk_rate = session.scalar(select(Organization.bulk_signals_per_second)) or 1
    last_error = session.scalar(
        select(OutboxEntry.last_error).where(OutboxEntry.last_error.is_not(None)).order_by(OutboxEntry.id).limit(1)
    )
    return OutboxBacklog(count, oldest_at, last_error, bulk_count, bulk_rate)


def owed_signals(session: Session, entry_ids: Sequence[int]) -> list[OwedSignal]:
    """Return those of the signals that were not delivered yet (primary key)."""
    statement = select(OutboxEntry.last_error).where(OutboxEntry.id.in_(entry_ids))
    return [OwedSignal(last_error) for last_error in session.scalars(statement)]


def count_passed_moments(session: Session, before: datetime) -> int:
    """Return how many open collections should have acted before the moment (ix_next_actions_acts_at)."""
    statement = (
        select(func.count())
        .select_from(NextAction)
        .join(Collection, Collection.id == NextAction.collection_id)
        .where(Collection.state.in_(OPEN_STATES), NextAction.acts_at < before)
    )
    return session.scalar(statement) or 0
