"""The same done to many invoices: first what it would change, then the job, how far it is, and its undoing."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Form, Path
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import NotAllowed, needs, page_router
from console.web.pages.invoices import words
from console.web.pages.invoices.filters import PATH, read
from console.web.pages.invoices.listing import show_list
from console.web.pages.invoices.selection import of_list, of_numbers
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.invoices import numbers_of
from db.queries.jobs import JobView, job_page, job_rows, job_view
from db.queries.timelines import BIGINT_MAX
from intake.job_orders import conditions_stated, work_of
from intake.jobs.foretold import foretell
from intake.jobs.invoice_kinds import INVOICE_KINDS, AssignOrder, PauseOrder
from intake.jobs.over_invoices import OverInvoices
from rules.conditions import VALUES_MAX, Condition
from rules.written import written_conditions

Kind = Literal["bulk assign", "bulk pause", "bulk resume", "bulk hide", "bulk show", "bulk release"]
JobId = Annotated[int, Path(ge=1, le=BIGINT_MAX)]
Text = Annotated[str, Form(max_length=1000)]
FORETOLD_MAX = 500
ROWS_MAX = 100
RUNNING_MAX = 50
router = page_router()
KINDS: dict[str, str] = {
    "bulk assign": N_("Assign a cadence"),
    "bulk pause": N_("Pause"),
    "bulk resume": N_("Resume"),
    "bulk hide": N_("Hide"),
    "bulk show": N_("Show again"),
    "bulk release": N_("Let rules manage them"),
}
JOB_STATES = {
    "running": N_("under way"),
    "canceling": N_("ends after the page under way"),
    "done": N_("done"),
    "failed": N_("failed"),
    "canceled": N_("canceled"),
}
# What takes back exactly what was done. A cadence that was assigned has no such: messages may have gone out.
_BACK: dict[str, Kind] = {
    "bulk pause": "bulk resume",
    "bulk hide": "bulk show",
    "bulk show": "bulk hide",
}


@router.post(f"{PATH}/bulk", **needs(Role.MEMBER))
def preview(
    visit: Visiting,
    kind: Annotated[Kind, Form()],
    query: Annotated[str, Form(max_length=4000)] = "",
    whole: Annotated[bool, Form()] = False,
    chosen: Annotated[list[int] | None, Form(max_length=VALUES_MAX)] = None,
    cadence: Annotated[str, Form(max_length=200)] = "",
    until: Annotated[date | None, Form()] = None,
    reason: Text = "",
) -> Response:
    """Show what an order would change, before anybody gives it."""
    asked = read(QueryParams(query))
    try:
        with transaction(visit.web.engine) as session:
            if whole:
                conditions = of_list(session, asked.choice, local_date(session, visit.now))
            else:
                numbers = numbers_of(session, [one for one in chosen or () if 0 < one <= BIGINT_MAX])
                conditions = of_numbers(sorted(numbers.values()))
        return _show_preview(visit, kind, conditions, cadence, until, reason, asked.address())
    except Refused as refusal:
        return show_list(visit, asked, problem=refusal.said, status=422)


@router.post(f"{PATH}/bulk/order", **needs(Role.MEMBER))
def order(
    visit: Visiting,
    kind: Annotated[Kind, Form()],
    conditions: Annotated[str, Form(max_length=200_000)],
    cadence: Annotated[str, Form(max_length=200)] = "",
    until: Annotated[date | None, Form()] = None,
    reason: Text = "",
) -> Response:
    """Order what was shown; a job that does the same already is shown instead of another one."""
    with visit.work() as work:
        wanted = _order_of(kind, conditions_stated(work.session, _stated(conditions)), cadence, until, reason)
        job_id = _running_twin(work.session, kind, wanted)
        if job_id is not None:
            work.nothing_changed()
        else:
            job_id = work.desk.open_bulk(kind, wanted)
            where = written_conditions(wanted.conditions)[:400]
            work.note("bulk work ordered", "job", f"{kind} {job_id}", where=where or None, cadence=cadence or None)
    return visit.go(f"{PATH}/bulk/{job_id}")


@router.get(f"{PATH}/bulk/{{job_id:int}}", **needs(Role.MEMBER))
def progress(visit: Visiting, job_id: JobId) -> Response:
    """Show how far a job is."""
    with transaction(visit.web.engine) as session:
        job = _job(session, job_id)
        refused = job_rows(session, job_id, ROWS_MAX, only_refused=True) if job.failed else []
    return visit.page(
        "invoices/job.html",
        part="invoices/job_progress.html",
        job=job,
        refused=refused,
        state=JOB_STATES[job.state],
        kinds=KINDS,
        where=written_conditions(work_of(job.kind).read(job.order).conditions),
        back=_BACK.get(job.kind) if job.is_over and 0 < job.changed <= VALUES_MAX else None,
        may_cancel=job.by == visit.user.email or visit.user.role.may_act_as(Role.ADMIN),
        minutes_left=None if job.seconds_left is None else int(job.seconds_left // 60) + 1,
    )


@router.post(f"{PATH}/bulk/{{job_id:int}}/cancel", **needs(Role.MEMBER))
def cancel(visit: Visiting, job_id: JobId) -> Response:
    """Let a job end after the page under way."""
    with visit.work() as work:
        job = _job(work.session, job_id)
        if job.by != visit.user.email and not visit.user.role.may_act_as(Role.ADMIN):
            raise NotAllowed(Role.ADMIN)
        work.note_if(work.desk.cancel_job(job_id), "bulk work canceled", "job", f"{job.kind} {job_id}")
    return visit.go(f"{PATH}/bulk/{job_id}")


@router.post(f"{PATH}/bulk/{{job_id:int}}/undo", **needs(Role.MEMBER))
def undo(visit: Visiting, job_id: JobId) -> Response:
    """Show what it would change to take back what a job changed, and nothing else."""
    with transaction(visit.web.engine) as session:
        job = _job(session, job_id)
        rows = job_rows(session, job_id, VALUES_MAX * 2 + 1)
    changed = [row.subject for row in rows if row.outcome == "changed"]
    if job.kind not in _BACK or not job.is_over or len(changed) != job.changed:
        raise Refused("this cannot be taken back at once; look at the invoices one by one")
    return _show_preview(visit, _BACK[job.kind], of_numbers(changed), "", None, "", f"{PATH}/bulk/{job_id}")


def _show_preview(
    visit: Visit,
    kind: Kind,
    conditions: tuple[Condition, ...],
    cadence: str,
    until: date | None,
    reason: str,
    back: str,
) -> Response:
    wanted = _order_of(kind, conditions, cadence, until, reason)
    said = foretell(visit.web.engine, work_of(kind), wanted, visit.now, at_most=FORETOLD_MAX)
    return visit.page(
        "invoices/bulk.html",
        kind=kind,
        title=KINDS[kind],
        foretold=said,
        where=written_conditions(conditions),
        conditions=json.dumps([one.model_dump(mode="json") for one in conditions]),
        cadence=cadence,
        until=until,
        reason=reason.strip(),
        back=back,
        words=words,
    )


def _order_of(
    kind: str, conditions: tuple[Condition, ...], cadence: str, until: date | None, reason: str
) -> OverInvoices:
    match kind:
        case "bulk assign":
            return AssignOrder(conditions=conditions, cadence=cadence or None)
        case "bulk pause":
            return PauseOrder(conditions=conditions, until=until, reason=reason.strip() or None)
        case _:
            return OverInvoices(conditions=conditions)


def _stated(conditions: str) -> list[dict[str, Any]]:
    try:
        stated = json.loads(conditions)
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
        raise Refused("the conditions cannot be read")
    return stated


def _running_twin(session: Session, kind: str, wanted: OverInvoices) -> int | None:
    order = wanted.model_dump(mode="json")
    running = job_page(session, RUNNING_MAX, only_running=True)
    return next((job.id for job in running if job.kind == kind and job.order == order), None)


def _job(session: Session, job_id: int) -> JobView:
    job = job_view(session, job_id)
    if job is None or job.kind not in {kind.name for kind in INVOICE_KINDS}:
        raise HTTPException(404)
    return job
