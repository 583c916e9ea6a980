"""Keeps the nightly comparison at the hour of the organization's clock that its settings name."""

import asyncio

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from db.engine import Engine, LedgerUnavailable, transaction
from db.queries.organization import ReconcileTime, reconcile_time
from workflows.reconcile_schedule import schedule_reconcile

# A setting that somebody changes is followed within this time.
LOOK_SECONDS = 15.0
log = structlog.get_logger()


async def keep_scheduled(engine: Engine, client: Client, every_seconds: float = LOOK_SECONDS) -> None:
    """Keep the schedule as the settings say, for ever; servers that are away are waited for."""
    kept: ReconcileTime | None = None
    while True:
        try:
            wanted = await asyncio.to_thread(_wanted, engine)
            if wanted != kept:
                await schedule_reconcile(client, wanted.at, wanted.time_zone)
                kept = wanted
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the nightly comparison stays as it is", reason=str(error))
        except RPCError as error:
            log.warning("the nightly comparison cannot be scheduled yet", reason=error.message)
        await asyncio.sleep(every_seconds)


def _wanted(engine: Engine) -> ReconcileTime:
    with transaction(engine) as session:
        return reconcile_time(session)
