"""What happened and what must still be told: the timeline and the outbox."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, SmallInteger, event, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref


class TimelineEntry(Base):
    """One thing that happened to an invoice. Entries are never changed or deleted: a trigger refuses it.

    `event_id` is unique: the signal or command that bears it takes effect once, however often it arrives.
    """

    __tablename__ = "timeline"
    __table_args__ = (
        Index("ix_timeline_invoice_id", "invoice_id", "id"),
        Index("uq_timeline_event_id", "event_id", unique=True, postgresql_where=text("event_id IS NOT NULL")),
    )

    id: Mapped[Id]
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    collection_id: Mapped[int | None] = mapped_column(ForeignKey("collections.id"))
    at: Mapped[datetime]
    on_date: Mapped[date]
    kind: Mapped[str]
    actor: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    event_id: Mapped[str | None]


TIMELINE_GUARD = (
    "CREATE OR REPLACE FUNCTION refuse_timeline_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the timeline is append-only'; END $$",
    "CREATE TRIGGER timeline_is_append_only BEFORE UPDATE OR DELETE ON timeline "
    "FOR EACH ROW EXECUTE FUNCTION refuse_timeline_change()",
    "CREATE TRIGGER timeline_is_not_truncated BEFORE TRUNCATE ON timeline "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_timeline_change()",
)


@event.listens_for(TimelineEntry.__table__, "after_create")
def _guard_timeline(_target: object, connection: Connection, **_options: object) -> None:
    for statement in TIMELINE_GUARD:
        connection.exec_driver_sql(statement)


class OutboxEntry(Base):
    """A signal that a committed fact owes to its process. Deleted when it was delivered.

    What bulk work owes goes out at a rate of its own, behind all that people and the accounts caused.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_bulk", "is_bulk", "id"),)

    id: Mapped[Id]
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"), index=True)
    signal: Mapped[str]
    payload: Mapped[dict[str, Any]]
    is_bulk: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    # Nobody else takes the entry before this moment: a lease, so that no transaction waits for the network.
    leased_until: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]


class BulkLane(Base):
    """When the next round of what bulk work owes may be delivered, by whichever worker: one row, or none yet."""

    __tablename__ = "bulk_lane"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    next_at: Mapped[datetime]
