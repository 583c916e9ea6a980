"""What the API works with while it runs: the ledger, the way to the processes, and its limits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import anyio
import anyio.to_thread
import structlog
from temporalio.client import Client

from console.api.buckets import Buckets
from db.engine import Engine, LedgerUnavailable
from db.operations.refusal import Refused
from intake.clerk_orders import Told, tell_process
from intake.relay import ROUND_ENTRIES_MAX
from intake.webhook_orders import Place, look_up
from mailer.public_addresses import Resolver, resolve
from workflows.client import TemporalUnavailable

T = TypeVar("T")
Connect = Callable[[], Awaitable[Client]]
# How long a request waits for the processes to be told; afterwards the relay of a worker tells them.
TELL_SECONDS = 4.0
# While Temporal is away, no request waits for it more often than this.
AWAY_SECONDS = 5.0
# How many names are looked up at once; a server that does not answer is waited for as long as the system does.
LOOK_UPS_MAX = 4
BODY_BYTES_MAX = 4 * 1024 * 1024
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked in a minute, by a key and by an address without one, and of the ledger at once."""

    requests_per_minute: int = 600
    refusals_per_minute: int = 20
    connections: int = 10


class Processes:
    """The way to the processes, which is found when it is needed, and again when it was lost."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._not_before = 0.0

    async def tell(self, engine: Engine, owed_ids: Sequence[int]) -> bool:
        """Deliver signals of the outbox, and say whether all arrived; what did not is left to the relay."""
        if not owed_ids:
            return True
        # A batch owes hundreds: nobody should wait for them, and the relay looks each second.
        if len(owed_ids) > ROUND_ENTRIES_MAX or time.monotonic() < self._not_before:
            return False
        try:
            async with asyncio.timeout(TELL_SECONDS):
                if self._client is None:
                    self._client = await self._connect()
                if await tell_process(engine, self._client, Told(tuple(owed_ids))):
                    return True
        except (TimeoutError, TemporalUnavailable, ValueError) as error:
            log.warning("processes are told later", reason=str(error) or "no answer in time")
        except LedgerUnavailable as error:
            log.warning("the ledger went away, processes are told later", reason=str(error))
            return False
        self._not_before = time.monotonic() + AWAY_SECONDS
        return False


class Service:
    """What requests are answered with."""

    def __init__(self, engine: Engine, processes: Processes, limits: Limits, resolver: Resolver = resolve) -> None:
        self.engine = engine
        self.processes = processes
        self.by_key = Buckets(limits.requests_per_minute, 60.0)
        self.by_address = Buckets(limits.refusals_per_minute, 60.0)
        self._slots = anyio.CapacityLimiter(limits.connections)
        self._resolver = resolver
        self._look_ups = anyio.CapacityLimiter(LOOK_UPS_MAX)

    async def run(self, work: Callable[[], T]) -> T:
        """Carry out what speaks to the ledger, in a thread; not more at once than there are connections."""
        return await anyio.to_thread.run_sync(work, limiter=self._slots)

    async def look_up(self, url: str) -> Place | Refused:
        """Return where webhooks to the public URL go, or why there is no such place; the ledger is not asked."""

        def find() -> Place | Refused:
            try:
                return look_up(url, resolver=self._resolver)
            except Refused as refusal:
                return refusal

        return await anyio.to_thread.run_sync(find, limiter=self._look_ups)
