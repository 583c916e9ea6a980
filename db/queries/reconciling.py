"""Reads what the process of each invoice should be like, and what comparing ledger and processes found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.invoices import Invoice
from db.tables.jobs import Job
from db.tables.journal import OutboxEntry

RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the ledger expects of an invoice's process: one that shows this stage and wakes then, if `is_open`.

    `since` is when the ledger began to expect that, `is_owed` that a signal is still to be delivered.
    """

    invoice: str
    is_open: bool
    stage: str | None
    wakes_at: datetime | None
    since: datetime | None
    is_owed: bool


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A comparison of ledger and processes: how it went, what it counted, and examples of what it found."""

    id: int
    state: str
    by: str
    started_at: datetime
    ended_at: datetime | None
    failed_because: str | None
    canceled_by: str | None
    order: Mapping[str, Any]
    cursor: Mapping[str, Any]
    counts: Mapping[str, int]
    examples: Sequence[Mapping[str, Any]]


def expected_processes(session: Session, invoice_ids: Sequence[int]) -> dict[int, Expected]:
    """Return what is expected of a page of invoices; one that does not exist is left out."""
    owed = select(OutboxEntry.id).where(OutboxEntry.invoice_id == Invoice.id).limit(1).exists()
    ended = aliased(Collection)
    last_closed = select(func.max(ended.closed_at)).where(ended.invoice_id == Invoice.id)
    statement = (
        select(
            Invoice.id,
            Invoice.number,
            Collection.id.is_not(None),
            NextAction.stage,
            NextAction.acts_at,
            func.coalesce(NextAction.decided_at, last_closed.scalar_subquery()),
            owed,
        )
        .outerjoin(Collection, (Collection.invoice_id == Invoice.id) & Collection.state.in_(OPEN_STATES))
        .outerjoin(NextAction, NextAction.collection_id == Collection.id)
        .where(Invoice.id.in_(invoice_ids))
    )
    return {row[0]: Expected(*row[1:]) for row in session.execute(statement)}


def last_invoice_id(session: Session) -> int:
    """Return the highest id of an invoice; 0 in an empty ledger."""
    return session.scalar(select(func.max(Invoice.id))) or 0


def reconciliation(session: Session, job_id: int) -> Reconciled:
    """Return the comparison that was kept as this job."""
    return Reconciled(*session.execute(_reconciled().where(Job.id == job_id)).one())


def newest_reconciliations(session: Session, limit: int) -> list[Reconciled]:
    """Return the last comparisons, newest first (ix_jobs_kind)."""
    rows: list[Any] = list(session.execute(_reconciled().order_by(Job.id.desc()).limit(limit)))
    return [Reconciled(*row) for row in rows]


def _reconciled() -> Select[*tuple[Any, ...]]:
    facts = Job.started_by, Job.started_at, Job.ended_at, Job.failed_because, Job.canceled_by
    found = Job.order, Job.cursor, Job.counts, Job.report
    return select(Job.id, Job.state, *facts, *found).where(Job.kind == RECONCILE)
