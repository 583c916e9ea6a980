"""Saves a history of every shape of a bulk job's process: `python -m tests.workflows.save_job_histories`.

As for the processes of invoices (save_histories): run it when no installation runs the older code any more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio import activity
from temporalio.worker import Worker

from activities.interface import ADVANCE_JOB, BULK_QUEUE, CANCEL_JOB, AdvanceRequest, CancelRequest, JobProgress
from intake.jobs.driver import advance
from intake.jobs.invoice_kinds import PauseOrder
from intake.jobs.keeping import start_jobs
from tests.db.jobs import UNPAID, job_of, open_over
from tests.installation import Installation
from tests.workflows.saving import own_installation, save_runs
from workflows.bulk_job import BulkJob
from workflows.client import process_of_job

DIRECTORY = Path(__file__).parent / "job_histories"


async def done(installation: Installation, job_id: int) -> None:
    """It is done in one round."""
    async with installation.working():
        await start_jobs(installation.engine, installation.client)
        await process_of_job(installation.client, job_id).result()


async def canceled(installation: Installation, job_id: int) -> None:
    """Somebody cancels it in Temporal before its worker is there."""
    await start_jobs(installation.engine, installation.client)
    await process_of_job(installation.client, job_id).signal("cancel", {"by": "bob"})
    async with installation.working():
        await process_of_job(installation.client, job_id).result()


async def canceled_as_a_process(installation: Installation, job_id: int) -> None:
    """Somebody cancels the process itself, as the Temporal Web UI offers it."""
    await start_jobs(installation.engine, installation.client)
    await process_of_job(installation.client, job_id).cancel()
    async with installation.working():
        await process_of_job(installation.client, job_id).result()


class Short:
    """Activities whose rounds are over at once, so that a job takes many."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    @activity.defn(name=ADVANCE_JOB)
    async def advance_job(self, request: AdvanceRequest) -> JobProgress:
        """Say that the job goes on, until it does not."""
        self.rounds -= 1
        ends = self.rounds == 0
        return JobProgress(
            ends=ends, kind="bulk pause", state="done" if ends else "running", sentence="It goes on."
        )

    @activity.defn(name=CANCEL_JOB)
    async def cancel_job(self, request: CancelRequest) -> None:
        """Nobody cancels it."""


async def continued_as_new(installation: Installation, job_id: int) -> None:
    """It takes more rounds than a history should be long."""
    short = Short(rounds=20)
    await start_jobs(installation.engine, installation.client)
    async with Worker(
        installation.client,
        task_queue=BULK_QUEUE,
        workflows=[BulkJob],
        activities=[short.advance_job, short.cancel_job],
    ):
        await process_of_job(installation.client, job_id).result()
    while not job_of(installation.engine, job_id).is_over:
        advance(installation.engine, job_id)


SHAPES: dict[str, Callable[[Installation, int], Awaitable[None]]] = {
    shape.__name__.replace("_", "-"): shape for shape in (done, canceled, canceled_as_a_process, continued_as_new)
}


async def save(installation: Installation, directory: Path) -> None:
    """Live through every shape with a job of its own, and save the histories."""
    installation.invoice("INV-1", due_in_days=20)
    for name, shape in SHAPES.items():
        job_id = open_over(installation.engine, "bulk pause", PauseOrder(conditions=(UNPAID,), reason=name))
        await shape(installation, job_id)
        await save_runs(installation, process_of_job(installation.client, job_id), directory / f"{name}.json")


async def main() -> None:
    """Save all histories from servers of their own."""
    async with own_installation() as installation:
        await save(installation, DIRECTORY)


if __name__ == "__main__":
    asyncio.run(main())
