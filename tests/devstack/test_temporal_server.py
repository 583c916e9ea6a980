"""A development server that keeps what it knows, and serves as it was told."""

import asyncio
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.service import RPCError

from devstack.temporal_cli import find_temporal
from devstack.temporal_server import TemporalServer, serves_namespace

ID_LENGTH_MAX = 40
READS = 2000
PATIENCE = timedelta(seconds=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """Return a running server with a Web UI and a setting of its own."""
    home = tmp_path_factory.mktemp("temporal")
    settings = {"limit.maxIDLength": ID_LENGTH_MAX}
    with TemporalServer(find_temporal().path, home, ui=True, durable=False, dynamic_config=settings) as running:
        yield running


async def test_workflows_survive_a_kill_on_the_same_address(tmp_path: Path) -> None:
    with TemporalServer(find_temporal().path, tmp_path / "temporal") as server:
        client = await Client.connect(server.address)
        await client.start_workflow("Wait", id="a", task_queue="nobody", execution_timeout=timedelta(days=1))
        address = server.address

        server.crash()
        assert not serves_namespace(address, "default")
        server.start()

        assert server.address == address
        client = await Client.connect(server.address)
        assert (await client.get_workflow_handle("a").describe()).workflow_type == "Wait"


async def test_listing_is_not_throttled(server: TemporalServer) -> None:
    client = await Client.connect(server.address)

    for _ in range(250):
        request = ListWorkflowExecutionsRequest(namespace="default")
        await client.workflow_service.list_workflow_executions(request, retry=False)


async def test_dynamic_configuration_takes_effect(server: TemporalServer) -> None:
    client = await Client.connect(server.address)
    await client.start_workflow("Wait", id="x" * ID_LENGTH_MAX, task_queue="nobody")

    with pytest.raises(RPCError, match="length exceeds limit"):
        await client.start_workflow("Wait", id="x" * (ID_LENGTH_MAX + 1), task_queue="nobody")


async def test_readers_that_go_away_leave_it_serving(server: TemporalServer) -> None:
    client = await Client.connect(server.address)
    for number in range(60):
        await client.start_workflow("Wait", id=f"read-{number}", task_queue="nobody")
    outcomes: Counter[str] = Counter()

    async def list_in(milliseconds: int) -> None:
        request = ListWorkflowExecutionsRequest(namespace="default", page_size=60)
        patience = timedelta(milliseconds=milliseconds)
        try:
            await client.workflow_service.list_workflow_executions(request, retry=False, timeout=patience)
            outcomes["answered"] += 1
        except RPCError:
            outcomes["given up"] += 1

    for _ in range(READS // 20):
        await asyncio.gather(*(list_in(1 + number) for number in range(20)))

    assert outcomes["given up"]
    for number in range(5):
        await client.start_workflow("Wait", id=f"after-{number}", task_queue="nobody", rpc_timeout=PATIENCE)


def test_the_web_ui_runs_when_wanted(server: TemporalServer) -> None:
    assert server.ui_url is not None

    with urllib.request.urlopen(server.ui_url, timeout=10) as answer:
        assert answer.status == 200
