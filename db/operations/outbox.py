"""The outbox: signals that committed facts owe to their processes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.collections import OPEN_STATES, Collection
from db.tables.journal import BulkLane, OutboxEntry
from db.tables.organization import Organization

LOOK_AGAIN = "invoice_changed"
LEASE_SECONDS = 30
PAUSE_SECONDS_MAX = 3600
ERROR_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Owed:
    """A signal to deliver, by its name in InvoiceCollection; `is_open` says that a process must be there.

    `covers` are entries of bulk work for the same invoice: a process that takes a signal in looks at the ledger,
    where it finds what they are about, so that they need not be delivered once this one was.
    """

    id: int
    invoice_id: int
    signal: str
    payload: dict[str, Any]
    is_open: bool
    covers: tuple[int, ...] = ()


def owe(session: Session, invoice_id: int, signal: str, payload: dict[str, Any]) -> int:
    """Write down that the invoice's process must get `signal`; return the entry's id."""
    statement = insert(OutboxEntry).values(invoice_id=invoice_id, signal=signal, payload=payload)
    return session.execute(statement.returning(OutboxEntry.id)).scalar_one()


def owe_many(
    session: Session,
    invoice_ids: Sequence[int],
    signal: str,
    payload: Mapping[str, Any],
    *,
    is_bulk: bool = False,
) -> None:
    """Write down that the processes of a page of invoices must get `signal`.

    What bulk work owes goes out at the rate of the bulk lane, and lets processes look again only: so others may
    overtake it, and one that does covers it.
    """
    assert signal == LOOK_AGAIN or not is_bulk, signal
    if invoice_ids:
        rows = [
            {"invoice_id": id_, "signal": signal, "payload": payload, "is_bulk": is_bulk} for id_ in invoice_ids
        ]
        session.execute(insert(OutboxEntry), rows)


def owe_open_collections(session: Session, after_id: int, limit: int, payload: dict[str, Any]) -> Sequence[int]:
    """Let the next open collections look again, in the bulk lane; return their invoices (uq_collections_open)."""
    statement = (
        select(Collection.invoice_id)
        .where(Collection.state.in_(OPEN_STATES), Collection.invoice_id > after_id)
        .order_by(Collection.invoice_id)
        .limit(limit)
    )
    invoice_ids = session.scalars(statement).all()
    owe_many(session, invoice_ids, "invoice_changed", payload, is_bulk=True)
    return invoice_ids


def take_owed(
    session: Session, limit: int, ids: Sequence[int] | None = None, *, is_bulk: bool = False
) -> list[Owed]:
    """Lease up to `limit` owed signals of a lane, oldest first, and return them (ix_outbox_bulk).

    `ids` narrows it to a command's own, of whichever lane. Until the lease ends no other relay takes them, and a
    relay that dies only delays them.
    """
    due = select(OutboxEntry.id).where(OutboxEntry.leased_until <= func.now())
    due = due.where(OutboxEntry.is_bulk == is_bulk if ids is None else OutboxEntry.id.in_(ids))
    due = due.order_by(OutboxEntry.id).limit(limit).with_for_update(skip_locked=True)
    # Materialized, so that it runs once: a subselect may be run for each row, and then its limit is none.
    chosen = due.cte("chosen").prefix_with("MATERIALIZED", dialect="postgresql")
    leased = (
        update(OutboxEntry)
        .where(OutboxEntry.id == chosen.c.id)
        .values(leased_until=func.now() + _seconds(LEASE_SECONDS))
        .returning(
            OutboxEntry.id,
            OutboxEntry.invoice_id,
            OutboxEntry.signal,
            OutboxEntry.payload,
            OutboxEntry.is_bulk,
        )
    )
    rows = sorted(session.execute(leased), key=lambda row: row.id)
    invoices = {row.invoice_id for row in rows}
    is_open = Collection.state.in_(OPEN_STATES)
    open_ids = set(
        session.scalars(select(Collection.invoice_id).where(is_open, Collection.invoice_id.in_(invoices)))
    )
    bulk = _bulk_entries(session, invoices)
    # Several of bulk work for one invoice are one look: one of them covers the others.
    looks = {row.invoice_id: row.id for row in rows if row.is_bulk}
    alone = [row for row in rows if not row.is_bulk or row.id == looks[row.invoice_id]]
    return [
        Owed(
            row.id,
            row.invoice_id,
            row.signal,
            row.payload,
            row.invoice_id in open_ids,
            tuple(id_ for id_ in bulk.get(row.invoice_id, ()) if id_ != row.id),
        )
        for row in alone
    ]


def _bulk_entries(session: Session, invoice_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the entries of bulk work that are committed for the invoices now (ix_outbox_invoice_id)."""
    statement = (
        select(OutboxEntry.invoice_id, OutboxEntry.id)
        .where(OutboxEntry.invoice_id.in_(list(invoice_ids)), OutboxEntry.is_bulk)
        .order_by(OutboxEntry.id)
    )
    found: dict[int, list[int]] = {}
    for row in session.execute(statement):
        found.setdefault(row.invoice_id, []).append(row.id)
    return found


def take_bulk(session: Session, limit: int) -> tuple[list[Owed], float]:
    """Lease the next round of what bulk work owes, if it is time for it, and return it with the seconds it takes.

    The organization's rate holds over all workers: a round moves the moment at which the next one may begin, and
    it is to be spread over the time until then.
    """
    waits = select(OutboxEntry.id).where(OutboxEntry.is_bulk, OutboxEntry.leased_until <= func.now())
    if session.scalar(waits.order_by(OutboxEntry.id).limit(1)) is None or not session.scalar(_ENTER_BULK_LANE):
        return [], 0.0
    rate = session.scalars(select(Organization.bulk_signals_per_second)).one()
    owed = take_owed(session, min(limit, rate), is_bulk=True)
    seconds = len(owed) / rate
    session.execute(update(BulkLane).values(next_at=func.clock_timestamp() + timedelta(seconds=seconds)))
    return owed, seconds


# The row is locked until the round is taken, so that nobody else enters meanwhile.
_ENTER_BULK_LANE = text("""
INSERT INTO bulk_lane (id, next_at) VALUES (1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET next_at = clock_timestamp() WHERE bulk_lane.next_at <= clock_timestamp()
RETURNING id
""")


def count_owed(session: Session) -> int:
    """Return how many signals wait to be delivered."""
    return session.scalar(select(func.count()).select_from(OutboxEntry)) or 0


def delivered(session: Session, ids: Sequence[int]) -> None:
    """Forget what was delivered."""
    session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(ids)))


def newest_owed(session: Session) -> int:
    """Return the id of the newest entry there is or ever was visible here; 0 for an empty outbox."""
    return session.scalar(select(func.max(OutboxEntry.id))) or 0


def owed_here(session: Session, after_id: int) -> list[int]:
    """Return the entries behind `after_id` that this transaction wrote, those of bulk work aside (primary key)."""
    statement = (
        select(OutboxEntry.id)
        .where(OutboxEntry.id > after_id, OutboxEntry.created_at == func.now(), ~OutboxEntry.is_bulk)
        .order_by(OutboxEntry.id)
    )
    return list(session.scalars(statement))


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
