"""Jobs: bulk work, how far it is, what became of each object, and its cancel."""

from typing import Annotated, Final

from fastapi import Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from console.views.row_report import report_lines
from console.web.addresses import address_of
from console.web.guard import needs, page_router
from console.web.job_facts import facts_of
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.queries.access import Role
from db.queries.jobs import JobView, job_file_names, job_page, job_rows, job_view
from intake.imports.importing import refused_in, rows_of
from intake.jobs.cancel import NEVER
from intake.jobs.words import lasts

PATH = "/jobs"
PAGE_JOBS = 30
PAGE_ROWS = 100
ID_MAX: Final = 2**63 - 1
JobId = Annotated[int, Path(ge=1, le=ID_MAX)]
Cursor = Annotated[int | None, Query(ge=0, le=ID_MAX)]
Choice = Annotated[str, Query(max_length=20)]
router = page_router()

KINDS = (
    N_("import"),
    N_("apply rules"),
    N_("bulk assign"),
    N_("bulk pause"),
    N_("bulk resume"),
    N_("bulk hide"),
    N_("bulk show"),
    N_("bulk release"),
    N_("complete to-dos"),
    N_("ignore to-dos"),
    N_("send to-dos"),
    N_("snooze to-dos"),
    N_("assign to-dos"),
    N_("publish"),
    N_("reconcile"),
)
STATES = (N_("running"), N_("canceling"), N_("done"), N_("failed"), N_("canceled"))
OUTCOMES = (N_("created"), N_("changed"), N_("unchanged"), N_("refused"))
FILES = (N_("customers"), N_("invoices"), N_("payments"), N_("credit notes"))
NOTED = (N_("job canceled"), N_("job"), N_("kind"))


@router.get(PATH, **needs(Role.ADMIN))
def list_jobs(visit: Visiting, only: Choice = "", before: Cursor = None) -> Response:
    """List the jobs, the newest first."""
    is_running = only == "running"
    with transaction(visit.web.engine) as session:
        found = job_page(session, PAGE_JOBS + 1, before, only_running=is_running)
        # What a list of to-dos is kept as is no file that anybody brought.
        files = job_file_names(session, [job.id for job in found if job.kind == "import"])
    jobs = found[:PAGE_JOBS]
    chosen = {"only": "running"} if is_running else {}
    return visit.page(
        "jobs/list.html",
        part="jobs/jobs.html",
        jobs=jobs,
        files=files,
        only="running" if is_running else "",
        lasts=lasts,
        newest=address_of(PATH, chosen) if before is not None else None,
        older=address_of(PATH, {**chosen, "before": jobs[-1].id}) if len(found) > PAGE_JOBS else None,
    )


@router.get(f"{PATH}/{{job_id}}", **needs(Role.ADMIN))
def show_job(visit: Visiting, job_id: JobId, only: Choice = "", after: Cursor = None) -> Response:
    """Show one job with its progress and its report."""
    return _show(visit, job_id, only, after)


@router.get(f"{PATH}/{{job_id}}/progress", **needs(Role.ADMIN))
def show_progress(visit: Visiting, job_id: JobId) -> Response:
    """Show how far the job is; htmx asks for this again and again until it has ended, and then for its report."""
    if "hx-request" not in visit.request.headers:
        return visit.go(f"{PATH}/{job_id}")
    return _show(visit, job_id, "", None, template="jobs/progress_and_rows.html")


@router.post(f"{PATH}/{{job_id}}/cancel", **needs(Role.ADMIN))
def cancel_job(visit: Visiting, job_id: JobId) -> Response:
    """Let the job end after the page under way."""
    with visit.work() as work:
        job = _job(work.session, job_id)
        work.note_if(work.desk.cancel_job(job_id), "job canceled", "job", str(job_id), kind=job.kind)
    return visit.go(
        f"{PATH}/{job_id}", said=visit.text("The job ends after the page under way. What it did stays.")
    )


@router.get(f"{PATH}/{{job_id}}/report.csv", **needs(Role.ADMIN))
def download_report(visit: Visiting, job_id: JobId, only: Choice = "") -> Response:
    """Answer with what became of each object, as a file."""
    with transaction(visit.web.engine) as session:
        _job(session, job_id)
    rows = (refused_in if only == "refused" else rows_of)(visit.web.engine, job_id)
    headers = {"Content-Disposition": f'attachment; filename="job-{job_id}.csv"'}
    return StreamingResponse(report_lines(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _show(visit: Visit, job_id: int, only: str, after: int | None, template: str = "jobs/job.html") -> Response:
    is_refused = only == "refused"
    with transaction(visit.web.engine) as session:
        job = _job(session, job_id)
        found = job_rows(session, job_id, PAGE_ROWS + 1, -1 if after is None else after, only_refused=is_refused)
        facts = facts_of(session, job, visit)
    rows = found[:PAGE_ROWS]
    path = f"{PATH}/{job_id}"
    chosen = {"only": "refused"} if is_refused else {}
    return visit.page(
        template,
        part="jobs/rows.html" if template == "jobs/job.html" else None,
        job=job,
        facts=facts,
        rows=rows,
        only="refused" if is_refused else "",
        lasts=lasts,
        may_cancel=job.state == "running" and job.kind not in NEVER,
        first=address_of(path, chosen) if after is not None else None,
        further=address_of(path, {**chosen, "after": rows[-1].position}) if len(found) > PAGE_ROWS else None,
    )


def _job(session: Session, job_id: int) -> JobView:
    job = job_view(session, job_id)
    if job is None:
        raise HTTPException(404)
    return job
