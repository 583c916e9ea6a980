"""Keeps the clock of smart rules: soon after each local midnight they hear what the new day made of invoices."""

import asyncio
from datetime import UTC, datetime

import structlog

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.change import Change
from db.operations.rules.clock import turn_page
from db.queries.calendar import local_date

PAGE = 200
# The clock is looked at, and not slept through: time zones are changed, and machines sleep too.
IDLE_SECONDS = 20.0
log = structlog.get_logger()


async def keep_clock(engine: Engine) -> None:
    """Turn the clock whenever a local day has begun, for ever; a ledger that is away is waited for."""
    while True:
        try:
            while await asyncio.to_thread(turn_clock_some, engine, datetime.now(UTC)):
                pass
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the clock of smart rules waits", reason=str(error))
        await asyncio.sleep(IDLE_SECONDS)


def turn_clock_some(engine: Engine, now: datetime) -> bool:
    """Raise a page of the invoices that became overdue, or older by a bucket; say whether there may be more.

    Any number may do this at once; one does, and the others find nothing to do. Raises LedgerUnavailable.
    """
    with transaction(engine) as session:
        today = local_date(session, now)
        turned = turn_page(session, Change(now, today, event_id=f"day/{today}"), PAGE)
    if turned is None:
        return False
    for invoice_id, error in turned.failed.items():
        log.error("smart rules could not be asked", invoice_id=invoice_id, exc_info=error)
    log.info("smart rules heard of the day", day=str(turned.to), invoices=len(turned.invoice_ids))
    return not turned.is_over
