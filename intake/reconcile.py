"""Compares the ledger with the processes that run, and mends both.

Nothing of this is needed while all goes well, because what the ledger commits is owed to its process. It is for
what nobody foresaw: a process that somebody terminated, a Temporal that was restored from yesterday, a signal that
a person deleted. So it trusts nothing that it did not look at twice: lists only say where to look, and only what
was so when it began, sleeps, and is still so is mended (docs/decisions/0024).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from temporalio.client import Client

from activities.interface import ReconcileReport
from db.engine import Engine, Session, transaction
from db.operations.jobs import end_job
from db.operations.reconciling import keep_found, let_look_again, open_reconciliation
from db.queries.book import open_invoice_ids
from db.queries.reconciling import Expected, Reconciled, expected_processes, last_invoice_id, reconciliation
from db.queries.settled import mistaken_page
from intake.reconcile_words import (
    ENDED,
    FAILED,
    LOOKED,
    MENDED,
    NOT_STARTED,
    STARTED,
    UNBALANCED,
    UNKNOWN,
    sentence_of,
)
from intake.starting import Starts, forget_covered, plan_page
from workflows.client import workflow_id
from workflows.survey import Listed, Process, Shown, look_at, running_processes

PAGE = 1000
# Processes that are looked at or started at once; people and the relay have the rest of the server.
AT_ONCE = 16
# Both sides keep microseconds; lists of some stores keep less.
SAME_MOMENT = timedelta(seconds=1)
Result = TypeVar("Result")


class _Stopped(Exception):
    """Somebody canceled it, or it is not ours any more."""


async def reconcile(engine: Engine, client: Client, run: str, attempt: int, by: str) -> ReconcileReport:
    """Compare, mend and report; an earlier attempt of the same run is gone on with.

    Raises LedgerUnavailable and RPCError.
    """

    def begin() -> Reconciled:
        with transaction(engine) as session:
            return open_reconciliation(session, run, attempt, by)

    job = await asyncio.to_thread(begin)
    if job.ended_at is None:
        with suppress(_Stopped):
            await _Comparison(engine, client, job).make()

    def report() -> ReconcileReport:
        with transaction(engine) as session:
            kept = reconciliation(session, job.id)
        return ReconcileReport(job_id=kept.id, state=kept.state, sentence=sentence_of(kept))

    return await asyncio.to_thread(report)


class _Comparison:
    """One walk over all running processes, and one over all open collections."""

    def __init__(self, engine: Engine, client: Client, job: Reconciled) -> None:
        self._engine = engine
        self._client = client
        self._job = job
        self._began_at = job.started_at
        self._starts = Starts(client, AT_ONCE, lambda _: None, lambda _invoice_id, _error: None)
        # A bit for each invoice whose process is running: a million of them take an eighth of a megabyte.
        self._running = bytearray()

    async def make(self) -> None:
        """Compare and mend. Raises _Stopped."""
        self._running = bytearray(await self._in_ledger(last_invoice_id) // 8 + 1)
        await self._walk_processes()
        await self._walk_collections()
        await self._walk_balances()
        await self._in_ledger(self._end)

    async def _walk_processes(self) -> None:
        """Let those processes look again that the ledger expects to be otherwise, or not at all."""
        listed, strangers = 0, list[str]()
        async for page in running_processes(self._client):
            listed += len(page)
            strangers += await self._compare(page)
        unknown = [{"found": UNKNOWN, "process": stranger} for stranger in strangers]
        # In one piece at the end, because a walk that was broken off begins anew.
        if "running" not in self._job.counts:
            await self._keep({"running": listed, UNKNOWN: len(unknown)}, unknown)

    async def _compare(self, page: Sequence[Listed]) -> list[str]:
        """Compare a page, and return the ids of processes that the ledger knows nothing of."""
        shown = {one.invoice_id: one.shown for one in page if one.invoice_id is not None}
        expected = await self._expected(shown)
        self._mark(expected)
        odd = [id_ for id_, expects in expected.items() if self._is_odd(expects, shown[id_])]
        processes = dict(zip(odd, await _at_once(odd, self._look), strict=True))
        # Asked again after the look: what both sides agree on by now was under way.
        again = await self._expected(odd)
        ended, looked = list[int](), list[int]()
        for invoice_id, expects in again.items():
            process = processes[invoice_id]
            if process is not None and process.sleeps and self._is_odd(expects, process.shown):
                (looked if expects.is_open else ended).append(invoice_id)
        if ended or looked:
            found = _examples(ENDED, ended, again) + _examples(LOOKED, looked, again)
            await self._keep({ENDED: len(ended), LOOKED: len(looked)}, found, look_again=ended + looked)
        return [one.workflow_id for one in page if one.invoice_id not in expected]

    async def _walk_collections(self) -> None:
        """Start the processes of open collections that have none."""
        await self._start(self._job.cursor.get("starting", []))
        after = int(self._job.cursor.get("after", 0))
        while page := await self._in_ledger(partial(open_invoice_ids, after_id=after, limit=PAGE)):
            after = page[-1]
            missing = [id_ for id_ in page if not self._is_running(id_)]
            processes = await _at_once(missing, self._look)
            gone = [id_ for id_, process in zip(missing, processes, strict=True) if process is None]
            expected = await self._expected(gone)
            gone = [id_ for id_, one in expected.items() if one.is_open and self._is_settled(one)]
            # Noted before they are started: a later attempt finds them running, and yet counts them.
            await self._keep({"open": len(page)}, after=after, starting=gone)
            await self._start(gone)

    async def _start(self, invoice_ids: Sequence[int]) -> None:
        """Start these, and count them even if an earlier attempt did it."""
        if not invoice_ids:
            return
        page = await self._in_ledger(partial(plan_page, invoice_ids=invoice_ids, now=datetime.now(UTC)))
        outcomes = await self._starts.of(page)
        new = [id_ for id_, is_new in outcomes.items() if is_new]
        await asyncio.to_thread(forget_covered, self._engine, new, page.newest_owed)
        expected = await self._expected(list(outcomes))
        failed = [id_ for id_, is_new in outcomes.items() if is_new is None]
        started = [id_ for id_ in outcomes if id_ not in failed]
        found = _examples(STARTED, started, expected) + _examples(NOT_STARTED, failed, expected)
        await self._keep({STARTED: len(started), NOT_STARTED: len(failed)}, found, starting=[])

    async def _walk_balances(self) -> None:
        """Name the invoices that are settled by another amount than what is allocated to them."""
        wrong, after = list[dict[str, Any]](), 0
        while True:
            page, next_after = await self._in_ledger(partial(mistaken_page, after_id=after, limit=PAGE))
            for one in page:
                said = f"{one.settled} instead of {one.allocated}"
                wrong.append({"found": UNBALANCED, "invoice": one.number, "said": said})
            if next_after is None:
                break
            after = next_after
        await self._keep({UNBALANCED: len(wrong)}, wrong)

    def _is_odd(self, expected: Expected, shown: Shown) -> bool:
        """Say whether the process is another than the ledger expects, and not because of something under way."""
        if not self._is_settled(expected):
            return False
        if not expected.is_open:
            return True
        return shown.stage != expected.stage or not _is_same(shown.wakes_at, expected.wakes_at)

    def _is_settled(self, expected: Expected) -> bool:
        """Say whether the ledger expected the same when the comparison began, and owes no signal."""
        return not expected.is_owed and (expected.since is None or expected.since < self._began_at)

    def _mark(self, invoice_ids: Iterable[int]) -> None:
        for invoice_id in invoice_ids:
            if invoice_id < len(self._running) * 8:
                self._running[invoice_id // 8] |= 1 << invoice_id % 8

    def _is_running(self, invoice_id: int) -> bool:
        position = invoice_id // 8
        # One that is newer than the comparison is none of its business.
        return position >= len(self._running) or bool(self._running[position] >> invoice_id % 8 & 1)

    def _end(self, session: Session) -> None:
        counts = reconciliation(session, self._job.id).counts
        changed = sum(counts.get(name, 0) for name in MENDED)
        failed = sum(counts.get(name, 0) for name in FAILED)
        done = counts.get("open", 0) + counts.get(ENDED, 0)
        totals = {"done": done, "changed": changed, "failed": failed, "unchanged": done - changed - failed}
        if keep_found(session, self._job, totals):
            end_job(session, self._job.id, "done")

    async def _look(self, invoice_id: int) -> Process | None:
        return await look_at(self._client, invoice_id)

    async def _expected(self, invoice_ids: Iterable[int]) -> dict[int, Expected]:
        ids = list(invoice_ids)
        return await self._in_ledger(partial(expected_processes, invoice_ids=ids)) if ids else {}

    async def _keep(
        self,
        counts: dict[str, int],
        examples: Sequence[dict[str, Any]] = (),
        look_again: Sequence[int] = (),
        **cursor: Any,
    ) -> None:
        """Keep what was found, and let processes look again, in one transaction. Raises _Stopped."""

        def keep() -> bool:
            with transaction(self._engine) as session:
                goes_on = keep_found(session, self._job, counts, examples, **cursor)
                if goes_on:
                    let_look_again(session, look_again)
                return goes_on

        if not await asyncio.to_thread(keep):
            raise _Stopped

    async def _in_ledger(self, work: Callable[[Session], Result]) -> Result:
        def run() -> Result:
            with transaction(self._engine) as session:
                return work(session)

        return await asyncio.to_thread(run)


def _is_same(moment: datetime | None, other: datetime | None) -> bool:
    if moment is None or other is None:
        return moment is other
    return abs(moment - other) < SAME_MOMENT


def _examples(found: str, invoice_ids: Sequence[int], expected: dict[int, Expected]) -> list[dict[str, Any]]:
    return [
        {"found": found, "invoice": expected[id_].invoice, "process": workflow_id(id_)}
        for id_ in invoice_ids
        if id_ in expected
    ]


async def _at_once(items: Sequence[int], work: Callable[[int], Awaitable[Result]]) -> list[Result]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(item: int) -> Result:
        async with slots:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))
