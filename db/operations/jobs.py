"""Keeps the record of bulk work."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.tables.jobs import Job


def record_job(
    session: Session,
    kind: str,
    by: str,
    started_at: datetime,
    ended_at: datetime,
    counts: dict[str, int],
    report: list[dict[str, Any]],
) -> int:
    """Write a finished job with its counts and its report, and return its id."""
    statement = insert(Job).values(
        kind=kind,
        state="done",
        started_by=by,
        started_at=started_at,
        ended_at=ended_at,
        counts=counts,
        report=report,
    )
    return session.execute(statement.returning(Job.id)).scalar_one()
