"""Smart rules, what they decided for each invoice, and whom they told."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of

SLOTS = ("cadence", "visibility")
EVENTS = ("created", "updated", "applied")
NOTIFICATION_CHANNELS = ("email", "webhook")
NOTIFICATION_STATES = ("owed", "sent", "failed")


class SmartRule(Base):
    """A rule in its place: the lower the position, the higher it stands. A deleted one is kept for the log."""

    __tablename__ = "smart_rules"
    __table_args__ = (
        # Deferred, so that rules can change places within one transaction.
        UniqueConstraint("position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("(deleted_at IS NULL) = (position IS NOT NULL)", name="position"),
        CheckConstraint("deleted_at IS NULL OR NOT is_active", name="is_active"),
        Index("uq_smart_rules_name", "name", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[Id]
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]
    is_active: Mapped[bool] = mapped_column(server_default=text("false"))
    position: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]
    deleted_at: Mapped[datetime | None]


class RuleRecord(Base):
    """The last winner of each slot of an invoice; no row where no rule ever won.

    Without foreign keys to rules: they are never removed, and a bulk application writes a million of these.
    """

    __tablename__ = "rule_records"
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"), primary_key=True)
    cadence_rule_id: Mapped[int | None] = mapped_column(BigInteger)
    visibility_rule_id: Mapped[int | None] = mapped_column(BigInteger)


class RuleMatch(Base):
    """A rule of a notification matches the invoice now: it fires again only after it ceased to match.

    Without a foreign key to invoices, which are never removed: whoever activates a rule records all that match,
    and must neither wait for those that somebody holds nor hold them himself.
    """

    __tablename__ = "rule_matches"
    __table_args__ = (Index("ix_rule_matches_invoice_id", "invoice_id"),)

    rule_id: Mapped[Ref] = mapped_column(ForeignKey("smart_rules.id"), primary_key=True)
    invoice_id: Mapped[Ref] = mapped_column(primary_key=True)


class RuleLogEntry(Base):
    """What became of one slot of an invoice, one time that its rules were asked; or that a notification fired.

    Written where something is to be said: a new winner, one that is held back, or a match that ended. `depth` 0 is
    the event itself, more are changes that the rules of `caused_by` made.
    """

    __tablename__ = "rule_log"
    __table_args__ = (
        one_of("event", EVENTS),
        one_of("slot", (*SLOTS, "notification")),
        CheckConstraint("depth >= 0", name="depth"),
        Index("ix_rule_log_invoice_id", "invoice_id", "id"),
    )

    id: Mapped[Id]
    invoice_id: Mapped[Ref]
    at: Mapped[datetime]
    on_date: Mapped[date]
    event: Mapped[str]
    causation_id: Mapped[str]
    depth: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    caused_by: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    slot: Mapped[str]
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    became: Mapped[str]
    shadowed: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")


class RuleNotification(Base):
    """A notification that a rule owes a person or a group: written with what caused it, and sent afterwards."""

    __tablename__ = "rule_notifications"
    __table_args__ = (
        UniqueConstraint("rule_id", "invoice_id", "causation_id"),
        one_of("channel", NOTIFICATION_CHANNELS),
        one_of("state", NOTIFICATION_STATES),
        Index("ix_rule_notifications_owed", "due_at", "id", postgresql_where=text("state = 'owed'")),
        Index("ix_rule_notifications_invoice_id", "invoice_id", "id"),
    )

    id: Mapped[Id]
    rule_id: Mapped[Ref] = mapped_column(ForeignKey("smart_rules.id"))
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    causation_id: Mapped[str]
    depth: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    recipient: Mapped[str]
    channel: Mapped[str]
    text: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="owed")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]
    # Subject, body and HTML as they were written at the first attempt, and who has them already.
    rendered: Mapped[dict[str, Any] | None]
    sent_to: Mapped[list[str]] = mapped_column(server_default="[]")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
