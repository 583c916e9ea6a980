"""Search attributes are registered with servers that keep their namespaces in memory, as they do in production."""

from pathlib import Path

from activities.interface import Plan
from benchmarks.measuring import fresh_namespace
from devstack.temporal_cli import find_temporal
from devstack.temporal_server import TemporalServer
from workflows.bulk_start import start


async def test_a_start_right_after_registering_carries_attributes_that_the_server_knows(tmp_path: Path) -> None:
    as_in_production = {"system.forceSearchAttributesCacheRefreshOnRead": False}
    server = TemporalServer(find_temporal().path, tmp_path, dynamic_config=as_in_production, durable=False).start()
    try:
        client = await fresh_namespace(server.address)
        plan = Plan(stage="waiting", sentence="", invoice="INV-1", customer="C-1", cadence="Standard")
        assert await start(client, 1, plan)
    finally:
        server.close()
