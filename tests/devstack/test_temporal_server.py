"""A development server that keeps what it knows, and is gone when it should be."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client

from devstack.temporal_cli import find_temporal
from devstack.temporal_server import TemporalServer, serves_namespace


@pytest.fixture
def program() -> Path:
    """Return the `temporal` program."""
    return find_temporal().path


async def test_workflows_survive_a_kill_on_the_same_address(tmp_path: Path, program: Path) -> None:
    with TemporalServer(program, tmp_path / "temporal") as server:
        client = await Client.connect(server.address)
        await client.start_workflow("Wait", id="a", task_queue="nobody", execution_timeout=timedelta(days=1))
        address = server.address

        server.crash()
        assert not serves_namespace(address, "default")
        server.start()

        assert server.address == address
        client = await Client.connect(server.address)
        assert (await client.get_workflow_handle("a").describe()).workflow_type == "Wait"


async def test_listing_is_not_throttled(tmp_path: Path, program: Path) -> None:
    with TemporalServer(program, tmp_path / "temporal") as server:
        client = await Client.connect(server.address)

        for _ in range(250):
            await client.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(namespace="default"), retry=False
            )


def test_the_web_ui_runs_when_wanted(tmp_path: Path, program: Path) -> None:
    import urllib.request

    with TemporalServer(program, tmp_path / "temporal", ui=True) as server:
        assert server.ui_url is not None
        with urllib.request.urlopen(server.ui_url, timeout=10) as answer:
            assert answer.status == 200


def test_dynamic_configuration_is_handed_on(tmp_path: Path, program: Path) -> None:
    options = {"limit.maxIDLength": 40, "frontend.namespaceRPS.visibility": 5}
    server = TemporalServer(program, tmp_path / "temporal", dynamic_config=options)

    with server:
        assert server.process is not None
        words = server.process.command
        assert "limit.maxIDLength=40" in words
        assert "frontend.namespaceRPS.visibility=5" in words
