"""Reads where an invoice stands: its newest collection, what that waits for, and what people have to do."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.actions import Action
from db.tables.cadences import Cadence
from db.tables.collections import OPEN_STATES, Collection, NextAction


@dataclass(frozen=True, slots=True)
class Todo:
    """Work that waits for a person; `obstacle` says why an automatic step does."""

    id: int
    kind: str
    step: str
    channel: str
    due_on: date
    owner: str | None
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The open collection of an invoice, or else the one that was closed last; `sentence` is the ledger's plan."""

    cadence: str
    state: str
    is_open: bool
    closed_at: datetime | None
    stage: str | None
    step: str | None
    channel: str | None
    acts_at: datetime | None
    sentence: str | None
    because: list[dict[str, Any]]
    todos: tuple[Todo, ...]


def standing_of(session: Session, invoice_id: int) -> Standing | None:
    """Return where the invoice stands, or None if no cadence ever followed it up (collections' unique key)."""
    row = session.execute(
        select(Collection, Cadence.name, NextAction)
        .join(Cadence, Cadence.id == Collection.cadence_id)
        .outerjoin(NextAction, NextAction.collection_id == Collection.id)
        .where(Collection.invoice_id == invoice_id)
        .order_by(Collection.closed_at.desc().nulls_first(), Collection.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    collection, cadence, following = row
    is_open = collection.state in OPEN_STATES
    todos = session.scalars(
        select(Action)
        .where(Action.collection_id == collection.id, Action.state == "open")
        .order_by(Action.due_on, Action.id)
    )
    return Standing(
        cadence=cadence,
        state=collection.state,
        is_open=is_open,
        closed_at=collection.closed_at,
        stage=following.stage if following else None,
        step=following.step_id if following else None,
        channel=following.channel if following else None,
        acts_at=following.acts_at if following else None,
        sentence=following.sentence if following else None,
        because=following.because if following else [],
        todos=tuple(Todo(a.id, a.kind, a.step_id, a.channel, a.due_on, a.owner, a.obstacle) for a in todos),
    )
