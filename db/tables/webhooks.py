"""Webhooks: who is told of events over HTTP, and what became of each telling."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of

DELIVERY_STATES = ("owed", "delivered", "given up")


class WebhookEndpoint(Base):
    """An address that is told of events of the kinds that it asked for; none listed is all of them.

    `secret` signs what is sent there; it is shown once. An address in a private network needs `allows_private`.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("url ~ '^https?://'", name="url"),)

    id: Mapped[Id]
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(server_default="[]")
    secret: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    allows_private: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    stopped_because: Mapped[str | None]


class WebhookDelivery(Base):
    """One event that is owed to one endpoint, written in the transaction of what it tells of."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("state", DELIVERY_STATES),
        Index("ix_webhook_deliveries_owed", "endpoint_id", "id", postgresql_where=text("state = 'owed'")),
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
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
