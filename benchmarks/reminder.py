"""A reminder against a workflow of one timer and one activity: python -m benchmarks.reminder [--reminders N].

Both have as many processes started, with their timers set to one moment; measured is from before that moment until
all are done: CPU of the worker, of Temporal and of PostgreSQL for each reminder. The minimal workflow ends then;
the product decides again, claims, writes the message, hands it over by SMTP, records, and waits for the next step.
They take turns on the same servers, each run in a namespace and on a copy of the ledger of its own, each with a
worker process that has nothing else to do, and that has done a few before. What worker and servers use while
nothing is due, measured right afterwards, is taken off: a worker costs that whether it sends or not. Whoever takes
the mail is not counted.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from temporalio.client import Client

from benchmarks.measuring import cpu_seconds_of, fresh_namespace, median, quiet, spread, without_own_servers
from benchmarks.minimal_reminder import QUEUE, MinimalReminder
from db.engine import Engine, make_engine, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.change import Change
from db.operations.organization import change_organization
from devstack.leashed_process import LeashedProcess
from devstack.stack import Stack
from dunning.facts import InvoiceState
from intake.setup import set_up
from starter import start_all

# So long after the last process is started the timers fire, by a clock that both have.
AHEAD_SECONDS = 3.0
STARTED_PER_SECOND_MIN = 30
PATIENCE_SECONDS = 120.0
# So many are done before, for each thread's connection to be there and its statements to be known, and for the
# servers' caches: a worker lives for weeks.
WARM_UP = 160
IDLE_SECONDS = 6.0
MINIMAL, REMINDER = "minimal", "reminder"
COUNT_SENT = "SELECT count(*) FROM messages WHERE state = 'sent'"


@dataclass(frozen=True, slots=True)
class Run:
    """CPU milliseconds for each reminder, by who used them."""

    worker: float
    temporal: float
    postgres: float

    @property
    def total(self) -> float:
        """Return what a reminder costs in all."""
        return self.worker + self.temporal + self.postgres

    def __str__(self) -> str:
        parts = f"worker {self.worker:.1f}, Temporal {self.temporal:.1f}, PostgreSQL {self.postgres:.1f}"
        return f"{self.total:.1f} ms ({parts})"


class Bench:
    """The servers, and a ledger with a book that is to be reminded."""

    def __init__(self, stack: Stack, reminders: int) -> None:
        self.stack = stack
        self.reminders = reminders
        assert stack.temporal is not None
        assert stack.postgres is not None
        assert stack.temporal.process is not None
        assert stack.postgres.process is not None
        self.temporal = stack.temporal.process.pid
        self.postgres = stack.postgres.process.pid

    @contextmanager
    def worker(self, *arguments: str, **env: str) -> Iterator[LeashedProcess]:
        """Run a worker of its own until the block ends."""
        argv = [sys.executable, "-m", *arguments]
        process = self.stack.spawn("bench-worker", argv, {**os.environ, **env})
        try:
            yield process
        finally:
            process.kill()

    async def measure(self, worker: int, fires_at: datetime, count_done: Callable[[], Awaitable[int]]) -> Run:
        """Measure from a second before the timers fire until all is done and quiet, less what idling costs."""
        pause = (fires_at - datetime.now(UTC)).total_seconds() - 1
        assert pause > 0, "it took longer to start them than was thought; give more seconds ahead"
        await asyncio.sleep(pause)
        families = [worker], [self.temporal], [self.postgres]
        before, began = [cpu_seconds_of(family) for family in families], time.monotonic()
        await until(count_done, WARM_UP + self.reminders)
        await quiet([worker, self.temporal, self.postgres])
        after, seconds = [cpu_seconds_of(family) for family in families], time.monotonic() - began
        await asyncio.sleep(IDLE_SECONDS)
        idle = [cpu_seconds_of(family) for family in families]
        share = seconds / IDLE_SECONDS
        used = [b - a - (c - b) * share for a, b, c in zip(before, after, idle, strict=True)]
        return Run(*(one / self.reminders * 1000 for one in used))


async def until(count_done: Callable[[], Awaitable[int]], count: int) -> None:
    """Wait until so many are done. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await count_done() < count:  # noqa: ASYNC110  # Temporal and PostgreSQL have to be asked
            await asyncio.sleep(0.25)


async def run_minimal(bench: Bench) -> Run:
    """Run the minimal workflow."""
    client = await fresh_namespace(bench.stack.temporal_address)
    with bench.worker("benchmarks.minimal_reminder", bench.stack.temporal_address, client.namespace) as worker:
        slots = asyncio.Semaphore(32)

        async def start(number: int, fires_at: datetime) -> None:
            async with slots:
                seconds = max((fires_at - datetime.now(UTC)).total_seconds(), 0.1)
                await client.start_workflow(MinimalReminder.run, seconds, id=f"minimal/{number}", task_queue=QUEUE)

        async def count_done() -> int:
            return (await client.count_workflows("ExecutionStatus = 'Completed'")).count

        await asyncio.gather(*(start(number, datetime.now(UTC)) for number in range(WARM_UP)))
        await until(count_done, WARM_UP)
        fires_at = _moment(bench)
        numbers = range(WARM_UP, WARM_UP + bench.reminders)
        await asyncio.gather(*(start(number, fires_at) for number in numbers))
        return await bench.measure(worker.pid, fires_at, count_done)


async def run_reminder(bench: Bench, database_url: str) -> Run:
    """Run the product's reminder."""
    client = await fresh_namespace(bench.stack.temporal_address)
    engine = make_engine(database_url)
    zone = zone_at_noon()
    env = {
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": bench.stack.temporal_address,
        "TEMPORAL_NAMESPACE": client.namespace,
        "SMTP_URL": bench.stack.smtp_url,
        "MESSAGES_PER_SECOND": "10000",
    }

    async def count_done() -> int:
        return await asyncio.to_thread(_count_sent, engine)

    _send_at(engine, datetime.now(UTC) - timedelta(minutes=1), zone)
    lay_down(engine, WARM_UP, zone, due_in_days=-4)
    await _start(engine, client, WARM_UP)
    with bench.worker("worker", **env) as worker:
        await until(count_done, WARM_UP)
        lay_down(engine, bench.reminders, zone, due_in_days=-4, first=WARM_UP)
        # Those that are sent already wait for their next step, days ahead.
        fires_at = _moment(bench)
        _send_at(engine, fires_at, zone)
        await _start(engine, client, bench.reminders)
        run = await bench.measure(worker.pid, fires_at, count_done)
    engine.dispose()
    return run


def _send_at(engine: Engine, moment: datetime, zone: ZoneInfo) -> None:
    """Let what is due today go out at the moment."""
    with transaction(engine) as session:
        change_organization(
            session,
            time_zone=zone.key,
            send_time=moment.astimezone(zone).time(),
            send_until=datetime.max.time().replace(microsecond=0),
            business_days=list(range(7)),
            jitter_minutes=0,
        )


async def _start(engine: Engine, client: Client, count: int) -> None:
    # The starter leaves no signals behind; what the invoices owed is covered by their plans.
    summary = await start_all(engine, client)
    assert summary.started == count, summary


def lay_down(engine: Engine, count: int, zone: ZoneInfo, due_in_days: int, first: int = 0) -> None:
    """Take in invoices of as many customers, numbered from `first`, at once; no process is owed a signal for them.

    A relay that runs beside would start their processes itself.
    """
    now = datetime.now(UTC)
    today = now.astimezone(zone).date()
    invoice = IncomingInvoice(
        external_id="",
        customer_id="",
        customer_name="Société Hélios",
        issued_on=today + timedelta(days=due_in_days - 30),
        due_on=today + timedelta(days=due_in_days),
        currency="EUR",
        total=Decimal("1200.00"),
        paid=Decimal(0),
        state=InvoiceState.OPEN,
        is_disputed=False,
        email="",
        contact_first_name="Ana",
    )
    with transaction(engine) as session:
        for number in range(first, first + count):
            customer = f"C-{number}"
            email = f"{customer.lower()}@helios.example"
            one = replace(invoice, external_id=f"INV-{number}", customer_id=customer, email=email)
            take_invoice(session, one, Change(now, today, by="import"))
        session.execute(text("DELETE FROM outbox WHERE created_at = now()"))


def _count_sent(engine: Engine) -> int:
    with transaction(engine) as session:
        return int(session.execute(text(COUNT_SENT)).scalar_one())


def _moment(bench: Bench) -> datetime:
    """Return when the timers fire: after all processes are started."""
    return datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS + bench.reminders / STARTED_PER_SECOND_MIN)


def zone_at_noon() -> ZoneInfo:
    """Return a time zone in which it is about noon, so that no run lives through a midnight."""
    ahead = 12 - datetime.now(UTC).hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        Stack(Path(home), ui=False, fixed_ports=False, environ=without_own_servers()) as stack,
    ):
        engine = make_engine(stack.database_url)
        set_up(engine, "Bench", "ar@bench.example")
        engine.dispose()
        minimal, reminders = asyncio.run(_runs(Bench(stack, options.reminders), options.rounds))
    # What else the machine does drifts: each run is compared with those just before and just after it.
    floors = [(before.total + after.total) / 2 for before, after in pairwise(minimal)]
    result: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "reminders": options.reminders,
    }
    for name, runs in ((MINIMAL, minimal), (REMINDER, reminders)):
        result[name] = {
            who: median(getattr(run, who) for run in runs) for who in ("worker", "temporal", "postgres", "total")
        }
    ratios = [run.total / floor for run, floor in zip(reminders, floors, strict=True)]
    result["cpu_ratio_min_median_max"] = spread(ratios)
    print(json.dumps(result))


async def _runs(bench: Bench, rounds: int) -> tuple[list[Run], list[Run]]:
    """Return the runs of both, which take turns; the minimal workflow begins and ends."""
    assert bench.stack.postgres is not None
    minimal, reminders = [await _told(MINIMAL, bench, run_minimal(bench))], []
    for number in range(rounds):
        url = bench.stack.postgres.create_database(f"round_{number}", template="duewell")
        reminders.append(await _told(REMINDER, bench, run_reminder(bench, url)))
        minimal.append(await _told(MINIMAL, bench, run_minimal(bench)))
    return minimal, reminders


async def _told(name: str, bench: Bench, running: Awaitable[Run]) -> Run:
    """Return the run, which begins when the servers are quiet, and tell of it."""
    await quiet([bench.temporal, bench.postgres])
    began = time.perf_counter()
    run = await running
    _say(f"{name} {run}; {time.perf_counter() - began:.0f} s")
    return run


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
