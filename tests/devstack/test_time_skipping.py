"""A month of sleeping passes at once, and the server is gone with its owner."""

import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from devstack import sdk_download
from devstack.time_skipping import NoTimeSkipping, find_time_skipping
from devstack.tool import Tool
from tests.devstack.owners import descendants, first_line, kill_9, owner, survivors

OWNER = """
import asyncio, sys
from datetime import timedelta
from temporalio.testing import WorkflowEnvironment
async def main():
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=sys.argv[1], test_server_startup_timeout=timedelta(seconds=60)
    )
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@workflow.defn(sandboxed=False)
class Sleeper:
    @workflow.run
    async def run(self) -> int:
        started = workflow.now()
        await workflow.sleep(timedelta(days=30))
        return (workflow.now() - started).days


@pytest.fixture(scope="module")
def server() -> Tool:
    """Return the test server, or skip with the reason why there is none."""
    found = find_time_skipping()
    if isinstance(found, NoTimeSkipping):
        pytest.skip(f"no time-skipping server: {found.reason}")
    return found


@pytest.fixture
async def environment(server: Tool) -> AsyncIterator[WorkflowEnvironment]:
    """Return an environment in which time is skipped."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(server.path), test_server_startup_timeout=timedelta(seconds=60)
    ) as running:
        yield running


async def test_thirty_days_pass_at_once(environment: WorkflowEnvironment) -> None:
    async with Worker(environment.client, task_queue="sleepers", workflows=[Sleeper]):
        started = time.monotonic()

        days = await environment.client.execute_workflow(Sleeper.run, id="sleeper", task_queue="sleepers")

    assert days == 30
    assert time.monotonic() - started < 20


def test_the_server_ends_when_the_test_run_is_killed(server: Tool) -> None:
    with owner(OWNER, server.path) as process:
        assert first_line(process) == "ready"
        family = descendants(process.pid)
        assert family

        kill_9(process)

        assert survivors(family) == set()


def test_a_server_named_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_TEST_SERVER", "/bin/sh")
    found = find_time_skipping()
    assert isinstance(found, Tool)
    assert (str(found.path), found.origin) == ("/bin/sh", "TEMPORAL_TEST_SERVER")

    monkeypatch.setenv("TEMPORAL_TEST_SERVER", "/no/such/program")
    missing = find_time_skipping()
    assert isinstance(missing, NoTimeSkipping)
    assert "/no/such/program" in missing.reason


def test_without_network_and_java_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUEWELL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("TEMPORAL_TEST_SERVER", raising=False)
    monkeypatch.setattr(sdk_download, "DOWNLOAD_HOST", "127.0.0.1")

    found = find_time_skipping()

    assert isinstance(found, NoTimeSkipping)
    assert found.reason == "https://127.0.0.1 cannot be reached; Java 17 or newer is not on PATH"
