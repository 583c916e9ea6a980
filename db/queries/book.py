"""Reads over the whole book: which collections are open, and what they wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables.cadences import Cadence
from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.customers import Customer
from db.tables.invoices import Invoice


@dataclass(frozen=True, slots=True)
class BookLine:
    """An open collection as lists show it."""

    invoice: str
    customer: str
    customer_name: str
    cadence: str
    outstanding: Decimal
    currency: str
    due_on: date | None
    stage: str | None
    step: str | None
    channel: str | None
    acts_at: datetime | None
    sentence: str | None
    because: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class BookFilter:
    """Which open collections to list; None does not filter. `customer` is an external id."""

    stage: str | None = None
    cadence: str | None = None
    customer: str | None = None
    invoice: str | None = None


def open_invoice_ids(session: Session, after_id: int, limit: int) -> Sequence[int]:
    """Return a page of the invoices with an open collection, in order of their ids (uq_collections_open)."""
    statement = (
        select(Collection.invoice_id)
        .where(Collection.state.in_(OPEN_STATES), Collection.invoice_id > after_id)
        .order_by(Collection.invoice_id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def count_open_collections(session: Session) -> int:
    """Return how many collections are open."""
    statement = select(func.count()).select_from(Collection).where(Collection.state.in_(OPEN_STATES))
    return session.scalar(statement) or 0


def count_not_eligible(session: Session) -> int:
    """Return how many unpaid invoices no cadence follows up (ix_invoices_unsettled)."""
    followed = select(Collection.id).where(Collection.invoice_id == Invoice.id, Collection.state.in_(OPEN_STATES))
    statement = (
        select(func.count())
        .select_from(Invoice)
        .where(Invoice.state == "open", Invoice.settled < Invoice.total, ~followed.exists())
    )
    return session.scalar(statement) or 0


def count_by_stage(session: Session) -> dict[str, int]:
    """Return how many open collections stand at each stage (ix_next_actions_stage)."""
    statement = (
        select(NextAction.stage, func.count().label("open_collections"))
        .join(Collection, Collection.id == NextAction.collection_id)
        .where(Collection.state.in_(OPEN_STATES))
        .group_by(NextAction.stage)
    )
    return {row.stage: row.open_collections for row in session.execute(statement)}


def book_lines(session: Session, chosen: BookFilter, limit: int) -> list[BookLine]:
    """Return up to `limit` open collections, what acts next first (ix_next_actions_acts_at, …_stage)."""
    # Every open collection has its next action, because nothing opens one without settling it; an outer join
    # would have to sort the whole book.
    statement = (
        select(
            Invoice.number,
            Customer.external_id,
            Customer.name,
            Cadence.name,
            Invoice.outstanding,
            Invoice.currency,
            Invoice.due_on,
            NextAction.stage,
            NextAction.step_id,
            NextAction.channel,
            NextAction.acts_at,
            NextAction.sentence,
            NextAction.because,
        )
        .select_from(Collection)
        .join(Invoice, Invoice.id == Collection.invoice_id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .join(Cadence, Cadence.id == Collection.cadence_id)
        .join(NextAction, NextAction.collection_id == Collection.id)
        .where(Collection.state.in_(OPEN_STATES))
        .order_by(NextAction.acts_at.nulls_last(), Invoice.id)
        .limit(limit)
    )
    conditions = (
        (NextAction.stage, chosen.stage),
        (Cadence.name, chosen.cadence),
        (Customer.external_id, chosen.customer),
        (Invoice.number, chosen.invoice),
    )
    for column, value in conditions:
        if value is not None:
            statement = statement.where(column == value)
    rows: list[Any] = list(session.execute(statement))
    return [BookLine(*row) for row in rows]
