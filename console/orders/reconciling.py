"""Has ledger and processes compared now, for a person who waits a minute at most."""

import asyncio

from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from console.connections.environment import environment
from console.connections.processes import connected
from console.failure import Failure
from console.orders.clerk import clerk
from workflows.client import TemporalUnavailable
from workflows.reconcile_schedule import start_reconcile

PATIENCE_SECONDS = 60.0


async def compare_now() -> int | None:
    """Let a worker compare, and return the job that keeps what it found; None if that takes longer than a minute.

    Raises Failure.
    """
    chosen = environment()
    place = f"Temporal at {chosen.temporal_address}"
    try:
        comparison = await start_reconcile(await connected(chosen), clerk())
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await comparison.result()).job_id
    except TimeoutError:
        return None
    except TemporalUnavailable as error:
        raise Failure(str(error)) from error
    except RPCError as error:
        raise Failure(f"{place}: {error.message}") from error
    except WorkflowFailureError as error:
        raise Failure(f"{place}: the comparison failed: {error.cause}") from error
