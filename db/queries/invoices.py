"""Reads one invoice as a person asks for it: its facts, what is next and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.actions import Action
from db.tables.collections import OPEN_STATES, Collection
from db.tables.customers import Customer
from db.tables.invoices import Invoice
from db.tables.journal import TimelineEntry


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened."""

    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice with its open to-dos and its recent past, the newest first."""

    id: int
    number: str
    customer: str
    customer_name: str
    state: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    outstanding: Decimal
    todos: tuple[str, ...]
    timeline: tuple[TimelineLine, ...]


def invoice_id_of(session: Session, number: str) -> int | None:
    """Return the invoice's id, or None if there is no such number."""
    return session.scalar(select(Invoice.id).where(Invoice.number == number))


def numbers_of(session: Session, invoice_ids: Sequence[int]) -> dict[int, str]:
    """Return the numbers of the invoices with these ids."""
    rows = session.execute(select(Invoice.id, Invoice.number).where(Invoice.id.in_(invoice_ids)))
    return {row.id: row.number for row in rows}


def invoice_view(session: Session, number: str, timeline_entries: int = 20) -> InvoiceView | None:
    """Return the invoice, or None if there is no such number (uq_invoices_number, ix_timeline_invoice_id)."""
    row = session.execute(
        select(Invoice, Customer)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.number == number)
    ).one_or_none()
    if row is None:
        return None
    invoice, customer = row
    todos = session.scalars(
        select(Action.step_id)
        .join(Collection, Collection.id == Action.collection_id)
        .where(Collection.invoice_id == invoice.id, Collection.state.in_(OPEN_STATES), Action.state == "open")
        .order_by(Action.id)
    )
    entries = session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.invoice_id == invoice.id)
        .order_by(TimelineEntry.id.desc())
        .limit(timeline_entries)
    )
    return InvoiceView(
        id=invoice.id,
        number=invoice.number,
        customer=customer.external_id,
        customer_name=customer.name,
        state=invoice.state,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        currency=invoice.currency,
        total=invoice.total,
        outstanding=invoice.outstanding,
        todos=tuple(todos),
        timeline=tuple(TimelineLine(entry.at, entry.kind, entry.actor, entry.data) for entry in entries),
    )
