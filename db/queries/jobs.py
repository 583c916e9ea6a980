"""Reads bulk jobs: how far they are, which there are, and what became of each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Float, Select, case, cast, func, select
from sqlalchemy.orm import Session

from db.queries.reconciling import RECONCILE
from db.tables.jobs import Job, JobFile, JobRow

# A job that did no page for so long waits for a worker: how fast it was says nothing about when it ends.
STILL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and how far it is.

    `total` is None while nobody knows it; `rate` is in objects per second, None while nothing moves, and
    `seconds_left` follows from both. `counts` has more than the four names where its kind counts more.
    """

    id: int
    kind: str
    state: str
    order: Mapping[str, Any]
    by: str
    started_at: datetime
    ended_at: datetime | None
    canceled_by: str | None
    failed_because: str | None
    total: int | None
    counts: Mapping[str, int]
    moved_at: datetime | None
    rate: float | None

    @property
    def is_over(self) -> bool:
        """Say whether it has ended, one way or another."""
        return self.ended_at is not None

    @property
    def done(self) -> int:
        """Return how many objects were looked at."""
        return self.counts.get("done", 0)

    @property
    def changed(self) -> int:
        """Return how many objects are others now."""
        return self.counts.get("changed", 0)

    @property
    def unchanged(self) -> int:
        """Return how many objects were so already."""
        return self.counts.get("unchanged", 0)

    @property
    def failed(self) -> int:
        """Return how many objects were refused."""
        return self.counts.get("failed", 0)

    @property
    def seconds_left(self) -> float | None:
        """Return about how long it will take; None if that is not known, 0 at its end."""
        if self.is_over:
            return 0.0
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate


@dataclass(frozen=True, slots=True)
class JobRowView:
    """What became of one object of a job; `said` is why."""

    position: int
    subject: str
    outcome: str
    said: str | None


def _views() -> Select[*tuple[Any, ...]]:
    still = func.extract("epoch", func.clock_timestamp() - Job.moved_at)
    lasted = func.extract("epoch", Job.ended_at - Job.started_at)
    overall = cast(Job.counts["done"].astext, Float) / func.nullif(lasted, 0)
    rate = case((Job.ended_at.is_not(None), overall), (still < STILL_SECONDS, Job.rate))
    facts = Job.order, Job.started_by, Job.started_at, Job.ended_at, Job.canceled_by, Job.failed_because
    return select(Job.id, Job.kind, Job.state, *facts, Job.total, Job.counts, Job.moved_at, rate.label("rate"))


def job_view(session: Session, job_id: int) -> JobView | None:
    """Return the job, or None if there is none of that id."""
    row = session.execute(_views().where(Job.id == job_id)).one_or_none()
    return None if row is None else JobView(*row)


def job_page(
    session: Session,
    limit: int,
    before_id: int | None = None,
    *,
    only_running: bool = False,
    kind: str | None = None,
) -> list[JobView]:
    """Return a page of jobs, of one kind or of all, newest first (pk_jobs, ix_jobs_running, ix_jobs_kind)."""
    statement = _views().order_by(Job.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(Job.kind == kind)
    if before_id is not None:
        statement = statement.where(Job.id < before_id)
    if only_running:
        statement = statement.where(Job.ended_at.is_(None))
    rows: list[Any] = list(session.execute(statement))
    return [JobView(*row) for row in rows]


def running_jobs(session: Session, limit: int) -> Sequence[tuple[int, str]]:
    """Return ids and kinds of the oldest jobs that have not ended (ix_jobs_running).

    Not the nightly comparison, which has a process of another kind.
    """
    statement = select(Job.id, Job.kind).where(Job.ended_at.is_(None), Job.kind != RECONCILE)
    statement = statement.order_by(Job.id).limit(limit)
    return [(row.id, row.kind) for row in session.execute(statement)]


def job_rows(
    session: Session, job_id: int, limit: int, after: int = -1, *, only_refused: bool = False
) -> list[JobRowView]:
    """Return a page of what became of the job's objects, by position (pk_job_rows, ix_job_rows_refused)."""
    statement = (
        select(JobRow.position, JobRow.subject, JobRow.outcome, JobRow.said)
        .where(JobRow.job_id == job_id, JobRow.position > after)
        .order_by(JobRow.position)
        .limit(limit)
    )
    if only_refused:
        statement = statement.where(JobRow.outcome == "refused")
    return [JobRowView(*row) for row in session.execute(statement)]


def job_file_names(session: Session, job_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the files that these jobs read, of those that read any (pk_job_files)."""
    found = select(JobFile.job_id, JobFile.name).where(JobFile.job_id.in_(set(job_ids)))
    return {row.job_id: row.name for row in session.execute(found)}


def job_file(session: Session, job_id: int) -> tuple[str, bytes] | None:
    """Return the name and the content of the file that the job reads, None if it reads none."""
    row = session.execute(select(JobFile.name, JobFile.content).where(JobFile.job_id == job_id)).one_or_none()
    return None if row is None else (row.name, row.content)
