"""Bulk jobs: opens them, moves them on page by page, cancels and ends them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.tables.jobs import Job, JobFile
from phrase import phrase

# With a job's id the key of the lock that its driver holds; one-key locks are of a space of their own.
_DRIVING = 1
COUNTED = ("done", "changed", "unchanged", "failed")

# Id, subject, outcome and what is said of an object: what is kept of each row of a job.
RowValues = tuple[int, str, str, str | None]


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job whose next page nobody else does until the transaction ends."""

    id: int
    kind: str
    state: str
    by: str
    order: Mapping[str, Any]
    cursor: Mapping[str, Any]
    counts: Mapping[str, int]
    total: int | None
    started_at: datetime


def open_job(
    session: Session,
    kind: str,
    by: str,
    order: Mapping[str, Any],
    file: tuple[str, bytes] | None = None,
    total: int | None = None,
) -> int:
    """Write down that bulk work is ordered, with the name and content of the file it reads; return its id."""
    values = {"kind": kind, "state": "running", "order": dict(order), "started_by": by, "total": total}
    statement = insert(Job).values(**values, started_at=func.clock_timestamp()).returning(Job.id)
    job_id = session.execute(statement).scalar_one()
    if file is not None:
        name, content = file
        session.execute(insert(JobFile).values(job_id=job_id, name=name, content=content))
    return job_id


def hold_job(session: Session, job_id: int) -> HeldJob | None:
    """Return the job, kept from other drivers until the transaction ends; None if it has one or does not exist.

    The row itself stays free, so that a person who cancels does not wait for the page. The lock goes with the
    connection of a driver that dies.
    """
    driving = text("SELECT pg_try_advisory_xact_lock(:what, CAST(:job_id % 2147483647 AS integer))")
    if not session.scalar(driving, {"what": _DRIVING, "job_id": job_id}):
        return None
    # Only under the lock it is known where the last driver got to.
    job = session.get(Job, job_id)
    if job is None:
        return None
    counts = {name: int(count) for name, count in job.counts.items()}
    facts = job.order, job.cursor, counts, job.total, job.started_at
    return HeldJob(job.id, job.kind, job.state, job.started_by, *facts)


def set_total(session: Session, job_id: int, total: int | None) -> None:
    """Keep how many objects the job is about."""
    session.execute(update(Job).where(Job.id == job_id).values(total=total))


_MOVE = text("""
WITH pace AS (
  SELECT CAST(:done AS float8) / p.seconds AS newest, exp(-p.seconds / 30) AS weight
    FROM (SELECT greatest(extract(epoch FROM clock_timestamp() - CASE
                   -- A job that lay still for want of a worker was not slow.
                   WHEN moved_at > now() - interval '10 seconds' THEN moved_at ELSE now() END), 0.001) AS seconds
            FROM jobs WHERE id = :job_id) p)
UPDATE jobs
   SET cursor = COALESCE(CAST(:cursor AS jsonb), jobs.cursor), counts = CAST(:counts AS jsonb),
       moved_at = clock_timestamp(),
       rate = pace.newest + (COALESCE(jobs.rate, pace.newest) - pace.newest) * pace.weight
  FROM pace
 WHERE id = :job_id
""")


def move_job(
    session: Session,
    job: HeldJob,
    cursor: Mapping[str, Any] | None,
    counts: Mapping[str, int],
    rows: Iterable[RowValues] = (),
) -> None:
    """Note in the transaction of a page where the next one begins, what this one did, and what became of its rows.

    A cursor of None leaves it where it is. Counts are added to those of the job.
    """
    added = {name: job.counts.get(name, 0) + counts.get(name, 0) for name in {*COUNTED, *job.counts, *counts}}
    moved = {
        "job_id": job.id,
        "cursor": None if cursor is None else json.dumps(dict(cursor)),
        "counts": json.dumps(added),
        "done": counts.get("done", 0),
    }
    session.execute(_MOVE, moved)
    _keep_rows(session, job.id, rows)


def _keep_rows(session: Session, job_id: int, rows: Iterable[RowValues]) -> None:
    """Copy the rows in: a page of an import has thousands."""
    ready = list(rows)
    if not ready:
        return
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy("COPY job_rows (job_id, position, subject, outcome, said) FROM STDIN") as copy,
    ):
        for row in ready:
            copy.write_row((job_id, *row))


def end_job(session: Session, job_id: int, state: str, because: str | None = None) -> None:
    """End the job as done, canceled or failed; `because` says why it failed."""
    values = {"state": state, "ended_at": func.clock_timestamp(), "failed_because": because}
    session.execute(update(Job).where(Job.id == job_id, Job.ended_at.is_(None)).values(**values))


def ask_cancel(session: Session, job_id: int, by: str) -> bool:
    """Let the job end after the page under way, or at once if there is none; say whether that is new.

    Raises Refused if it ended in another way.
    """
    state = session.scalar(select(Job.state).where(Job.id == job_id).with_for_update())
    if state is None:
        raise Refused("there is no job {job_id}", job_id=job_id)
    if state in ("canceling", "canceled"):
        return False
    if state != "running":
        raise Refused("job {job_id} has ended: {state}", job_id=job_id, state=phrase(state))
    session.execute(update(Job).where(Job.id == job_id).values(state="canceling", canceled_by=by))
    if hold_job(session, job_id) is not None:
        end_job(session, job_id, "canceled")
    return True


def record_job(
    session: Session,
    kind: str,
    by: str,
    started_at: datetime,
    ended_at: datetime,
    counts: dict[str, int],
    report: list[dict[str, Any]],
) -> int:
    """Write a job that is done already with its counts and its report, and return its id."""
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
