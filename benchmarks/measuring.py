"""What benchmarks measure with: the CPU of whole families of processes, from /proc, and servers that are quiet."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from workflows.client import connect, register_search_attributes

# Of one core: below it a server has nothing left to do but its clocks.
QUIET_CPU_SHARE_MAX = 0.1
OWN_SERVERS = ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "SMTP_URL")


def without_own_servers() -> dict[str, str]:
    """Return the environment without the servers that somebody uses."""
    return {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}


def cpu_seconds_of(roots: Sequence[int]) -> float:
    """Return the CPU seconds that these processes, their children and theirs have used so far (Linux)."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            pid = int(entry.parent.name)
            # User and system time, and that of children that have ended (fields 14 to 17 of stat).
            ticks[pid] = sum(map(int, fields[11:15]))
            children.setdefault(int(fields[1]), []).append(pid)
    waiting, total = list(roots), 0
    while waiting:
        pid = waiting.pop()
        total += ticks.get(pid, 0)
        waiting += children.get(pid, [])
    return total / os.sysconf("SC_CLK_TCK")


def cpu_seconds_so_far(roots: Sequence[int]) -> float:
    """Return the same once more: a child that ends while it is read is missed, in one reading of many."""
    readings = []
    for _ in range(3):
        readings.append(cpu_seconds_of(roots))
        time.sleep(0.1)
    return max(readings)


async def quiet(servers: Sequence[int]) -> None:
    """Wait until the servers have worked off what the run before left them, so that no run pays for another."""
    used = cpu_seconds_of(servers)
    for _ in range(60):
        await asyncio.sleep(0.5)
        before, used = used, cpu_seconds_of(servers)
        if used - before < QUIET_CPU_SHARE_MAX * 0.5:
            return


async def fresh_namespace(address: str) -> Client:
    """Return a client in a new namespace that knows the search attributes."""
    admin = await connect(address)
    name = f"bench-{uuid4().hex}"
    retention = Duration(seconds=24 * 3600)
    await admin.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    )
    client = await connect(address, name)
    await register_search_attributes(client)
    return client


def spread(ratios: Iterable[float]) -> list[float]:
    """Return minimum, median and maximum."""
    listed = list(ratios)
    return [round(figure(listed), 2) for figure in (min, statistics.median, max)]


def median(figures: Iterable[float]) -> float:
    """Return the median, to the hundredth."""
    return round(statistics.median(figures), 2)
