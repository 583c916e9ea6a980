"""An invoice being chased: the collection, what became of its steps, what holds it and what comes next."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Amount, Base, Id, Ref, one_of
from dunning.facts import HoldKind, StepStatus

COLLECTION_STATES = ("active", "exhausted", "paid", "void", "written off", "stopped", "restarted")
PROMISE_OUTCOMES = ("open", "kept", "partially kept", "broken", "replaced")
OPEN_STATES = ("active", "exhausted")
STAGES = ("waiting", "due", "held", "todo", "exhausted", "blocked", "closed")
_IS_OPEN = "state IN ('active', 'exhausted')"


class Collection(Base):
    """One invoice under one cadence in one cycle. An invoice has at most one open collection."""

    __tablename__ = "collections"
    __table_args__ = (
        UniqueConstraint("invoice_id", "cadence_id", "cycle"),
        # For the actions, which have both.
        UniqueConstraint("id", "invoice_id"),
        one_of("state", COLLECTION_STATES),
        CheckConstraint("cycle >= 1", name="cycle"),
        CheckConstraint(f"({_IS_OPEN}) = (closed_at IS NULL)", name="closed_at"),
        Index("uq_collections_open", "invoice_id", unique=True, postgresql_where=text(_IS_OPEN)),
        Index(
            "ix_collections_version_id",
            "cadence_id",
            "version_id",
            "invoice_id",
            postgresql_where=text(_IS_OPEN),
        ),
    )

    id: Mapped[Id]
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    cadence_id: Mapped[Ref] = mapped_column(ForeignKey("cadences.id"))
    # The version that its step statuses are reckoned by; a newer one is adopted when it is settled (rule 6.3).
    version_id: Mapped[Ref] = mapped_column(ForeignKey("cadence_versions.id"))
    cycle: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str] = mapped_column(server_default="active")
    entered_on: Mapped[date]
    last_contact_on: Mapped[date | None]
    assigned_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]


class StepState(Base):
    """What became of a step in a collection; a step without a row is pending."""

    __tablename__ = "step_statuses"
    __table_args__ = (one_of("status", StepStatus),)

    collection_id: Mapped[Ref] = mapped_column(ForeignKey("collections.id"), primary_key=True)
    step_id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    on_date: Mapped[date]
    because: Mapped[str | None]
    # The how-manieth time the status is about, and the day the step was last done or ignored (rule 2.13).
    occurrence: Mapped[int] = mapped_column(server_default="1")
    ran_on: Mapped[date | None]


class HoldRow(Base):
    """A reason that stops contact, of one invoice or of a customer. `until_on` is the first active day."""

    __tablename__ = "holds"
    __table_args__ = (
        one_of("kind", HoldKind),
        CheckConstraint("num_nonnulls(invoice_id, customer_id) = 1", name="owner"),
        CheckConstraint("ended_at >= started_at", name="ended_at"),
        Index(
            "uq_holds_invoice_open",
            "invoice_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND invoice_id IS NOT NULL"),
        ),
        Index(
            "uq_holds_customer_open",
            "customer_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND customer_id IS NOT NULL"),
        ),
        Index("ix_holds_invoice_id", "invoice_id", "ended_at"),
        Index("ix_holds_customer_id", "customer_id", "ended_at"),
    )

    id: Mapped[Id]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    until_on: Mapped[date | None]
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class Promise(Base):
    """A customer's promise to pay by a day. `amount` None means all that is outstanding (rule 3.5)."""

    __tablename__ = "promises"
    __table_args__ = (
        one_of("outcome", PROMISE_OUTCOMES),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(outcome = 'open') = (decided_at IS NULL)", name="decided_at"),
        Index("uq_promises_open", "invoice_id", unique=True, postgresql_where=text("outcome = 'open'")),
        Index("ix_promises_invoice_id", "invoice_id", "id"),
        Index("ix_promises_due", "promised_for", "id", postgresql_where=text("outcome = 'open'")),
        Index("ix_promises_broken", "invoice_id", postgresql_where=text("outcome = 'broken'")),
    )

    id: Mapped[Id]
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    promised_for: Mapped[date]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(19, 4))
    outstanding_before: Mapped[Amount]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default="open")
    decided_at: Mapped[datetime | None]


class NextAction(Base):
    """The projection: what the collection waits for, since when and why. One row for each collection."""

    __tablename__ = "next_actions"
    __table_args__ = (
        one_of("stage", STAGES),
        Index("ix_next_actions_stage", "stage", "acts_at"),
        Index("ix_next_actions_acts_at", "acts_at"),
        # What goes out or becomes a to-do on a day.
        Index(
            "ix_next_actions_due_on",
            "due_on",
            "channel",
            "execution",
            postgresql_where=text("due_on IS NOT NULL"),
        ),
    )

    collection_id: Mapped[Ref] = mapped_column(ForeignKey("collections.id"), primary_key=True)
    stage: Mapped[str]
    step_id: Mapped[str | None]
    channel: Mapped[str | None]
    execution: Mapped[str | None]
    due_on: Mapped[date | None]
    acts_at: Mapped[datetime | None]
    because: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    sentence: Mapped[str]
    decided_at: Mapped[datetime]
