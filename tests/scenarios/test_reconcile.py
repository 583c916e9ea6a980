"""What nobody foresaw happened to processes; the nightly comparison finds it, mends it and says so."""

import asyncio
from datetime import time
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import WorkflowExecutionStatus

from activities.interface import COLLECTIONS_QUEUE, CollectionStart, ReconcileReport
from db.engine import transaction
from db.queries.reconciling import newest_reconciliations
from intake.commands import Desk
from intake.reconcile import reconcile
from intake.reconcile_keeping import keep_scheduled
from starter import start_all
from tests.installation import PATIENCE_SECONDS, Installation
from workflows.client import process_of, workflow_id
from workflows.invoice_collection import InvoiceCollection
from workflows.reconcile_schedule import CATCHUP_WINDOW, SCHEDULE, start_reconcile
from workflows.survey import look_at


async def compare(installation: Installation) -> ReconcileReport:
    """Compare in this process, as the activity does."""
    return await reconcile(installation.engine, installation.client, str(uuid4()), 1, "ana")


async def is_listed(installation: Installation, count: int) -> None:
    """Wait until Temporal lists so many running processes."""

    async def claim() -> bool:
        listed = await installation.processes("WorkflowType = 'InvoiceCollection' AND ExecutionStatus = 'Running'")
        return len(listed) == count

    await installation.until_true(claim)


async def test_what_went_astray_is_mended_once_and_told(installation: Installation) -> None:
    installation.send_at_any_hour()
    ids = {number: installation.invoice(number, due_in_days=20) for number in ("A", "B", "C", "D", "E")}
    desk = Desk(installation.engine, by="ana")
    client = installation.client
    async with installation.working():
        await start_all(installation.engine, client)
        for invoice_id in ids.values():
            await installation.planned(invoice_id, stage="waiting")
        # Signals that are lost: nobody delivers what the ledger owes for B and C.
        desk.pay("B", Decimal(1200))
        desk.pause("C", None, "they asked")
        installation.forget_owed()
        installation.settle_wrongly("E")
        await process_of(client, ids["A"]).terminate("somebody clicked")
        stranger = CollectionStart(invoice_id=999_999, plan=await installation.settled(ids["D"]))
        await client.start_workflow(
            InvoiceCollection.run, stranger, id=workflow_id(999_999), task_queue=COLLECTIONS_QUEUE
        )
        await is_listed(installation, 5)

        handle = await start_reconcile(client, "ana")
        async with asyncio.timeout(PATIENCE_SECONDS):
            said = (await handle.result()).sentence
        await installation.planned(ids["A"], stage="waiting")
        await installation.planned(ids["C"], stage="held")
        assert await process_of(client, ids["B"]).result() == "No collection is open for this invoice"
        await is_listed(installation, 5)
        again = await compare(installation)

    first = "Compared 4 open collections with 5 running processes: 1 started, 1 told to look again, 1 told to end"
    strange = "1 unknown to the ledger, 1 out of balance"
    assert said == f"{first}, {strange}"
    assert again.sentence == f"Compared 4 open collections with 5 running processes: {strange}"
    with transaction(installation.engine) as session:
        last, before = newest_reconciliations(session, 2)
    assert (last.by, before.by, before.state) == ("ana", "ana", "done")
    assert sorted((one["found"], one.get("invoice")) for one in before.examples) == [
        ("out of balance", "E"),
        ("started", "A"),
        ("told to end", "B"),
        ("told to look again", "C"),
        ("unknown to the ledger", None),
    ]
    assert before.counts["done"] == before.counts["changed"] + before.counts["unchanged"] == 5
    # What the ledger does not know may be another's: it is left alone, and nothing can be sent for it.
    stranger_now = await process_of(client, 999_999).describe()
    assert stranger_now.status is WorkflowExecutionStatus.RUNNING


async def test_what_is_under_way_is_left_alone(installation: Installation) -> None:
    """Nobody works, so that every signal is still in an inbox or in the outbox."""
    ids = [installation.invoice(number, due_in_days=20) for number in ("A", "B", "C")]
    await start_all(installation.engine, installation.client)
    await is_listed(installation, 3)
    desk = Desk(installation.engine, by="ana")
    desk.pay("A", Decimal(1200))
    told = desk.pause("B", None, None)
    installation.invoice("D", due_in_days=20)

    report = await compare(installation)

    assert report.sentence == "Compared 3 open collections with 3 running processes: they agree"
    assert told.owed_ids
    assert ids


async def test_it_begins_by_the_organizations_clock_and_moves_with_it(installation: Installation) -> None:
    zone = "Asia/Tokyo"
    keeping = asyncio.create_task(keep_scheduled(installation.engine, installation.client, 0.1))
    schedule = installation.client.get_schedule_handle(SCHEDULE)

    async def next_at(zone: str) -> str | None:
        described = await schedule.describe()
        following = described.info.next_action_times
        return f"{following[0].astimezone(ZoneInfo(zone)):%H:%M}" if following else None

    async def is_made() -> bool:
        return [one.id async for one in await installation.client.list_schedules()] == [SCHEDULE]

    await installation.until_true(is_made)
    before = await next_at(installation.time_zone)
    installation.set(time_zone=zone, reconcile_time=time(4, 15))

    async def has_moved() -> bool:
        return await next_at(zone) == "04:15"

    await installation.until_true(has_moved)
    keeping.cancel()

    assert before == "03:30"
    assert (await schedule.describe()).schedule.policy.catchup_window == CATCHUP_WINDOW


_COMPARE = """
import asyncio, sys
from db.engine import make_engine
from intake.reconcile import reconcile
from settings import settings
from workflows.client import connect

async def main():
    chosen = settings()
    client = await connect(chosen.temporal_address, chosen.temporal_namespace)
    await reconcile(make_engine(chosen.database_url), client, sys.argv[1], 1, "ana")

asyncio.run(main())
"""


async def test_a_comparison_that_is_killed_half_way_is_gone_on_with(installation: Installation) -> None:
    ids = [installation.invoice(f"INV-{number}", due_in_days=20) for number in range(150)]
    installation.forget_owed()
    run = str(uuid4())

    async def is_under_way() -> bool:
        return await look_at(installation.client, ids[5]) is not None

    killed = installation.spawn("comparison", "-c", _COMPARE, run)
    await installation.until_true(is_under_way)
    killed.kill()
    is_complete = await look_at(installation.client, ids[-1]) is not None
    report = await reconcile(installation.engine, installation.client, run, 2, "ana")
    await is_listed(installation, 150)
    again = await compare(installation)

    assert not is_complete, "the kill came too late to prove anything"
    assert report.sentence.startswith("Compared 150 open collections")
    assert report.sentence.endswith(": 150 started")
    assert again.sentence == "Compared 150 open collections with 150 running processes: they agree"
