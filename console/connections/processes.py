"""The way of a command to the processes: short patience, because what they must hear waits in the outbox."""

import asyncio
import logging

import structlog
from temporalio.client import Client

from console.connections.ledger import Ledger
from db.engine import transaction
from db.queries.backlog import owed_signals
from intake.commands import Told, tell_process
from settings import Settings
from workflows.client import TemporalUnavailable, connect

CONNECT_SECONDS = 5.0
TELL_SECONDS = 8.0


async def connected(chosen: Settings) -> Client:
    """Connect to Temporal, soon or not at all. Raises TemporalUnavailable, which names the address."""
    # The relay logs what it could not deliver, on stdout; a command says it in its own words.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await connect(
                chosen.temporal_address,
                chosen.temporal_namespace,
                api_key=chosen.temporal_api_key,
                tls=chosen.temporal_tls,
            )
    except (TimeoutError, ValueError) as error:
        raise TemporalUnavailable(f"Temporal at {chosen.temporal_address} does not answer") from error


async def pass_on(ledger: Ledger, chosen: Settings, told: Told) -> str | None:
    """Deliver a command's signals now; return None if the processes have got them, else why not yet."""
    if not told.owed_ids:
        return None
    why = "the worker is about to pass it on"
    try:
        async with asyncio.timeout(TELL_SECONDS):
            client = await connected(chosen)
            if await tell_process(ledger.engine, client, told):
                return None
    except TemporalUnavailable as error:
        why = str(error)
    except TimeoutError:
        why = f"Temporal at {chosen.temporal_address} does not answer in time"
    with transaction(ledger.engine) as session:
        # The worker's relay looks every second, and may have been faster.
        owed = owed_signals(session, told.owed_ids)
    if not owed:
        return None
    errors = [signal.last_error for signal in owed if signal.last_error is not None]
    return f"Temporal at {chosen.temporal_address}: {errors[0]}" if errors else why
