"""Delivers the outbox after an import, so that the processes know at once; what is left, a worker passes on."""

import asyncio
import time
from dataclasses import dataclass

from rich.console import Console

from console.ledger import Ledger
from console.processes import connected
from console.progress import Bar
from db.engine import transaction
from db.queries.backlog import OutboxBacklog, outbox_backlog
from intake.relay import deliver
from settings import Settings
from workflows.client import TemporalUnavailable

# A person waits: an import that owes more than this takes leaves the rest to the worker.
SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many signals were delivered here, how many still wait in the outbox, and why."""

    delivered: int
    waiting: int
    because: str | None = None

    @property
    def is_complete(self) -> bool:
        """Say whether nothing is left to be delivered."""
        return self.waiting == 0

    @property
    def sentence(self) -> str:
        """Return what became of the processes; empty if there was nothing to tell."""
        told = f"{self.delivered} process{'es' if self.delivered != 1 else ''} told" if self.delivered else ""
        if self.is_complete:
            return f"{told}." if told else ""
        signals = f"{self.waiting} signal{'s wait' if self.waiting != 1 else ' waits'}"
        why = f" ({self.because})" if self.because else ""
        return f"{told + '; ' if told else ''}{signals} in the outbox, the worker passes them on{why}."


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
