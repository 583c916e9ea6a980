"""Reads how far a round of sending is, and what it brought."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.operations.outbox import count_owed
from db.queries.book import count_by_stage, count_open_collections
from db.tables.actions import Action, Message
from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.customers import Customer
from db.tables.invoices import Invoice
from db.tables.journal import TimelineEntry


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """How the whole book stands: `due` is what would act by now, `owed` the signals not delivered yet."""

    collections: int
    sent: int
    todos: int
    waiting: int
    due: int
    owed: int
    by_stage: dict[str, int]


@dataclass(frozen=True, slots=True)
class SentLine:
    """A message that went out."""

    invoice: str
    customer_name: str
    step: str
    subject: str
    recipients: list[str]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class TodoLine:
    """An open to-do."""

    invoice: str
    customer_name: str
    step: str
    channel: str
    owner: str | None
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something new on some timeline."""

    id: int
    invoice: str
    kind: str
    actor: str
    data: dict[str, Any]


def round_counts(session: Session, now: datetime) -> RoundCounts:
    """Return how the book stands at `now` (ix_next_actions_acts_at, ix_actions_open)."""
    is_open = Collection.state.in_(OPEN_STATES)
    due = (
        select(func.count())
        .select_from(NextAction)
        .join(Collection, Collection.id == NextAction.collection_id)
        .where(is_open, NextAction.acts_at <= now)
    )
    todos = (
        select(func.count())
        .select_from(Action)
        .join(Collection, Collection.id == Action.collection_id)
        .where(is_open, Action.state == "open")
    )
    by_stage = count_by_stage(session)
    return RoundCounts(
        collections=count_open_collections(session),
        sent=session.scalar(select(func.count()).select_from(Message).where(Message.state == "sent")) or 0,
        todos=session.scalar(todos) or 0,
        waiting=by_stage.get("waiting", 0) + by_stage.get("held", 0),
        due=session.scalar(due) or 0,
        owed=count_owed(session),
        by_stage=by_stage,
    )


def last_sent(session: Session, limit: int) -> list[SentLine]:
    """Return the messages that went out last, the newest first."""
    rows = session.execute(
        select(Invoice.number, Customer.name, Action.step_id, Message.subject, Message.recipients, Message.sent_at)
        .select_from(Message)
        .join(Action, Action.id == Message.action_id)
        .join(Invoice, Invoice.id == Action.invoice_id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Message.state == "sent")
        .order_by(Message.id.desc())
        .limit(limit)
    )
    lines: list[Any] = list(rows)
    return [SentLine(*row) for row in lines]


def open_todos(session: Session, limit: int) -> list[TodoLine]:
    """Return the open to-dos, the longest due first (ix_actions_open)."""
    rows = session.execute(
        select(Invoice.number, Customer.name, Action.step_id, Action.channel, Action.owner, Action.obstacle)
        .select_from(Action)
        .join(Collection, Collection.id == Action.collection_id)
        .join(Invoice, Invoice.id == Collection.invoice_id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Action.state == "open", Collection.state.in_(OPEN_STATES))
        .order_by(Action.due_on, Action.id)
        .limit(limit)
    )
    return [TodoLine(*row) for row in rows]


def happenings(session: Session, after_id: int, limit: int) -> list[Happening]:
    """Return what happened after an entry of the timeline, the oldest first (its primary key)."""
    rows = session.execute(
        select(TimelineEntry.id, Invoice.number, TimelineEntry.kind, TimelineEntry.actor, TimelineEntry.data)
        .join(Invoice, Invoice.id == TimelineEntry.invoice_id)
        .where(TimelineEntry.id > after_id)
        .order_by(TimelineEntry.id)
        .limit(limit)
    )
    return [Happening(*row) for row in rows]


def newest_happening(session: Session) -> int:
    """Return the id of the newest entry of all timelines; 0 when nothing happened yet."""
    return session.scalar(select(func.max(TimelineEntry.id))) or 0
