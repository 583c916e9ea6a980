"""Delivers the outbox: a committed fact always reaches its process, at once or later."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil

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
# So many signals each second bulk work passes on one after the other, resting four times as long as each took:
# where one takes 10 ms that is no limit, and where the server is busy, so that one takes 100 ms, two go out.
LANE_SIGNALS_PER_SECOND = 20
REST_FACTOR = 4
# A round of one lane is over within its lease.
REST_SECONDS_MAX = 1.0
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
    # The round is not over before its time is.
    errors, _ = await asyncio.gather(_pass_on_calmly(client, owed, seconds), asyncio.sleep(seconds))
    return await _settle(engine, [owed[number] for number in errors], list(errors.values()))


async def _deliver(engine: Engine, client: Client, owed: Sequence[Owed]) -> int:
    """Pass the signals on, many at once, and settle what became of them."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def in_turn(entry: Owed) -> str | None:
        async with slots:
            return await _pass_on(client, entry)

    return await _settle(engine, owed, await asyncio.gather(*map(in_turn, owed)))


async def _pass_on_calmly(client: Client, owed: Sequence[Owed], seconds: float) -> dict[int, str | None]:
    """Pass the signals on evenly over the time, slower while they take long; return what went wrong, by place.

    Each wakes a process that plans, behind which what people order waits: a busy server is given time for that.
    One that fails ends its lane: what comes after it is tried again when its lease is over.
    """
    loop = asyncio.get_running_loop()
    begun, errors = loop.time(), dict[int, str | None]()
    lanes = max(1, ceil(len(owed) / seconds / LANE_SIGNALS_PER_SECOND)) if owed else 0

    async def walk(first: int) -> None:
        rest = 0.0
        for number in range(first, len(owed), lanes):
            await asyncio.sleep(max(begun + number * seconds / len(owed) - loop.time(), rest))
            before = loop.time()
            errors[number] = await _pass_on(client, owed[number])
            if errors[number] is not None:
                return
            rest = min(REST_FACTOR * (loop.time() - before), REST_SECONDS_MAX)

    await asyncio.gather(*map(walk, range(lanes)))
    return errors


async def _pass_on(client: Client, entry: Owed) -> str | None:
    """Pass the signal on, and return what went wrong, if something did."""
    try:
        await tell(client, entry.invoice_id, entry.signal, entry.payload, is_open=entry.is_open)
    except RPCError as error:
        return error.message
    return None


async def _settle(engine: Engine, owed: Sequence[Owed], errors: Sequence[str | None]) -> int:
    """Settle what became of the signals, and return how many arrived."""
    if owed:
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
