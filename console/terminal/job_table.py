"""Prints jobs and their rows as tables."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.table import Table

from console.terminal.tables import row, table_of
from db.queries.jobs import JobRowView, JobView
from intake.jobs.words import lasts


def jobs_table(jobs: Sequence[JobView], time_zone: ZoneInfo) -> Table:
    """Return the jobs, one line each."""
    table = table_of("job", "kind", "state", "by", "began", "done", "changed", "failed", "left")
    for job in jobs:
        began = f"{job.started_at.astimezone(time_zone):%Y-%m-%d %H:%M}"
        left = "" if job.is_over or job.seconds_left is None else lasts(job.seconds_left)
        done = f"{job.done:,}" if job.total is None else f"{job.done:,} of {job.total:,}"
        row(table, job.id, job.kind, job.state, job.by, began, done, f"{job.changed:,}", f"{job.failed:,}", left)
    return table


def rows_table(rows: Sequence[JobRowView]) -> Table:
    """Return what became of objects, one line each."""
    table = table_of("position", "what", "outcome", "because")
    for one in rows:
        row(table, one.position, one.subject, one.outcome, one.said)
    return table
