"""Bulk work: `/v1/jobs`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from console.api.calls import ChangeOne, ReadList, ReadOne
from console.api.documented import changing, listing, reading
from console.api.fields import Shown
from console.api.guard import GuardedRoute
from console.api.parameters import LIMIT_DEFAULT, Cursor, IdInPath, Limit, page_of, place_of
from db.engine import Session
from db.operations.record_locks import lock_job_record
from db.queries.jobs import JobView, job_page, job_view

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=GuardedRoute)


class Job(Shown):
    """A piece of bulk work, and how far it is: `counts` has done, changed, unchanged and failed."""

    id: int
    kind: str
    state: str = Field(examples=["running"])
    order: dict[str, Any]
    by: str
    started_at: datetime
    ended_at: datetime | None
    canceled_by: str | None
    failed_because: str | None
    total: int | None
    counts: dict[str, int]


class JobList(Shown):
    """A page of jobs, the newest first."""

    items: list[Job]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class JobResource:
    """A job."""

    id: int

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_job_record(session, self.id)

    def show(self, session: Session) -> Job | None:
        """Return what it looks like."""
        view = job_view(session, self.id)
        return None if view is None else shown(view)


def shown(view: JobView) -> Job:
    """Return a job as it is answered."""
    return Job(**{name: getattr(view, name) for name in Job.model_fields})


@router.get("", **listing("jobs:read", JobList, "listJobs"))
async def list_jobs(
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    running: Annotated[bool, Query(description="Only those that have not ended.")] = False,
) -> Response:
    """List the jobs, the newest first."""

    def page(session: Session) -> JobList:
        before_id = None if cursor is None else place_of(cursor)
        views = job_page(session, limit + 1, before_id, only_running=running)
        listed, more = page_of(views, limit)
        return JobList(items=[shown(view) for view in listed], next_cursor=more)

    return await call.page(page)


@router.get("/{id}", **reading("jobs:read", Job, "getJob"))
async def get_job(job_id: IdInPath, call: ReadOne) -> Response:
    """Return a job."""
    return await call.one(JobResource(job_id).show, f"job {job_id}")


@router.post("/{id}/cancel", **changing("jobs:write", Job, "cancelJob", body=False))
async def cancel(job_id: IdInPath, call: ChangeOne) -> Response:
    """Let a job end after the page under way; what it did stays."""
    return await call.of(JobResource(job_id), lambda desk: desk.cancel_job(job_id), f"job {job_id}")
