"""A cadence that is published reaches every process it concerns, and no other, whatever dies on the way."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError

from db.engine import transaction
from db.queries.under import count_outdated, outdated_versions
from intake.cadence_file import STANDARD
from intake.import_invoices import import_invoices
from starter import start_all
from tests.console import program
from tests.installation import ROOT, Installation
from tests.intake.stories import a_file
from tests.scenarios.books import book
from workflows.client import process_of

# What was due yesterday waits for the reminder, and what is due in 20 days for the upcoming message.
LATER = STANDARD.read_text(encoding="utf-8").replace("offset: 3,", "offset: 5,")
FEW, MANY = 10, 280
# Collections adopt a new version by pages of 200.
IN_THE_SECOND_PAGE = 260
_HALF_WAY = text(
    "SELECT id FROM collections WHERE invoice_id ="
    " (SELECT invoice_id FROM collections ORDER BY invoice_id OFFSET :offset LIMIT 1) FOR UPDATE"
)


async def _signals(installation: Installation, invoice_id: int) -> int:
    """Return how often the invoice's process was signaled; 0 without a process."""
    try:
        history = await process_of(installation.client, invoice_id).fetch_history()
    except RPCError:
        return 0
    signaled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    return [event.event_type for event in history.events].count(signaled)


def _left(installation: Installation) -> int:
    """Return how many collections have not adopted the published version."""
    with transaction(installation.engine) as session:
        return count_outdated(session, outdated_versions(session))


def _owed(installation: Installation) -> int:
    return installation.rows("SELECT count(*) FROM outbox")[0][0]  # type: ignore[no-any-return]


def _next_days(installation: Installation, ids: list[int]) -> set[int]:
    """Return how many days after their due dates the next actions are due."""
    rows = installation.rows(
        "SELECT n.due_on - i.due_on FROM next_actions n JOIN collections c ON c.id = n.collection_id"
        " JOIN invoices i ON i.id = c.invoice_id WHERE i.id = ANY(:ids) AND c.closed_at IS NULL",
        ids=ids,
    )
    return {days for (days,) in rows}


async def test_only_processes_whose_next_action_changed_are_told_and_all_show_the_new_plan(
    installation: Installation, tmp_path: Path
) -> None:
    installation.send_at_any_hour()
    concerned = [installation.invoice(f"LATE-{n}", due_in_days=-1, customer_id=f"C-{n}") for n in range(5)]
    others = [installation.invoice(f"EARLY-{n}", due_in_days=20, customer_id=f"D-{n}") for n in range(5)]
    await start_all(installation.engine, installation.client)
    path = str(a_file(tmp_path, LATER))

    async with installation.working():
        for invoice_id in (*concerned, *others):
            await installation.settled(invoice_id)
        before = await asyncio.gather(*(_signals(installation, each) for each in (*concerned, *others)))
        dry = await program.duewell(installation.env, "cadence", "publish", path, "--dry-run", "--json")
        published = await program.duewell(installation.env, "cadence", "publish", path, "--yes", "--json")
        await installation.until(lambda: _owed(installation) == 0)
        plans = {each: await installation.settled(each) for each in (*concerned, *others)}

    assert published.code == 0
    assert dry.data["impact"] == published.data["impact"]
    assert published.data["impact"]["next_actions_changed"] == 5
    assert published.data["reached"] == {"adopted": 10, "changed": 5}
    after = await asyncio.gather(*(_signals(installation, each) for each in (*concerned, *others)))
    assert [now - then for now, then in zip(after, before, strict=True)] == [1] * 5 + [0] * 5
    projected = dict(
        installation.rows(
            "SELECT c.invoice_id, n.acts_at FROM next_actions n JOIN collections c ON c.id = n.collection_id"
        )
    )
    assert {each: plan.wake_at for each, plan in plans.items()} == projected
    assert {plans[each].step for each in concerned} == {"reminder"}
    assert all("due date +5 days" in plans[each].sentence for each in concerned)
    assert _next_days(installation, concerned) == {5}
    assert _next_days(installation, others) == {-3}
    assert installation.mails() == []


@pytest.mark.parametrize(
    "is_killed",
    [
        pytest.param(True, id="killed half-way"),
        pytest.param(False, id="with two workers beside it", marks=pytest.mark.soak),
    ],
)
async def test_what_a_killed_publish_left_the_workers_finish_and_nobody_is_told_twice(
    installation: Installation, tmp_path: Path, is_killed: bool
) -> None:
    installation.send_at_any_hour()
    for numbers, due_in_days in (
        (range(FEW), -1),
        (range(100, 100 + MANY), 20),
        (range(5000, 5000 + FEW), -1),
    ):
        import_invoices(installation.engine, book(numbers, installation.today, due_in_days))
    # The processes' own first signals, which the import owes, are not what this is about.
    with transaction(installation.engine) as session:
        session.connection().exec_driver_sql("DELETE FROM outbox")
    concerned = [
        invoice_id
        for (invoice_id,) in installation.rows(
            "SELECT id FROM invoices WHERE due_on < :today ORDER BY id", today=installation.today
        )
    ]
    path = str(a_file(tmp_path, LATER))

    if not is_killed:
        workers = [installation.spawn(f"worker-{n}", str(ROOT / "worker.py")) for n in range(2)]
    order = installation.env, "cadence", "publish", path, "--yes", "--json"
    if is_killed:
        with transaction(installation.engine) as session:
            # What stands in its way is in the second page, so that it cannot be done before it is killed.
            session.execute(_HALF_WAY, {"offset": IN_THE_SECOND_PAGE})
            publishing = await program.start(*order)
            await installation.until(lambda: 0 < _left(installation) < MANY + 2 * FEW)
            publishing.kill()
            assert await publishing.wait() == -9
        left = _left(installation)
        workers = [installation.spawn(f"worker-{n}", str(ROOT / "worker.py")) for n in range(2)]
    else:
        ran = await program.duewell(*order)
        assert ran.code == 0
        left = ran.data["impact"]["collections"]
    try:
        await installation.until(lambda: _left(installation) == 0, patience_seconds=120)
        await installation.until(lambda: _owed(installation) == 0, patience_seconds=120)
        signals = await asyncio.gather(*(_signals(installation, each) for each in concerned))
        plans = [await installation.settled(each) for each in concerned]
    finally:
        for worker in workers:
            worker.stop()

    assert left >= MANY + 2 * FEW - IN_THE_SECOND_PAGE
    assert signals == [1] * (2 * FEW)
    assert {plan.step for plan in plans} == {"reminder"}
    assert _next_days(installation, concerned) == {5}
    running = installation.rows("SELECT count(*) FROM invoices")[0][0]
    assert running == MANY + 2 * FEW
    assert len(await installation.processes()) <= 2 * FEW, "somebody was told whom it does not concern"
    assert installation.mails() == []
