"""The durable process of a bulk job: one round of pages after the other until it is over.

It knows nothing of what the job does: the ledger has its cursor, and the activity goes on from there. So a worker
that dies costs the page that was under way, and nothing is done twice.
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.interface import (
        ADVANCE_JOB,
        BULK_JOB,
        CANCEL_JOB,
        AdvanceRequest,
        CancelRequest,
        JobProgress,
        JobStart,
    )

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
# A round takes half a minute, and its last page some seconds more.
ROUND_MAX = timedelta(minutes=10)
# Without a heartbeat for this long a round is lost with its worker, and made again; see activities.heartbeat.
HEARTBEAT_TIMEOUT = timedelta(seconds=15)
ROUNDS_MAX = 300


@workflow.defn(name=BULK_JOB)
class BulkJob:
    """Keeps one bulk job going until it is done, canceled or failed."""

    @workflow.init
    def __init__(self, start: JobStart) -> None:
        self._job_id = start.job_id
        self._cancel_by = start.cancel_by
        self._progress: JobProgress | None = None

    @workflow.run
    async def run(self, start: JobStart) -> str:
        """Go on with the job until it is over, and return the sentence that says how it ended."""
        rounds = 0
        while True:
            self._progress = await self._advance()
            workflow.set_current_details(self._progress.sentence)
            if self._progress.ends:
                return self._progress.sentence
            rounds += 1
            if rounds >= ROUNDS_MAX or workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(JobStart(job_id=self._job_id, cancel_by=self._cancel_by))

    async def _advance(self) -> JobProgress:
        """Do a round, in which the job may be canceled, and return how far it is."""
        advancing = workflow.start_activity(
            ADVANCE_JOB,
            AdvanceRequest(job_id=self._job_id),
            result_type=JobProgress,
            start_to_close_timeout=ROUND_MAX,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RETRIES,
        )
        while not advancing.done():
            try:
                await workflow.wait_condition(lambda: advancing.done() or self._cancel_by is not None)
                if self._cancel_by is not None:
                    await self._cancel(self._cancel_by)
            except asyncio.CancelledError:
                # Whoever cancels the process in the Temporal Web UI means the job.
                self._cancel_by = "temporal"
        progress: JobProgress = await advancing
        return progress

    async def _cancel(self, by: str) -> None:
        """Tell the ledger, where the round finds it at the end of its page."""
        await workflow.execute_activity(
            CANCEL_JOB,
            CancelRequest(job_id=self._job_id, by=by),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )
        self._cancel_by = None

    @workflow.query
    def progress(self) -> JobProgress | None:
        """Return how far the job was after the last round, None before the first."""
        return self._progress

    @workflow.signal(description='End the job after the page under way. {"by": "ana"}, which may be left out.')
    def cancel(self, payload: Any = None) -> None:
        """Cancel the job."""
        by = payload.get("by") if isinstance(payload, dict) else None
        self._cancel_by = str(by or "temporal")
