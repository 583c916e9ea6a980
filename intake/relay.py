"""Delivers the outbox: a committed fact always reaches its process, at once or later."""

import asyncio
from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.outbox import Owed, delivered, not_delivered, take_owed
from workflows.client import tell

# A round is leased for 30 seconds: a hundred signals take about one.
ROUND_ENTRIES_MAX = 100
CONCURRENCY = 16
IDLE_SECONDS = 1.0
log = structlog.get_logger()


async def relay(engine: Engine, client: Client) -> None:
    """Deliver what the outbox holds, for ever; servers that are away are waited for."""
    while True:
        try:
            count = await deliver(engine, client)
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the relay waits", reason=str(error))
            count = 0
        if count < ROUND_ENTRIES_MAX:
            await asyncio.sleep(IDLE_SECONDS)


async def deliver(engine: Engine, client: Client, ids: Sequence[int] | None = None) -> int:
    """Deliver one round of owed signals, or only those of `ids`, and return how many arrived.

    What does not arrive stays owed. Raises LedgerUnavailable.
    """
    owed = await asyncio.to_thread(_take, engine, ids)
    if not owed:
        return 0
    slots = asyncio.Semaphore(CONCURRENCY)

    async def pass_on(entry: Owed) -> str | None:
        async with slots:
            try:
                await tell(client, entry.invoice_id, entry.signal, entry.payload, is_open=entry.is_open)
            except RPCError as error:
                return error.message
            return None

    errors = await asyncio.gather(*(pass_on(entry) for entry in owed))
    await asyncio.to_thread(_settle_round, engine, owed, errors)
    return errors.count(None)


def _take(engine: Engine, ids: Sequence[int] | None) -> list[Owed]:
    with transaction(engine) as session:
        return take_owed(session, ROUND_ENTRIES_MAX, ids)


def _settle_round(engine: Engine, owed: Sequence[Owed], errors: Sequence[str | None]) -> None:
    with transaction(engine) as session:
        delivered(session, [entry.id for entry, error in zip(owed, errors, strict=True) if error is None])
        for entry, error in zip(owed, errors, strict=True):
            if error is not None:
                log.warning("not delivered, tried again later", invoice_id=entry.invoice_id, reason=error)
                not_delivered(session, entry.id, error)
