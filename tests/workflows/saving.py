"""How histories are saved: from servers of their own, and without the names of the machine."""

import json
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory

from db.engine import make_engine
from devstack.stack import Stack
from intake.setup import set_up
from tests.conftest import without_own_servers
from tests.installation import Installation, own_namespace, zone_at_noon

# Enough for every flow but those that go on and on.
HISTORY_EVENTS_MAX = 60
# What names the machine and the folder that saved, and is no matter of the workflow.
_WORKER = re.compile(r"\b\d+@[\w.-]+")
_STACK_TRACE = re.compile(r'"stackTrace": "(?:[^"\\]|\\.)*"')


@asynccontextmanager
async def own_installation() -> AsyncIterator[Installation]:
    """Run servers at which it is noon, and where a history is long soon."""
    limit = {"limit.historyCount.suggestContinueAsNew": HISTORY_EVENTS_MAX}
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
        yield installation
        engine.dispose()


async def save_runs(installation: Installation, process: WorkflowHandle[Any, Any], file: Path) -> None:
    """Save the history of the process, and that of its first run if it went on in another."""
    write_history(file, await process.fetch_history())
    last = (await process.describe()).raw_description.workflow_execution_info
    if last.first_run_id != last.execution.run_id:
        first = installation.client.get_workflow_handle(process.id, run_id=last.first_run_id)
        write_history(file.with_stem(f"{file.stem}-first-run"), await first.fetch_history())


def write_history(file: Path, history: WorkflowHistory) -> None:
    """Write the history without the names of the machine that lived through it."""
    content = {"workflow_id": history.workflow_id, **json.loads(history.to_json())}
    text = _WORKER.sub("worker", json.dumps(content, indent=1))
    file.parent.mkdir(exist_ok=True)
    file.write_text(_STACK_TRACE.sub('"stackTrace": ""', text) + "\n")
