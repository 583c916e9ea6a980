"""The activity of `Reconcile`: compares the ledger with the processes that run, however long that takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity
from temporalio.client import Client

from activities.heartbeat import BEAT_SECONDS
from activities.interface import RECONCILE_PROCESSES, ReconcileReport, ReconcileStart
from db.engine import Engine
from intake.reconcile import reconcile


class ReconcileActivities:
    """The activity of `Reconcile`, bound to a ledger and a Temporal."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name=RECONCILE_PROCESSES)
    async def reconcile_processes(self, start: ReconcileStart) -> ReconcileReport:
        """Compare, mend and report. Raises LedgerUnavailable and RPCError, for Temporal to retry."""
        info = activity.info()
        assert info.workflow_run_id is not None
        async with _heartbeats():
            return await reconcile(self._engine, self._client, info.workflow_run_id, info.attempt, start.by)


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
