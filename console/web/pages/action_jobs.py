"""One order about very many to-dos: first what it would do, then its job and what that left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Form, Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.addresses import address_of
from console.web.guard import NotAllowed, needs, page_router
from console.web.id_lists import NoIds, packed_ids, unpacked_ids
from console.web.pages.action_filter import TODOS, Asked
from console.web.pages.invoices.bulk import JOB_STATES
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import Session, transaction
from db.queries.access import Role
from db.queries.jobs import JobView, job_page, job_rows, job_view
from intake.job_orders import todo_work_of
from intake.jobs.over_todos import TODOS_MAX, OverTodos
from intake.jobs.todo_kinds import TODO_KINDS, EndOrder, HandOnOrder, SnoozeOrder
from intake.jobs.todos_foretold import foretell_todos

PATH = "/actions/bulk"
# The ids of as many to-dos as a job may be about are in the form, packed.
FORM_BYTES_MAX = 4 * 1024 * 1024
FORETOLD_MAX = 500
REASONS_MAX = 12
ROWS_MAX = 100
RUNNING_MAX = 50
router = page_router()
Ids = Annotated[str, Form(max_length=FORM_BYTES_MAX)]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
After = Annotated[int, Query(ge=0, le=2**63 - 1)]
# By what forms say: the kind of the job, and what the audit log says of a single to-do.
KINDS = {
    "done": ("complete to-dos", "to-do completed"),
    "ignored": ("ignore to-dos", "to-do ignored"),
    "send": ("send to-dos", "message sent"),
    "snooze": ("snooze to-dos", "to-do snoozed"),
    "assign": ("assign to-dos", "to-do assigned"),
}
TITLES = {
    "complete to-dos": N_("Complete to-dos"),
    "ignore to-dos": N_("Ignore to-dos"),
    "send to-dos": N_("Send messages"),
    "snooze to-dos": N_("Put to-dos off"),
    "assign to-dos": N_("Hand to-dos on"),
}
WOULD = {
    "complete to-dos": N_("would be completed"),
    "ignore to-dos": N_("would be ignored"),
    "send to-dos": N_("messages would go out"),
    "snooze to-dos": N_("would be put off"),
    "assign to-dos": N_("would be handed on"),
}
WERE = {
    "complete to-dos": N_("were completed"),
    "ignore to-dos": N_("were ignored"),
    "send to-dos": N_("messages were released"),
    "snooze to-dos": N_("were put off"),
    "assign to-dos": N_("were handed on"),
}
DETAILS = (N_("to-dos"),)


@dataclass(frozen=True, slots=True)
class Doing:
    """What is to be done, as forms say it. Raises HTTPException."""

    do: str
    until: str = ""
    owner: str = ""

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            raise HTTPException(422)

    @property
    def kind(self) -> str:
        """Return the kind of its job."""
        return KINDS[self.do][0]

    @property
    def verb(self) -> str:
        """Return what the audit log says of one to-do."""
        return KINDS[self.do][1]

    def order(self, where: str) -> OverTodos | None:
        """Return the order; None if it lacks its day or owner."""
        match self.do:
            case "done" | "ignored":
                return EndOrder(where=where, outcome=self.do)
            case "snooze":
                day = _day(self.until)
                return None if day is None else SnoozeOrder(where=where, until=day)
            case "assign":
                is_named = bool(self.owner) and self.owner.isprintable()
                return HandOnOrder(where=where, owner=self.owner) if is_named else None
            case _:
                return OverTodos(where=where)


def show_preview(visit: Visit, asked: Asked, doing: Doing, order: OverTodos, ids: Sequence[int]) -> Response:
    """Show what the order would do to these to-dos, before anybody gives it. Raises Refused."""
    work = todo_work_of(doing.kind)
    said = foretell_todos(visit.web.engine, work, order, ids, visit.now, at_most=FORETOLD_MAX)
    return visit.page(
        "actions/bulk.html",
        kind=doing.kind,
        doing=doing,
        order=order,
        title=TITLES[doing.kind],
        would=WOULD[doing.kind],
        foretold=said,
        reasons=said.refused.most_common(REASONS_MAX),
        ids=packed_ids(ids),
        listed=asked.path(open="", after="") if order.where else "",
        back=asked.path(open="", after=""),
    )


@router.post(f"{PATH}/order", **needs(Role.MEMBER, FORM_BYTES_MAX))
def order(
    visit: Visiting,
    do: Annotated[str, Form(max_length=20)],
    ids: Ids,
    until: Annotated[str, Form(max_length=40)] = "",
    owner: Annotated[str, Form(max_length=400)] = "",
    listed: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Order what was shown, for those to-dos alone; a job that does it already is shown instead of another one.

    `listed` is the list that they were all of, empty for those that were ticked.
    """
    doing = Doing(do, until, owner)
    wanted = doing.order(Asked.of_path(listed).written(visit.user.email) if listed else "")
    if wanted is None:
        raise HTTPException(422)
    try:
        found = unpacked_ids(ids, TODOS_MAX)
    except NoIds as error:
        raise HTTPException(422) from error
    with visit.work() as work:
        job_id = _running_twin(work.session, doing.kind, wanted.about(found))
        if job_id is not None:
            work.nothing_changed()
        else:
            job_id = work.desk.open_over_todos(doing.kind, wanted, found)
            stated = wanted.model_dump(mode="json", include={"where", "until", "owner"})
            details = {"to-dos": len(found)} | {name: value for name, value in stated.items() if value}
            work.note("bulk work ordered", "job", f"{doing.kind} {job_id}", **details)
    return visit.go(f"{PATH}/{job_id}")


@router.get(f"{PATH}/{{job_id:int}}", **needs(Role.MEMBER))
def progress(visit: Visiting, job_id: JobId, after: After = 0) -> Response:
    """Show how far a job is, and what it left as it was."""
    with transaction(visit.web.engine) as session:
        job = _job(session, job_id)
        found = job_rows(session, job_id, ROWS_MAX + 1, after, only_refused=True) if job.failed else []
    refused = found[:ROWS_MAX]
    path = f"{PATH}/{job_id}"
    return visit.page(
        "actions/job.html",
        part="actions/job_progress.html",
        job=job,
        order=todo_work_of(job.kind).read(job.order),
        title=TITLES[job.kind],
        were=WERE[job.kind],
        refused=refused,
        first=path if after else None,
        further=address_of(path, {"after": refused[-1].position}) if len(found) > ROWS_MAX else None,
        state=JOB_STATES[job.state],
        may_cancel=_may_cancel(visit, job),
        minutes_left=None if job.seconds_left is None else int(job.seconds_left // 60) + 1,
        back=TODOS,
    )


@router.post(f"{PATH}/{{job_id:int}}/cancel", **needs(Role.MEMBER))
def cancel(visit: Visiting, job_id: JobId) -> Response:
    """Let a job end after the page under way."""
    with visit.work() as work:
        job = _job(work.session, job_id)
        if not _may_cancel(visit, job):
            raise NotAllowed(Role.ADMIN)
        work.note_if(work.desk.cancel_job(job_id), "bulk work canceled", "job", f"{job.kind} {job_id}")
    return visit.go(f"{PATH}/{job_id}")


def _may_cancel(visit: Visit, job: JobView) -> bool:
    return job.by == visit.user.email or visit.user.role.may_act_as(Role.ADMIN)


def _running_twin(session: Session, kind: str, wanted: OverTodos) -> int | None:
    stated = wanted.model_dump(mode="json")
    running = job_page(session, RUNNING_MAX, only_running=True)
    return next((job.id for job in running if job.kind == kind and job.order == stated), None)


def _job(session: Session, job_id: int) -> JobView:
    job = job_view(session, job_id)
    if job is None or job.kind not in {kind.name for kind in TODO_KINDS}:
        raise HTTPException(404)
    return job


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
