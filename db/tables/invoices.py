"""What is owed and what settles it: invoices, payments, credit notes, each with its allocations."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Amount, Base, Id, Ref, is_currency, one_of
from dunning.facts import InvoiceState

_UNSETTLED = "state = 'open' AND settled < total"


class Invoice(Base):
    """An invoice. `settled` is what payments and credit notes cover; the database derives `outstanding`."""

    __tablename__ = "invoices"
    __table_args__ = (
        is_currency(),
        one_of("state", InvoiceState),
        CheckConstraint("total > 0", name="total"),
        CheckConstraint("settled BETWEEN 0 AND total", name="settled"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        CheckConstraint("(cadence_locked_at IS NULL) = (cadence_locked_by IS NULL)", name="cadence_locked"),
        Index("ix_invoices_customer_id", "customer_id"),
        Index("ix_invoices_unsettled", "id", postgresql_where=text(_UNSETTLED)),
        # Which of them become overdue, or older by a bucket, on a day.
        Index("ix_invoices_due_on", "due_on", "id", postgresql_where=text(_UNSETTLED)),
        # Pages of lists (db/queries/lists): the most money first in each currency, and what has no due date.
        Index("ix_invoices_outstanding", "currency", "outstanding", "id", postgresql_where=text(_UNSETTLED)),
        Index("ix_invoices_undated", "issued_on", "id", postgresql_where=text(f"{_UNSETTLED} AND due_on IS NULL")),
        # And what a customer owes, without its thousands of rows (docs/decisions/0034).
        Index(
            "ix_invoices_customer",
            "customer_id",
            "id",
            postgresql_where=text(_UNSETTLED),
            postgresql_include=["currency", "outstanding", "due_on", "issued_on"],
        ),
        # The few that are hidden, or no longer open.
        Index("ix_invoices_hidden", "id", postgresql_where=text("is_hidden")),
        Index("ix_invoices_ended", "state", "id", postgresql_where=text("state <> 'open'")),
        # What people type of a number: how it begins, or its last digits.
        Index("ix_invoices_number_begins", text("lower(number) text_pattern_ops")),
        Index("ix_invoices_number_ends", text("reverse(lower(number)) text_pattern_ops")),
        # What was sold lately; next to nothing to write, since invoices come in the order of their days.
        Index("ix_invoices_issued_on", "issued_on", postgresql_using="brin"),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    po_number: Mapped[str | None]
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    currency: Mapped[str]
    total: Mapped[Amount]
    settled: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
    outstanding: Mapped[Amount] = mapped_column(Computed("total - settled", persisted=True))
    state: Mapped[str] = mapped_column(server_default=InvoiceState.OPEN)
    is_hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    # The day of the last message outside any cadence, which counts under each of them (rule 4.8).
    contacted_on: Mapped[date | None]
    # A user chose the cadence: no rule assigns another until rules may manage the invoice again (rule 5.5).
    cadence_locked_at: Mapped[datetime | None]
    cadence_locked_by: Mapped[str | None]
    pay_link: Mapped[str | None]
    view_link: Mapped[str | None]
    # What the accounts stated last, where that may differ from the columns: what people changed here since then
    # stays until the accounts state something new.
    stated: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InvoiceFile(Base):
    """The invoice as its customer got it, a PDF. `digest` is the SHA-256 of the content, in hexadecimal."""

    __tablename__ = "invoice_files"

    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"), primary_key=True)
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Payment(Base):
    """Money received. What no allocation covers stays with the customer as unallocated, until it is reversed."""

    __tablename__ = "payments"
    __table_args__ = (
        is_currency(),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("unallocated >= 0 AND unallocated <= amount", name="unallocated"),
        one_of("source", ("import", "user", "api", "bank")),
        # The newest of a customer, and the currencies that it ever paid in; what of them settles nothing yet.
        Index("ix_payments_customer", "customer_id", "id", postgresql_include=["currency", "reversed_on"]),
        Index("ix_payments_unallocated", "customer_id", postgresql_where=text("unallocated > 0")),
    )

    id: Mapped[Id]
    external_id: Mapped[str | None] = mapped_column(unique=True)
    reference: Mapped[str | None]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    source: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Amount]
    unallocated: Mapped[Amount] = mapped_column(server_default=text("0"))
    received_on: Mapped[date]
    reversed_on: Mapped[date | None]
    # What the accounts stated of it last, and what that settles: people's changes stay until they state news.
    stated: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaymentAllocation(Base):
    """The part of a payment that settles one invoice."""

    __tablename__ = "payment_allocations"
    __table_args__ = (
        UniqueConstraint("payment_id", "invoice_id"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payment_allocations_invoice_id", "invoice_id"),
    )

    id: Mapped[Id]
    payment_id: Mapped[Ref] = mapped_column(ForeignKey("payments.id"))
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    amount: Mapped[Amount]


class CreditNote(Base):
    """A credit given to a customer. What no allocation covers stays with the customer, until it is voided."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        is_currency(),
        CheckConstraint("total > 0", name="total"),
        CheckConstraint("unallocated >= 0 AND unallocated <= total", name="unallocated"),
        # As of payments.
        Index("ix_credit_notes_customer", "customer_id", "id", postgresql_include=["currency", "voided_on"]),
        Index("ix_credit_notes_unallocated", "customer_id", postgresql_where=text("unallocated > 0")),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    number: Mapped[str]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    currency: Mapped[str]
    total: Mapped[Amount]
    unallocated: Mapped[Amount] = mapped_column(server_default=text("0"))
    issued_on: Mapped[date]
    voided_on: Mapped[date | None]
    stated: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CreditAllocation(Base):
    """The part of a credit note that settles one invoice."""

    __tablename__ = "credit_allocations"
    __table_args__ = (
        UniqueConstraint("credit_note_id", "invoice_id"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_credit_allocations_invoice_id", "invoice_id"),
    )

    id: Mapped[Id]
    credit_note_id: Mapped[Ref] = mapped_column(ForeignKey("credit_notes.id"))
    invoice_id: Mapped[Ref] = mapped_column(ForeignKey("invoices.id"))
    amount: Mapped[Amount]
