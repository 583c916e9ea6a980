"""The activities of `BulkJob`: pages of a job for half a minute, and its cancel."""

import time

import structlog
from temporalio import activity

from activities.heartbeat import heartbeats
from activities.interface import ADVANCE_JOB, CANCEL_JOB, AdvanceRequest, CancelRequest, JobProgress
from db.engine import Engine, transaction
from db.operations.refusal import Refused
from db.queries.jobs import JobView
from intake.jobs.cancel import cancel_job
from intake.jobs.driver import IDLE_SECONDS, advance
from intake.jobs.words import sentence_of

# Long enough for a round to cost nothing beside its pages, short enough for jobs side by side to take turns.
ROUND_SECONDS = 30.0
log = structlog.get_logger()


class JobActivities:
    """The activities of `BulkJob`, bound to a ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @activity.defn(name=ADVANCE_JOB, no_thread_cancel_exception=True)
    def advance_job(self, request: AdvanceRequest) -> JobProgress:
        """Do pages of the job until it is over or the round is, and return how far it is.

        Raises LedgerUnavailable and UnknownKind, for Temporal to retry.
        """
        ends_at = time.monotonic() + ROUND_SECONDS
        with heartbeats():
            while True:
                progress = advance(self._engine, request.job_id)
                if progress.job.is_over or time.monotonic() >= ends_at or activity.is_worker_shutdown():
                    return progress_of(progress.job)
                if not progress.has_moved:
                    time.sleep(IDLE_SECONDS)

    @activity.defn(name=CANCEL_JOB, no_thread_cancel_exception=True)
    def cancel_job(self, request: CancelRequest) -> None:
        """Cancel the job, unless it has ended or cannot be left half-way. Raises LedgerUnavailable."""
        try:
            with transaction(self._engine) as session:
                cancel_job(session, request.job_id, request.by)
        except Refused as refusal:
            log.warning("not canceled", job_id=request.job_id, because=str(refusal))


def progress_of(job: JobView) -> JobProgress:
    """Return the job as its process shows it."""
    return JobProgress(
        ends=job.is_over,
        kind=job.kind,
        state=job.state,
        sentence=sentence_of(job),
        done=job.done,
        changed=job.changed,
        unchanged=job.unchanged,
        failed=job.failed,
        total=job.total,
        rate=job.rate,
        seconds_left=job.seconds_left,
    )
