"""The outbox: signals that committed facts owe to their processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.collections import OPEN_STATES, Collection
from db.tables.journal import OutboxEntry

LEASE_SECONDS = 30
PAUSE_SECONDS_MAX = 3600
ERROR_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Owed:
    """A signal to deliver, by its name in InvoiceCollection; `is_open` says that a process must be there."""

    id: int
    invoice_id: int
    signal: str
    payload: dict[str, Any]
    is_open: bool


def owe(session: Session, invoice_id: int, signal: str, payload: dict[str, Any]) -> int:
    """Write down that the invoice's process must get `signal`; return the entry's id."""
    statement = insert(OutboxEntry).values(invoice_id=invoice_id, signal=signal, payload=payload)
    return session.execute(statement.returning(OutboxEntry.id)).scalar_one()


def owe_many(session: Session, invoice_ids: Sequence[int], signal: str, payload: Mapping[str, Any]) -> None:
    """Write down that the processes of a page of invoices must get `signal`."""
    if invoice_ids:
        rows = [{"invoice_id": id_, "signal": signal, "payload": payload} for id_ in invoice_ids]
        session.execute(insert(OutboxEntry), rows)


def owe_open_collections(session: Session, after_id: int, limit: int, payload: dict[str, Any]) -> Sequence[int]:
    """Let the next open collections look again, by invoice; return their invoices (uq_collections_open)."""
    statement = (
        select(Collection.invoice_id)
        .where(Collection.state.in_(OPEN_STATES), Collection.invoice_id > after_id)
        .order_by(Collection.invoice_id)
        .limit(limit)
    )
    invoice_ids = session.scalars(statement).all()
    owe_many(session, invoice_ids, "invoice_changed", payload)
    return invoice_ids


def take_owed(session: Session, limit: int, ids: Sequence[int] | None = None) -> list[Owed]:
    """Lease up to `limit` owed signals, oldest first, and return them; `ids` narrows it to a command's own.

    Until the lease ends no other relay takes them, and a relay that dies only delays them.
    """
    due = select(OutboxEntry.id).where(OutboxEntry.leased_until <= func.now())
    if ids is not None:
        due = due.where(OutboxEntry.id.in_(ids))
    due = due.order_by(OutboxEntry.id).limit(limit).with_for_update(skip_locked=True)
    # Materialized, so that it runs once: a subselect may be run for each row, and then its limit is none.
    chosen = due.cte("chosen").prefix_with("MATERIALIZED", dialect="postgresql")
    leased = (
        update(OutboxEntry)
        .where(OutboxEntry.id == chosen.c.id)
        .values(leased_until=func.now() + _seconds(LEASE_SECONDS))
        .returning(OutboxEntry.id, OutboxEntry.invoice_id, OutboxEntry.signal, OutboxEntry.payload)
    )
    rows = sorted(session.execute(leased), key=lambda row: row.id)
    is_open = Collection.state.in_(OPEN_STATES)
    invoices = {row.invoice_id for row in rows}
    open_ids = set(
        session.scalars(select(Collection.invoice_id).where(is_open, Collection.invoice_id.in_(invoices)))
    )
    return [Owed(row.id, row.invoice_id, row.signal, row.payload, row.invoice_id in open_ids) for row in rows]


def count_owed(session: Session) -> int:
    """Return how many signals wait to be delivered."""
    return session.scalar(select(func.count()).select_from(OutboxEntry)) or 0


def delivered(session: Session, ids: Sequence[int]) -> None:
    """Forget what was delivered."""
    session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(ids)))


def newest_owed(session: Session) -> int:
    """Return the id of the newest entry there is or ever was visible here; 0 for an empty outbox."""
    return session.scalar(select(func.max(OutboxEntry.id))) or 0


def covered(session: Session, invoice_ids: Sequence[int], up_to_id: int) -> None:
    """Forget the entries of invoices whose process was just started with a plan that knows them already."""
    session.execute(delete(OutboxEntry).where(OutboxEntry.invoice_id.in_(invoice_ids), OutboxEntry.id <= up_to_id))


def not_delivered(session: Session, entry_id: int, error: str) -> None:
    """Keep the entry for a later round, with what went wrong; the pause grows with each failure to an hour."""
    pause_seconds = func.least(
        LEASE_SECONDS * func.power(2, func.least(OutboxEntry.attempts, 7)), PAUSE_SECONDS_MAX
    )
    session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == entry_id)
        .values(
            attempts=OutboxEntry.attempts + 1,
            leased_until=func.now() + _seconds(pause_seconds),
            last_error=error[:ERROR_CHARACTERS_MAX],
        )
    )


def _seconds(count: int | ColumnElement[float]) -> ColumnElement[timedelta]:
    return func.make_interval(0, 0, 0, 0, 0, 0, count, type_=Interval())
