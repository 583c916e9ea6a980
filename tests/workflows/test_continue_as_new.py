"""A process that is told so much that its history grows long: it goes on in a new run, and forgets nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from db.engine import Engine
from devstack.stack import Stack
from starter import start_all
from tests.conftest import without_own_servers
from tests.installation import Installation, own_namespace
from workflows.client import process_of, tell
from workflows.presentation import CADENCE, CUSTOMER, INVOICE, NEXT_ACTION_AT, OUTSTANDING, STAGE

HISTORY_EVENTS_MAX = 30
PAIRS = 40


@pytest.fixture
async def forgetful(
    stack: Stack, engine: Engine, database_url: str, tmp_path: Path
) -> AsyncIterator[Installation]:
    """An installation whose Temporal wants a new run after 30 events."""
    environ = without_own_servers() | {"DATABASE_URL": database_url, "SMTP_URL": stack.smtp_url}
    limit = {"limit.historyCount.suggestContinueAsNew": HISTORY_EVENTS_MAX}
    servers = Stack(tmp_path, ui=False, durable=False, fixed_ports=False, dynamic_config=limit, environ=environ)
    with servers as running:
        yield Installation(running, engine, database_url, await own_namespace(running.temporal_address), 0)


async def test_no_signal_is_lost_while_a_process_goes_on_in_new_runs(forgetful: Installation) -> None:
    invoice_id = forgetful.invoice(due_in_days=20)
    await start_all(forgetful.engine, forgetful.client)
    said = [(signal, f"{signal}-{pair}") for pair in range(PAIRS) for signal in ("pause", "resume")]
    process = process_of(forgetful.client, invoice_id)

    async def tell_all(signals: Sequence[tuple[str, str]]) -> None:
        for signal, event_id in signals:
            await tell(forgetful.client, invoice_id, signal, {"event_id": event_id, "by": "ana"}, is_open=True)

    async with forgetful.working():
        # A run takes in whatever is told before it goes on in a new one, however much that is.
        for half in (said[:PAIRS], said[PAIRS:]):
            run_before = (await process.describe()).run_id
            await tell_all(half)
            await forgetful.until_true(partial(_is_another_run, process, run_before))
        await tell_all([("pause", "the last")])
        plan = await forgetful.planned(invoice_id, stage="held")
        description = await process.describe()
        runs = await _runs(forgetful, invoice_id)

    told = forgetful.rows("SELECT kind, event_id FROM timeline WHERE event_id IS NOT NULL ORDER BY id")
    kinds = {"pause": "paused", "resume": "resumed"}
    assert told == [(kinds[signal], event_id) for signal, event_id in said] + [("paused", "the last")]
    assert "signal refused" not in forgetful.happened()
    assert runs["CONTINUED_AS_NEW"] >= 2
    assert runs["RUNNING"] == 1
    assert (plan.step, plan.wake_at, plan.invoice) == ("upcoming", None, "INV-1")
    attributes = description.typed_search_attributes
    shown = {key.name: attributes.get(key) for key in (STAGE, CADENCE, INVOICE, CUSTOMER, OUTSTANDING)}
    assert shown == {
        "Stage": "held",
        "Cadence": "Standard",
        "Invoice": "INV-1",
        "Customer": "C-1",
        # Stands in the ledger, and in lists here only of processes that began when it was an attribute.
        "Outstanding": None,
    }
    assert attributes.get(NEXT_ACTION_AT) is None
    assert description.history_length < 3 * HISTORY_EVENTS_MAX


async def _is_another_run(process: "WorkflowHandle[Any, Any]", run_id: str) -> bool:
    return (await process.describe()).run_id != run_id


async def _runs(installation: Installation, invoice_id: int) -> Counter[str]:
    """Return how many runs of the process ended how, as soon as the list knows of two that were continued."""
    runs: Counter[str] = Counter()

    async def listed() -> bool:
        runs.clear()
        async for execution in installation.client.list_workflows(
            f"WorkflowId = '{process_of(installation.client, invoice_id).id}'"
        ):
            assert execution.status is not None
            runs[execution.status.name] += 1
        return runs["CONTINUED_AS_NEW"] >= 2 and runs["RUNNING"] >= 1

    await installation.until_true(listed)
    return runs
