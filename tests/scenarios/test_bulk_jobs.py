"""Bulk jobs through the whole stack: killed workers, cancels, and the lane that their signals take."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from db.engine import transaction
from db.operations.outbox import owe_many
from db.queries.jobs import JobView
from intake.commands import Desk
from intake.import_invoices import import_invoices
from intake.jobs.driver import drive
from intake.jobs.invoice_kinds import PauseOrder
from intake.jobs.keeping import start_jobs
from intake.jobs.over_invoices import PAGE
from intake.relay import deliver_bulk, relay
from tests.db.jobs import UNPAID, job_of, open_over
from tests.installation import ROOT, Installation
from tests.scenarios.books import book
from workflows.client import connect, process_of, process_of_job

MANY = 12 * PAGE
PAUSE = PauseOrder(conditions=(UNPAID,), reason="bulk")


def _a_book(installation: Installation, count: int) -> list[int]:
    """Take in so many invoices, with no signals owed; return their ids."""
    installation.send_at_any_hour()
    import_invoices(installation.engine, book(range(count), installation.today, due_in_days=20))
    with transaction(installation.engine) as session:
        session.connection().exec_driver_sql("DELETE FROM outbox")
    return [invoice_id for (invoice_id,) in installation.rows("SELECT id FROM invoices ORDER BY id")]


def _is_whole(installation: Installation, job: JobView) -> bool:
    """Say whether every invoice was paused by the job, once."""
    entries = installation.rows(
        "SELECT count(*), count(DISTINCT invoice_id) FROM timeline"
        " WHERE kind = 'paused' AND (data->>'job')::bigint = :id",
        id=job.id,
    )
    counted = (job.state, job.done, job.changed, job.failed, job.total)
    return entries == [(MANY, MANY)] and counted == ("done", MANY, MANY, 0, MANY)


async def test_a_job_is_gone_on_with_at_once_by_another_program_when_its_worker_is_killed(
    installation: Installation,
) -> None:
    _a_book(installation, MANY)
    job_id = open_over(installation.engine, "bulk pause", PAUSE)

    with installation.spawn("worker", str(ROOT / "worker.py")) as worker:
        await installation.until(lambda: job_of(installation.engine, job_id).done > 0, patience_seconds=60)
        worker.kill()
    left_at = job_of(installation.engine, job_id)
    ended = await asyncio.to_thread(drive, installation.engine, job_id)

    assert 0 < left_at.done < MANY, "it was killed on the way"
    assert _is_whole(installation, ended)


# Temporal takes a worker for lost after 15 seconds.
@pytest.mark.soak
async def test_a_job_is_gone_on_with_by_the_next_worker_when_its_worker_is_killed(
    installation: Installation,
) -> None:
    _a_book(installation, MANY)
    job_id = open_over(installation.engine, "bulk pause", PAUSE)

    with installation.spawn("worker-1", str(ROOT / "worker.py")) as worker:
        await installation.until(lambda: job_of(installation.engine, job_id).done > 0, patience_seconds=60)
        worker.kill()
    left_at = job_of(installation.engine, job_id)
    with installation.spawn("worker-2", str(ROOT / "worker.py")):
        await installation.until(lambda: job_of(installation.engine, job_id).is_over, patience_seconds=90)
        said = await process_of_job(installation.client, job_id).result()

    assert 0 < left_at.done < MANY, "it was killed on the way"
    assert _is_whole(installation, job_of(installation.engine, job_id))
    assert f"bulk pause, job {job_id}: done" in said


async def test_a_job_that_is_canceled_in_temporal_ends_after_its_page_and_what_it_did_stays(
    installation: Installation,
) -> None:
    _a_book(installation, MANY)
    job_id = open_over(installation.engine, "bulk pause", PAUSE)

    async with installation.working():
        await start_jobs(installation.engine, installation.client)
        await installation.until(lambda: job_of(installation.engine, job_id).done > 0)
        process = process_of_job(installation.client, job_id)
        await process.signal("cancel", {"by": "bob"})
        # A keeper that looks meanwhile starts no second one.
        await start_jobs(installation.engine, installation.client)
        said = await process.result()
        shown = await process.query("progress")

    job = job_of(installation.engine, job_id)
    ((paused,),) = installation.rows("SELECT count(*) FROM timeline WHERE kind = 'paused'")
    assert (job.state, job.canceled_by) == ("canceled", "bob")
    assert 0 < job.done < MANY
    assert job.changed == paused == job.done
    assert f"job {job_id}: canceled; {job.done} of {MANY} done" in said
    assert shown["state"] == "canceled"


async def test_what_a_person_does_overtakes_a_full_bulk_lane_and_covers_what_waits_there_for_its_invoice(
    installation: Installation,
) -> None:
    ids = _a_book(installation, 40)
    installation.set(bulk_signals_per_second=1)
    with transaction(installation.engine) as session:
        owe_many(session, ids, "invoice_changed", {"by": "ana"}, is_bulk=True)

    passing_on = asyncio.create_task(relay(installation.engine, installation.client))
    began = time.monotonic()
    (owed_id,) = Desk(installation.engine, by="bob").pause("INV-39").owed_ids
    await installation.until(lambda: not installation.rows("SELECT FROM outbox WHERE id = :id", id=owed_id))
    took = time.monotonic() - began
    left = {invoice_id for (invoice_id,) in installation.rows("SELECT invoice_id FROM outbox")}
    passing_on.cancel()

    assert len(left) >= len(ids) - 2 - took
    assert ids[39] not in left
    assert await process_of(installation.client, ids[39]).describe()


async def test_two_workers_together_keep_to_the_rate_of_the_bulk_lane(installation: Installation) -> None:
    ids = _a_book(installation, 9)
    installation.set(bulk_signals_per_second=3)
    with transaction(installation.engine) as session:
        owe_many(session, ids, "invoice_changed", {"by": "ana"}, is_bulk=True)

    async def work() -> int:
        count = 0
        while installation.rows("SELECT FROM outbox"):
            count += await deliver_bulk(installation.engine, installation.client)
        return count

    began = time.monotonic()
    counts = await asyncio.gather(work(), work())
    took = time.monotonic() - began

    assert sum(counts) == 9
    # The ninth is not due before the third second has gone on for two thirds.
    assert took >= 8 / 3


async def test_the_bulk_lane_goes_slower_than_its_rate_while_the_server_takes_long_for_a_signal(
    installation: Installation,
) -> None:
    ids = _a_book(installation, 4)
    installation.set(bulk_signals_per_second=20)
    with transaction(installation.engine) as session:
        owe_many(session, ids, "invoice_changed", {"by": "ana"}, is_bulk=True)

    async with _slow_way(installation.stack.temporal_address, answers_after_seconds=0.1) as address:
        client = await connect(address, installation.client.namespace)
        began = time.monotonic()
        count = await deliver_bulk(installation.engine, client)
        took = time.monotonic() - began

    assert count == len(ids)
    # By the rate it is over after 0.2 seconds; after each but the last it rests four times as long as that took.
    assert took >= 4 * 0.1 + 3 * 4 * 0.1


@asynccontextmanager
async def _slow_way(address: str, *, answers_after_seconds: float) -> AsyncIterator[str]:
    """Pass connections on to the server, whose answers come so much later; yield the address to connect to."""
    host, _, port = address.rpartition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        while chunk := await reader.read(65_536):
            await asyncio.sleep(seconds)
            writer.write(chunk)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port))
        await asyncio.gather(
            pass_on(reader, to_server, 0),
            pass_on(from_server, writer, answers_after_seconds),
            return_exceptions=True,
        )

    async with await asyncio.start_server(connected, "127.0.0.1") as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
