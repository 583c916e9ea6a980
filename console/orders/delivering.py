"""Delivers the outbox after an import, so that the processes know at once; what is left, a worker passes on."""

import asyncio
import time

from rich.console import Console

from console.connections.ledger import Ledger
from console.connections.processes import connected
from console.terminal.progress import Bar
from console.views.delivery import Delivery
from db.engine import transaction
from db.queries.backlog import OutboxBacklog, outbox_backlog
from intake.relay import deliver
from settings import Settings
from workflows.client import TemporalUnavailable

# A person waits: an import that owes more than this takes leaves the rest to the worker.
SECONDS_MAX = 60.0


async def deliver_all(ledger: Ledger, chosen: Settings, console: Console) -> Delivery:
    """Deliver what the outbox holds, as long as it goes well and a person may wait. Raises LedgerUnavailable."""
    backlog = await asyncio.to_thread(_backlog, ledger)
    if not backlog.count:
        return Delivery(0, 0)
    delivered, total = 0, backlog.count
    try:
        client = await connected(chosen)
    except TemporalUnavailable as error:
        return Delivery(0, total, str(error))
    ends_at = time.monotonic() + SECONDS_MAX
    with Bar(console, "telling the processes") as bar:
        while time.monotonic() < ends_at and (count := await deliver(ledger.engine, client)):
            delivered += count
            bar.show(min(delivered, total), total)
    left = await asyncio.to_thread(_backlog, ledger)
    why = None if left.last_error is None else f"Temporal at {chosen.temporal_address}: {left.last_error}"
    return Delivery(delivered, left.count, why if left.count else None)


def _backlog(ledger: Ledger) -> OutboxBacklog:
    with transaction(ledger.engine) as session:
        return outbox_backlog(session)
