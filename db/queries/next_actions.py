"""Reads what processes wait for, to tell whose plan became another one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.collections import OPEN_STATES, Collection, NextAction


class Waiting(NamedTuple):
    """What the process of an invoice waits for and why, as it shows that itself."""

    collection_id: int
    stage: str
    step: str | None
    channel: str | None
    execution: str | None
    due_on: date | None
    acts_at: datetime | None
    because: list[dict[str, Any]]
    sentence: str


def waiting(session: Session, invoice_ids: Sequence[int]) -> dict[int, Waiting]:
    """Return what the invoices' open collections wait for; others are left out (uq_collections_open)."""
    statement = (
        select(
            Collection.invoice_id,
            Collection.id,
            NextAction.stage,
            NextAction.step_id,
            NextAction.channel,
            NextAction.execution,
            NextAction.due_on,
            NextAction.acts_at,
            NextAction.because,
            NextAction.sentence,
        )
        .join(NextAction, NextAction.collection_id == Collection.id)
        .where(Collection.invoice_id.in_(invoice_ids), Collection.state.in_(OPEN_STATES))
    )
    rows: list[Any] = list(session.execute(statement))
    return {row[0]: Waiting(*row[1:]) for row in rows}
