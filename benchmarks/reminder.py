"""A reminder against a workflow of one timer and one activity: python -m benchmarks.reminder [--reminders N].

Both have as many processes started, with their timers set to one moment; measured is from before that moment until
all are done: CPU of the worker, of Temporal and of PostgreSQL for each reminder. The minimal workflow ends then;
the product decides again, claims, writes the message, hands it over by SMTP, records, and waits for the next step.
They take turns of seconds on the same servers, each with a namespace and a worker process of its own, which has
done a few before: the processors of a shared machine change their speed by half from one second to the next, and
many short turns meet as much of it on either side. What workers and servers use while nothing is due is taken off:
a worker costs that whether it sends or not. Whoever takes the mail is not counted.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count as count_up
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from benchmarks.measuring import cpu_seconds_of, fresh_namespace, quiet, spread, without_own_servers
from benchmarks.minimal_reminder import QUEUE, MinimalReminder
from db.engine import Engine, make_engine, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.change import Change
from db.operations.organization import change_organization
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


@dataclass(frozen=True, slots=True)
class Contender:
    """One of both: its worker's process, how so many are started for a moment, and how many are done so far."""

    name: str
    worker: int
    start: Callable[[int, datetime], Awaitable[None]]
    count_done: Callable[[], Awaitable[int]]


class Bench:
    """The servers, and what they and the workers use while nothing is due."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        assert stack.temporal is not None
        assert stack.postgres is not None
        assert stack.temporal.process is not None
        assert stack.postgres.process is not None
        self.servers = [stack.temporal.process.pid, stack.postgres.process.pid]

    @asynccontextmanager
    async def worker(self, *arguments: str, **env: str) -> AsyncIterator[int]:
        """Run a worker of its own until the block ends."""
        argv = [sys.executable, "-m", *arguments]
        process = self.stack.spawn("bench-worker", argv, {**os.environ, **env})
        try:
            yield process.pid
        finally:
            process.kill()

    async def idle(self, contender: Contender) -> list[float]:
        """Return what the worker and the servers use in a second while nothing is due."""
        before = self.used(contender)
        await asyncio.sleep(IDLE_SECONDS)
        return [(b - a) / IDLE_SECONDS for a, b in zip(before, self.used(contender), strict=True)]

    def used(self, contender: Contender) -> list[float]:
        """Return the CPU seconds that the worker, Temporal and PostgreSQL have used so far."""
        return [cpu_seconds_of([root]) for root in (contender.worker, *self.servers)]

    async def turn(self, contender: Contender, count: int, idle: Sequence[float]) -> Run:
        """Measure from a second before the timers fire until all is done and quiet, less what idling costs."""
        done = await contender.count_done()
        fires_at = datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS + count / STARTED_PER_SECOND_MIN)
        await contender.start(count, fires_at)
        pause = (fires_at - datetime.now(UTC)).total_seconds() - 1
        assert pause > 0, "it took longer to start them than was thought; give more seconds ahead"
        await asyncio.sleep(pause)
        before, began = self.used(contender), time.monotonic()
        await until(contender.count_done, done + count)
        await quiet([contender.worker, *self.servers])
        after, seconds = self.used(contender), time.monotonic() - began
        used = [b - a - each * seconds for a, b, each in zip(before, after, idle, strict=True)]
        return Run(*(one / count * 1000 for one in used))


async def until(count_done: Callable[[], Awaitable[int]], count: int) -> None:
    """Wait until so many are done. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await count_done() >= count:
                return
            await asyncio.sleep(0.25)


@asynccontextmanager
async def minimal_reminders(bench: Bench) -> AsyncIterator[Contender]:
    """Run the minimal workflow's worker, which has done a few."""
    client = await fresh_namespace(bench.stack.temporal_address)
    numbers = count_up()

    async def start(count: int, fires_at: datetime) -> None:
        slots = asyncio.Semaphore(32)

        async def start_one(number: int) -> None:
            async with slots:
                seconds = max((fires_at - datetime.now(UTC)).total_seconds(), 0.1)
                await client.start_workflow(MinimalReminder.run, seconds, id=f"minimal/{number}", task_queue=QUEUE)

        await asyncio.gather(*(start_one(number) for number in islice(numbers, count)))

    async def count_done() -> int:
        return (await client.count_workflows("ExecutionStatus = 'Completed'")).count

    async with bench.worker(
        "benchmarks.minimal_reminder", bench.stack.temporal_address, client.namespace
    ) as worker:
        await start(WARM_UP, datetime.now(UTC))
        await until(count_done, WARM_UP)
        yield Contender(MINIMAL, worker, start, count_done)


@asynccontextmanager
async def product_reminders(bench: Bench) -> AsyncIterator[Contender]:
    """Run the product's worker, which has done a few."""
    client = await fresh_namespace(bench.stack.temporal_address)
    engine = make_engine(bench.stack.database_url)
    zone = zone_at_noon()
    laid = 0
    env = {
        "DATABASE_URL": bench.stack.database_url,
        "TEMPORAL_ADDRESS": bench.stack.temporal_address,
        "TEMPORAL_NAMESPACE": client.namespace,
        "SMTP_URL": bench.stack.smtp_url,
        "MESSAGES_PER_SECOND": "10000",
    }

    async def start(count: int, fires_at: datetime) -> None:
        nonlocal laid
        # Those that are sent already wait for their next step, days ahead.
        _send_at(engine, fires_at, zone)
        lay_down(engine, count, zone, due_in_days=-4, first=laid)
        laid += count
        # The starter leaves no signals behind; what the invoices owed is covered by their plans.
        summary = await start_all(engine, client)
        assert summary.started == count, summary

    async def count_done() -> int:
        return await asyncio.to_thread(_count_sent, engine)

    await start(WARM_UP, datetime.now(UTC) - timedelta(minutes=1))
    async with bench.worker("worker", **env) as worker:
        await until(count_done, WARM_UP)
        yield Contender(REMINDER, worker, start, count_done)
    engine.dispose()


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


def zone_at_noon() -> ZoneInfo:
    """Return a time zone in which it is about noon, so that no run lives through a midnight."""
    ahead = 12 - datetime.now(UTC).hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=60, help="of each in a turn")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        Stack(Path(home), ui=False, fixed_ports=False, environ=without_own_servers()) as stack,
    ):
        engine = make_engine(stack.database_url)
        set_up(engine, "Bench", "ar@bench.example")
        engine.dispose()
        rounds = asyncio.run(_rounds(Bench(stack), options.reminders, options.rounds))
    result: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "reminders": options.reminders,
        "rounds": options.rounds,
    }
    for name in (MINIMAL, REMINDER):
        result[name] = {
            who: round(statistics.mean(getattr(turns[name], who) for turns in rounds), 2)
            for who in ("worker", "temporal", "postgres", "total")
        }
    result["cpu_ratio_min_median_max"] = spread(turns[REMINDER].total / turns[MINIMAL].total for turns in rounds)
    totals = [sum(turns[name].total for turns in rounds) for name in (REMINDER, MINIMAL)]
    result["cpu_ratio"] = round(totals[0] / totals[1], 2)
    print(json.dumps(result))


async def _rounds(bench: Bench, count: int, rounds: int) -> list[dict[str, Run]]:
    """Return both turns of each round; another one begins each time."""
    found = []
    async with minimal_reminders(bench) as minimal, product_reminders(bench) as product:
        both = [minimal, product]
        await quiet([minimal.worker, product.worker, *bench.servers])
        idle = {one.name: await bench.idle(one) for one in both}
        for number in range(rounds):
            turns = {one.name: await bench.turn(one, count, idle[one.name]) for one in both}
            _say(f"round {number + 1}: " + "; ".join(f"{name} {run}" for name, run in turns.items()))
            found.append(turns)
            both.reverse()
    return found


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
