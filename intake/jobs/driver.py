"""Drives bulk jobs: a page at a time, one driver at a time over all machines, from where the last page ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from db.engine import Engine, LedgerUnavailable, Session, transaction
from db.operations.jobs import HeldJob, end_job, hold_job, move_job, set_total
from db.operations.refusal import Refused
from db.queries.jobs import JobView, job_view
from intake.jobs.kind import DoneSingly, JobKind, Page, Running
from intake.jobs.kinds import UnknownKind, kind_of

# A page that fails in a way that nobody expected is done once more before it is done one by one.
PAGE_ATTEMPTS = 2
SINGLES_MAX = 500
# How long a driver waits that found nothing to do: another one has the job, or what it needs is locked.
IDLE_SECONDS = 0.5
LEDGER_AWAY_SECONDS = 2.0
log = structlog.get_logger()
Work = Callable[[JobKind, Session, Running], Page]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the job is, how many objects were done just now, and whether there was anything to go on with.

    There was not if another driver has the job, or holds what it would do next.
    """

    job: JobView
    done_now: int
    has_moved: bool


def advance(engine: Engine, job_id: int) -> Progress:
    """Do the job's next page, or end it, and return how far it is; a job that has ended stays as it is.

    Raises LedgerUnavailable, UnknownKind, and Refused if there is no such job.
    """
    error: Exception | None = None
    for _ in range(PAGE_ATTEMPTS):
        try:
            return _step(engine, job_id, _page)
        except (LedgerUnavailable, UnknownKind):
            raise
        except Refused as refusal:
            return _fail(engine, job_id, str(refusal))
        except Exception as unexpected:
            log.exception("a page of a job failed", job_id=job_id)
            error = unexpected
    assert error is not None
    try:
        return _singly(engine, job_id)
    except _NotSingly:
        return _fail(engine, job_id, _said(error))


def drive(engine: Engine, job_id: int, show: Callable[[JobView], None] = lambda _job: None) -> JobView:
    """Drive the job to its end in this thread, beside other drivers if there are any, and return how it ended.

    A ledger that goes away on the way is waited for. Raises UnknownKind, and Refused if there is no such job.
    """
    while True:
        try:
            progress = advance(engine, job_id)
        except LedgerUnavailable as away:
            log.warning("the ledger is away, the job waits", job_id=job_id, reason=str(away))
            time.sleep(LEDGER_AWAY_SECONDS)
            continue
        show(progress.job)
        if progress.job.is_over:
            return progress.job
        if not progress.has_moved:
            time.sleep(IDLE_SECONDS)


class _NotSingly(Exception):
    """Objects of the job's kind cannot be done one by one."""


def _page(kind: JobKind, session: Session, job: Running) -> Page:
    return kind.page(session, job)


def _step(engine: Engine, job_id: int, work: Work) -> Progress:
    with transaction(engine) as session:
        held = hold_job(session, job_id)
        page = None if held is None else _move_on(session, held, work)
        if held is None or page is None:
            return Progress(_view(session, job_id), 0, has_moved=False)
        return Progress(_view(session, job_id), page.counts.get("done", 0), page.cursor != held.cursor)


def _move_on(session: Session, held: HeldJob, work: Work) -> Page | None:
    if held.state == "canceling":
        end_job(session, held.id, "canceled")
    if held.state != "running":
        return None
    kind = kind_of(held.kind)
    job = Running(held.id, held.kind, held.by, held.order, held.cursor, held.started_at)
    if held.total is None and not held.cursor:
        set_total(session, held.id, kind.total(session, job))
    page = work(kind, session, job)
    rows = ((row.position, row.subject, row.outcome, row.said) for row in page.rows)
    move_job(session, held, page.cursor, page.counts, rows)
    if page.cursor is None:
        end_job(session, held.id, "done")
    return page


def _singly(engine: Engine, job_id: int) -> Progress:
    """Do objects alone until one of them is given up, or none was the culprit after all."""

    def single(kind: JobKind, session: Session, job: Running) -> Page:
        if not isinstance(kind, DoneSingly):
            raise _NotSingly
        return kind.single(session, job)

    done = 0
    while True:
        try:
            progress = _step(engine, job_id, single)
        except (LedgerUnavailable, UnknownKind, _NotSingly):
            raise
        except Exception as error:
            log.exception("an object of a job is given up", job_id=job_id)
            progress = _step(engine, job_id, _giving_up(_said(error)))
            return replace(progress, done_now=done + progress.done_now)
        done += progress.done_now
        if progress.job.is_over or not progress.has_moved or done >= SINGLES_MAX:
            return replace(progress, done_now=done)


def _giving_up(because: str) -> Work:
    def give_up(kind: JobKind, session: Session, job: Running) -> Page:
        assert isinstance(kind, DoneSingly)
        return kind.give_up(session, job, because)

    return give_up


def _fail(engine: Engine, job_id: int, because: str) -> Progress:
    with transaction(engine) as session:
        if hold_job(session, job_id) is not None:
            end_job(session, job_id, "failed", because)
        return Progress(_view(session, job_id), 0, has_moved=False)


def _view(session: Session, job_id: int) -> JobView:
    view = job_view(session, job_id)
    if view is None:
        raise Refused("there is no job {job_id}", job_id=job_id)
    return view


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
