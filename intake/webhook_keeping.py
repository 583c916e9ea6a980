"""Sees to it that what is owed to endpoints is delivered: wakes their processes, and forgets what is over."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.webhook_deliveries import endpoints_to_tell, forget_deliveries, forget_removed
from workflows.client import tell_webhooks

LOOK_SECONDS = 1.0
ENDPOINTS_AT_ONCE = 100
KEPT_FOR = timedelta(days=30)
FORGET_EVERY = timedelta(hours=1)
PAGE = 5_000
log = structlog.get_logger()


async def keep_webhooks(engine: Engine, client: Client) -> None:
    """Wake the processes of endpoints that are owed something, for ever; servers that are away are waited for."""
    forgot_at = datetime.min.replace(tzinfo=UTC)
    while True:
        now = datetime.now(UTC)
        try:
            await tell_owed(engine, client, now)
            # A page at each look: nobody is told later because somebody left a million deliveries behind.
            await asyncio.to_thread(_forget_removed, engine, PAGE)
            if now - forgot_at >= FORGET_EVERY:
                await forget_old(engine, now)
                forgot_at = now
        except LedgerUnavailable as error:
            log.warning("the ledger is away, webhooks wait", reason=str(error))
        await asyncio.sleep(LOOK_SECONDS)


async def tell_owed(engine: Engine, client: Client, now: datetime) -> int:
    """Wake the processes of endpoints that are owed something, and return how many there were.

    One that cannot be reached is tried again some seconds later. Raises LedgerUnavailable.
    """
    ids = await asyncio.to_thread(_to_tell, engine, now)

    async def wake(endpoint_id: int) -> None:
        try:
            await tell_webhooks(client, endpoint_id)
        except RPCError as error:
            log.warning("not told, tried again later", endpoint=endpoint_id, reason=error.message)

    await asyncio.gather(*map(wake, ids))
    return len(ids)


async def forget_old(engine: Engine, now: datetime, page: int = PAGE) -> int:
    """Forget deliveries of more than a month ago, page by page, and return how many. Raises LedgerUnavailable."""
    count = 0
    while True:
        forgotten = await asyncio.to_thread(_forget_page, engine, now - KEPT_FOR, page)
        count += forgotten
        if forgotten < page:
            return count


def _to_tell(engine: Engine, now: datetime) -> Sequence[int]:
    with transaction(engine) as session:
        return endpoints_to_tell(session, now, ENDPOINTS_AT_ONCE)


def _forget_page(engine: Engine, before: datetime, page: int) -> int:
    with transaction(engine) as session:
        return forget_deliveries(session, before, page)


def _forget_removed(engine: Engine, page: int) -> int:
    with transaction(engine) as session:
        return forget_removed(session, page)
