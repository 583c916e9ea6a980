"""Webhooks: who is told of events over HTTP, and what became of each telling."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, event, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of
from db.tables.journal import TimelineEntry
from db.tables.webhook_events import WEBHOOK_TRIGGER

DELIVERY_STATES = ("owed", "delivered", "given up")


class WebhookEndpoint(Base):
    """An address that is told of events of the kinds that it asked for; none listed is all of them.

    `secret` signs what is sent there; it is shown once. The one before signs beside it until `previous_until`. An
    address in a private network needs `allows_private`.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("url ~ '^https?://'", name="url"),
        CheckConstraint("removed_at IS NULL OR NOT is_active", name="removed_at"),
    )

    id: Mapped[Id]
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(server_default="[]")
    secret: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    allows_private: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    stopped_because: Mapped[str | None]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    # Since when nothing arrives there, how often that made it rest, and until when nothing is tried.
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    rests_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    # Its process was told that something is owed, and is not told again before this moment.
    told_until: Mapped[datetime | None]
    # From here on it is not there for anybody; what it was and is owed goes page by page, and then this row.
    removed_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event that is owed to one endpoint, written in the transaction of what it tells of."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("state", DELIVERY_STATES),
        CheckConstraint("(ended_at IS NULL) = (state = 'owed')", name="ended_at"),
        UniqueConstraint("endpoint_id", "event_id"),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_owed", "endpoint_id", "id", postgresql_where=text("state = 'owed'")),
        # What failed before and waits for another attempt: few, and looked for at each round.
        Index(
            "ix_webhook_deliveries_waiting",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'owed' AND attempts > 0"),
        ),
        # What was given up, for people, and what may be forgotten.
        Index("ix_webhook_deliveries_given_up", "id", postgresql_where=text("state = 'given up'")),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[Id]
    endpoint_id: Mapped[Ref] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    # The same for each endpoint, and at each attempt: what receivers know a repeat by.
    event_id: Mapped[str]
    kind: Mapped[str]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="owed")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


@event.listens_for(TimelineEntry.__table__, "after_create")
def _owe_webhooks(_target: object, connection: Connection, **_options: object) -> None:
    # The tables that the function names may come later: PostgreSQL looks for them when it runs.
    for statement in WEBHOOK_TRIGGER:
        connection.exec_driver_sql(statement)
