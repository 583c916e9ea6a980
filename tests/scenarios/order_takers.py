"""Programs that carry orders out one after the other, each killed at a moment that is drawn beforehand.

One program is imported once and forked for each life, so that a life takes as long as its orders do.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.exactly_once.fault_proxy import Cut, FaultProxy
from tests.installation import ROOT, Installation

CUT_SECONDS = 0.3
# Reads orders, says when it begins and when it has done each, and never cleans up: it lives to be killed.
_NURSERY = """
import asyncio, json, os, sys
from tests.scenarios.orders_taken import take_orders
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        asyncio.run(take_orders(json.loads(line)))
        os._exit(0)
    print(json.dumps({"born": pid}), flush=True)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a program is killed: at the n-th piece of what it and its servers say about an order of its life.

    They are counted from the order's beginning, or from where it is delivered. The last piece is still passed on
    if it `reaches`: a COMMIT may arrive though who sent it is dead.
    """

    order: int
    in_delivery: bool
    pieces: int
    reaches: bool


@dataclass
class Assassin:
    """Kills a program at its moment."""

    moment: Moment
    pid: int
    orders: int = 0
    pieces: int = 0
    killed: bool = False

    def passes(self, is_delivery: bool) -> bool:
        """Count a piece, and say whether it is passed on; delivery is what is said with Temporal."""
        moment = self.moment
        if self.orders < moment.order or not (self.pieces or is_delivery or not moment.in_delivery):
            return True
        self.pieces += 1
        if self.pieces < moment.pieces:
            return True
        if not self.killed:
            self.killed = True
            os.kill(self.pid, signal.SIGKILL)
        return moment.reaches


@dataclass(frozen=True, slots=True)
class CutOff:
    """One of the two networks fails for a moment as this order of a life begins."""

    order: int
    is_temporal: bool
    how: Cut


@dataclass
class Life:
    """What a program did: the orders that it began, in order, and those that it knew to be done."""

    begun: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    killed: bool = False


class OrderTakers:
    """Programs that take orders for an installation, over networks that can be cut."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._assassin: Assassin | None = None
        url = make_url(installation.database_url)
        socket = Path(str(url.query["host"])) / f".s.PGSQL.{url.query.get('port', '5432')}"
        temporal = int(installation.stack.temporal_address.rpartition(":")[2])
        self._url = url
        self.postgres = FaultProxy(socket, partial(self._passes, is_delivery=False))
        self.temporal = FaultProxy(temporal, partial(self._passes, is_delivery=True))
        self._nursery: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the ways open until the block ends."""
        with self.postgres.running(), self.temporal.running():
            yield
            if self._nursery is not None:
                self._nursery.kill()
                await self._nursery.wait()

    def _passes(self, *, is_delivery: bool) -> bool:
        return self._assassin is None or self._assassin.passes(is_delivery)

    async def live(self, orders: Sequence[dict[str, Any]], moment: Moment, cut: CutOff | None) -> Life:
        """Let a program take these orders until it is killed, or done."""
        nursery = self._nursery = self._nursery or await self._begin()
        assert nursery.stdin is not None
        nursery.stdin.write((json.dumps(orders) + "\n").encode())
        life = Life()
        mending: asyncio.Task[None] | None = None
        while "ended" not in (said := await self._heard(nursery)):
            if "born" in said:
                self._assassin = Assassin(moment, said["born"])
            if "begun" in said:
                life.begun.append(said["begun"])
                assert self._assassin is not None
                self._assassin.orders += 1
                if cut is not None and len(life.begun) == cut.order:
                    mending = asyncio.create_task(self._cut(cut))
            if "done" in said:
                life.done.append(said["done"])
        if mending is not None:
            await mending
        self._assassin = None
        life.killed = said["ended"] == -signal.SIGKILL
        return life

    async def _cut(self, cut: CutOff) -> None:
        proxy = self.temporal if cut.is_temporal else self.postgres
        await asyncio.to_thread(proxy.cut, cut.how)
        await asyncio.sleep(CUT_SECONDS)
        await asyncio.to_thread(proxy.mend)

    async def _heard(self, nursery: asyncio.subprocess.Process) -> dict[str, int]:
        assert nursery.stdout is not None
        line = await nursery.stdout.readline()
        assert line, "the nursery is gone"
        said: dict[str, int] = json.loads(line)
        return said

    async def _begin(self) -> asyncio.subprocess.Process:
        env = {
            **os.environ,
            **self._installation.env,
            "DATABASE_URL": f"postgresql://{self._url.username}@127.0.0.1:{self.postgres.port}/{self._url.database}",
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.temporal.port}",
            "PYTHONPATH": str(ROOT),
        }
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", _NURSERY, env=env, stdin=pipe, stdout=pipe
        )
