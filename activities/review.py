"""Shows messages that may have been delivered to people in time, however long the queue of attempts is.

A lost attempt is made again behind all that waits to be sent, and under a bound on messages per second that may
take minutes. Where people are to be asked within one, the ledger is looked at beside the queue (decision 0012).
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from activities.doubt import asks_at_once, counted_anew, doubt
from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.change import Change
from db.operations.messages.recording import hand_over
from db.operations.messages.sending import Claim, claim_step
from db.operations.outbox import owe
from db.queries.calendar import local_date
from db.queries.unanswered import unanswered_for
from mailer.transport import Transport

# Longer than all but the slowest attempts, and short enough for the minute to hold on a busy machine.
LOST_AFTER = timedelta(seconds=30)
IDLE_SECONDS = 5.0
PAGE = 100
log = structlog.get_logger()


async def keep_reviewed(engine: Engine, transport: Transport) -> None:
    """Look for messages without a result, for ever; a ledger that is away is waited for."""
    while True:
        try:
            await asyncio.to_thread(review, engine, transport, datetime.now(UTC))
        except LedgerUnavailable as error:
            log.warning("the ledger is away, messages wait to be reviewed", reason=str(error))
        await asyncio.sleep(IDLE_SECONDS)


def review(engine: Engine, transport: Transport, now: datetime) -> None:
    """Give a person what was being handed over for too long, if that is what the organization wants."""
    with transaction(engine) as session:
        asks = asks_at_once(session, transport.remembers_for)
        invoice_ids = unanswered_for(session, LOST_AFTER, PAGE) if asks else []
    for invoice_id in invoice_ids:
        try:
            _ask(engine, invoice_id, now)
        except LedgerUnavailable:
            raise
        except Exception:
            # Its own process meets the same, and parks it with the reason.
            log.exception("not reviewed", invoice_id=invoice_id)


def _ask(engine: Engine, invoice_id: int, now: datetime) -> None:
    with transaction(engine) as session:
        change = Change(now, local_date(session, now))
        claim = claim_step(session, invoice_id, change)
        if not isinstance(claim, Claim) or claim.message is None:
            # It has its result by now, or was called off: that is for its process to say.
            session.rollback()
            return
        because = doubt(session, counted_anew(claim), None, now)
        assert because is not None, "people are asked about a message without a result"
        hand_over(session, claim, because, change)
        # The process waits for an attempt that is not needed any more.
        owe(session, invoice_id, "invoice_changed", {"by": change.by})
