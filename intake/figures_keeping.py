"""Keeps the figures of the overview from growing old, so that whoever opens it finds some of these minutes."""

import asyncio
from datetime import UTC, datetime

import structlog

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.figures import keep_overview
from db.queries.calendar import local_date

# Pages that are looked at let them be counted more often. A big book takes seconds each time.
EVERY_SECONDS = 300.0
log = structlog.get_logger()


async def keep_figures(engine: Engine, every_seconds: float = EVERY_SECONDS) -> None:
    """Count what is stale again and again, for ever; a ledger that is away is waited for."""
    while True:
        try:
            await asyncio.to_thread(count_figures, engine, datetime.now(UTC))
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the overview stays as it is", reason=str(error))
        await asyncio.sleep(every_seconds)


def count_figures(engine: Engine, now: datetime) -> bool:
    """Count what is stale; return False if another program is at it. Raises LedgerUnavailable."""
    with transaction(engine) as session:
        today = local_date(session, now)
    return keep_overview(engine, now, today)
