"""Starts the processes of many open collections, each with its first plan, so that it only sets its timer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError

from activities.interface import Plan
from activities.plans import plan_of
from db.engine import Engine, Session, transaction
from db.operations.change import Change
from db.operations.outbox import covered, newest_owed
from db.operations.settle import settle_many
from db.queries.calendar import local_date
from workflows.bulk_start import start


@dataclass(frozen=True, slots=True)
class Page:
    """A page of invoices with their first plans, and the newest outbox entry that the plans know of."""

    plans: dict[int, Plan]
    newest_owed: int


def plan_page(session: Session, invoice_ids: Sequence[int], now: datetime) -> Page:
    """Settle the open collections of a page of invoices, and return the plans that they start with."""
    # Read before the facts: an entry that comes later tells of a fact that the plans may have missed.
    known = newest_owed(session)
    settled = settle_many(session, invoice_ids, Change(now, local_date(session, now)))
    # One that closes with this very plan stays in the page, so that paging goes on after it.
    return Page({one.collection.invoice_id: plan_of(one) for one in settled}, known)


class Starts:
    """Starts processes, so many at once over all pages. `progress` and `failure` are those of `start_all`."""

    def __init__(
        self,
        client: Client,
        concurrency: int,
        progress: Callable[[int], None],
        failure: Callable[[int, str], None],
    ) -> None:
        self._client = client
        self._slots = asyncio.Semaphore(concurrency)
        self._progress = progress
        self._failure = failure

    async def of(self, page: Page) -> dict[int, bool | None]:
        """Start the page's processes; True is new, False ran already, None failed."""
        outcomes = await asyncio.gather(*(self._start(invoice, plan) for invoice, plan in page.plans.items()))
        return dict(zip(page.plans, outcomes, strict=True))

    async def _start(self, invoice_id: int, plan: Plan) -> bool | None:
        async with self._slots:
            try:
                return await start(self._client, invoice_id, plan)
            except RPCError as error:
                self._failure(invoice_id, error.message)
                return None
            finally:
                self._progress(1)


def forget_covered(engine: Engine, started: list[int], newest: int) -> None:
    """Forget what the outbox owes to processes that were just started with plans that know it."""
    with transaction(engine) as session:
        covered(session, started, newest)
