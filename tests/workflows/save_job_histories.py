"""Saves a history of every shape of a bulk job's process: `python -m tests.workflows.save_job_histories`.

As for the processes of invoices (save_histories): run it when no installation runs the older code any more.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio import activity
from temporalio.worker import Worker

from activities.interface import ADVANCE_JOB, BULK_QUEUE, CANCEL_JOB, AdvanceRequest, CancelRequest, JobProgress
from db.engine import make_engine
from devstack.stack import Stack
from intake.jobs.driver import advance
from intake.jobs.invoice_kinds import PauseOrder
from intake.jobs.keeping import start_jobs
from intake.setup import set_up
from tests.conftest import without_own_servers
from tests.db.jobs import UNPAID, job_of, open_over
from tests.installation import Installation, own_namespace, zone_at_noon
from tests.workflows.save_histories import HISTORY_EVENTS_MAX, write_history
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
        process = process_of_job(installation.client, job_id)
        write_history(directory / f"{name}.json", await process.fetch_history())
        last = (await process.describe()).raw_description.workflow_execution_info
        if last.first_run_id != last.execution.run_id:
            first = installation.client.get_workflow_handle(process.id, run_id=last.first_run_id)
            write_history(directory / f"{name}-first-run.json", await first.fetch_history())


async def main() -> None:
    """Save all histories from servers of their own."""
    limit = {"limit.historyCount.suggestContinueAsNew": HISTORY_EVENTS_MAX}
    DIRECTORY.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        Stack(
            Path(home),
            ui=False,
            durable=False,
            fixed_ports=False,
            dynamic_config=limit,
            environ=without_own_servers(),
        ) as stack,
    ):
        engine = make_engine(stack.database_url, 20)
        set_up(engine, "Duewell Test", "ar@duewell.example")
        client = await own_namespace(stack.temporal_address)
        installation = Installation(stack, engine, stack.database_url, client, mail_before=0)
        installation.set(time_zone=zone_at_noon())
        await save(installation, DIRECTORY)
        engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
