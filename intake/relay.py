"""Delivers the outbox: a committed fact always reaches its process, at once or later."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.outbox import Owed, delivered, not_delivered, take_bulk, take_owed
from workflows.client import tell

# A round is leased for 30 seconds: a hundred signals take about one.
ROUND_ENTRIES_MAX = 100
CONCURRENCY = 16
IDLE_SECONDS = 1.0
log = structlog.get_logger()


async def relay(engine: Engine, client: Client) -> None:
    """Deliver what the outbox holds, for ever; servers that are away are waited for.

    What people and the accounts caused goes out at once, and bulk work at its own rate beside it.
    """
    async with asyncio.TaskGroup() as lanes:
        lanes.create_task(_keep(lambda: deliver(engine, client)))
        lanes.create_task(_keep(lambda: deliver_bulk(engine, client)))


async def _keep(round_of: Callable[[], Awaitable[int]]) -> None:
    while True:
        try:
            count = await round_of()
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the relay waits", reason=str(error))
            count = 0
        if count == 0:
            await asyncio.sleep(IDLE_SECONDS)


async def deliver(engine: Engine, client: Client, ids: Sequence[int] | None = None) -> int:
    """Deliver one round of owed signals, or only those of `ids`, and return how many arrived.

    What does not arrive stays owed. Raises LedgerUnavailable.
    """
    owed = await asyncio.to_thread(_take, engine, ids)
    return await _deliver(engine, client, owed)


async def deliver_bulk(engine: Engine, client: Client) -> int:
    """Deliver one round of what bulk work owes, no faster than the organization wants; return how many arrived.

    The rate holds over all workers, whoever delivers. Raises LedgerUnavailable.
    """
    owed, seconds = await asyncio.to_thread(_take_bulk, engine)
    # The round is not over before its time is: evenly spread, it is least in the way of what people do.
    every_seconds = seconds / len(owed) if owed else 0.0
    count, _ = await asyncio.gather(_deliver(engine, client, owed, every_seconds), asyncio.sleep(seconds))
    return count


async def _deliver(engine: Engine, client: Client, owed: Sequence[Owed], every_seconds: float = 0) -> int:
    """Pass the signals on, one each `every_seconds`, and settle what became of them."""
    if not owed:
        return 0
    slots = asyncio.Semaphore(CONCURRENCY)

    async def pass_on(number: int, entry: Owed) -> str | None:
        await asyncio.sleep(number * every_seconds)
        async with slots:
            try:
                await tell(client, entry.invoice_id, entry.signal, entry.payload, is_open=entry.is_open)
            except RPCError as error:
                return error.message
            return None

    errors = await asyncio.gather(*(pass_on(number, entry) for number, entry in enumerate(owed)))
    await asyncio.to_thread(_settle_round, engine, owed, errors)
    return errors.count(None)


def _take(engine: Engine, ids: Sequence[int] | None) -> list[Owed]:
    with transaction(engine) as session:
        return take_owed(session, ROUND_ENTRIES_MAX, ids)


def _take_bulk(engine: Engine) -> tuple[list[Owed], float]:
    with transaction(engine) as session:
        return take_bulk(session, ROUND_ENTRIES_MAX)


def _settle_round(engine: Engine, owed: Sequence[Owed], errors: Sequence[str | None]) -> None:
    with transaction(engine) as session:
        arrived = [entry for entry, error in zip(owed, errors, strict=True) if error is None]
        delivered(session, [id_ for entry in arrived for id_ in (entry.id, *entry.covers)])
        for entry, error in zip(owed, errors, strict=True):
            if error is not None:
                log.warning("not delivered, tried again later", invoice_id=entry.invoice_id, reason=error)
                not_delivered(session, entry.id, error)
