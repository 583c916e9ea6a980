"""One invoice through the real servers: what its process does, and what it does when told otherwise."""

from datetime import timedelta
from decimal import Decimal

from activities.interface import COLLECTIONS_QUEUE
from intake.commands import Desk, tell_process
from starter import Summary, start_all
from tests.installation import Installation
from workflows.client import process_of, tell, workflow_id


async def test_an_overdue_invoice_is_reminded_once_and_then_waits(installation: Installation) -> None:
    installation.send_at_any_hour()
    invoice_id = installation.invoice(due_in_days=-4)

    async with installation.working():
        await installation.until(lambda: len(installation.mails()) == 1)
        plan = await installation.planned(invoice_id, stage="waiting")

    mail = installation.mails()[0]
    assert mail.recipients == ("c-1@helios.example",)
    assert mail.subject.startswith("Reminder: invoice INV-1 over")
    assert plan.step == "second-reminder"
    # due+10 is 6 days away, more than the minimum contact delay of 5.
    assert plan.wake_at is not None
    assert plan.wake_at.date() >= installation.today + timedelta(days=5)


async def test_starting_twice_starts_once(installation: Installation) -> None:
    for number in range(30):
        installation.invoice(f"INV-{number}", due_in_days=20)

    first = await start_all(installation.engine, installation.client)
    second = await start_all(installation.engine, installation.client)

    assert first == Summary(started=30)
    assert second == Summary(already_running=30)


async def test_a_pause_from_the_app_stops_the_reminder_that_was_planned(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)
    desk = Desk(installation.engine, by="ana")

    async with installation.working(relaying=False):
        told = desk.pause("INV-1", reason="they asked")
        assert await tell_process(installation.engine, installation.client, told)
        plan = await installation.planned(invoice_id, stage="held")

    assert plan.wake_at is None
    assert "paused" in plan.sentence
    assert installation.happened().count("paused") == 1


async def test_signals_sent_while_no_worker_runs_take_effect_when_one_comes(installation: Installation) -> None:
    installation.send_at_any_hour()
    invoice_id = installation.invoice(due_in_days=-4)
    await tell(installation.client, invoice_id, "pause", {"reason": "typed by hand"}, is_open=True)

    async with installation.working():
        await installation.until(lambda: installation.stage() == "held")

    assert installation.mails() == []
    assert "paused" in installation.happened()


async def test_a_signal_that_arrives_twice_takes_effect_once(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)
    event = {"event_id": "the-same", "by": "ana"}

    async with installation.working():
        for _ in range(2):
            await tell(installation.client, invoice_id, "pause", event, is_open=True)
        await installation.until(lambda: "paused" in installation.happened())
        await tell(installation.client, invoice_id, "resume", {"event_id": "another"}, is_open=True)
        await tell(installation.client, invoice_id, "pause", event, is_open=True)
        await installation.until(lambda: "resumed" in installation.happened())
        await installation.settled(invoice_id)

    assert installation.happened().count("paused") == 1
    assert installation.stage() == "waiting"


async def test_full_payment_ends_the_process(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)
    desk = Desk(installation.engine, by="ana")

    async with installation.working():
        desk.pay("INV-1", Decimal("1200.00"))
        result = await process_of(installation.client, invoice_id).result()

    assert result in ("Closed: paid", "No collection is open for this invoice")
    assert installation.lines() == []


async def test_reassigning_to_none_ends_the_process_and_a_cadence_starts_it_again(
    installation: Installation,
) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)
    desk = Desk(installation.engine, by="ana")

    async with installation.working():
        desk.reassign("INV-1", None)
        await process_of(installation.client, invoice_id).result()
        told = desk.reassign("INV-1", "Standard")
        assert await tell_process(installation.engine, installation.client, told)
        plan = await installation.settled(invoice_id)

    assert plan.step == "upcoming"


async def test_nonsense_in_a_signal_is_noted_and_harms_nothing(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)
    handle = installation.client.get_workflow_handle(workflow_id(invoice_id))

    async with installation.working():
        await handle.signal("pause", "please")
        await handle.signal("pause", {"until": "soon"})
        await handle.signal("reassign", {"cadence": "No such cadence"})
        await handle.signal("complete_action", {"outcome": 17})
        await handle.signal("resume")
        await installation.until(lambda: installation.happened().count("signal refused") == 5)
        plan = await installation.settled(invoice_id)

    assert plan.stage == "waiting"
    description = await handle.describe()
    assert description.task_queue == COLLECTIONS_QUEUE
