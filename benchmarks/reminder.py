"""A reminder against a workflow of one timer and one activity: python -m benchmarks.reminder [--reminders N].

Both have as many processes started, with their timers set to one moment; measured is from before that moment until
all are done: CPU of the worker, of Temporal and of PostgreSQL for each reminder. The minimal workflow ends then;
the product decides again, claims, writes the message, hands it over by SMTP, records, and waits for the next step.
They take turns on the same servers, each run in a namespace and on a copy of the ledger of its own, each with a
worker process that has nothing else to do. Whoever takes the mail is not counted.
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
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from temporalio.client import Client

from benchmarks.measuring import cpu_seconds_of, fresh_namespace, median, quiet, spread, without_own_servers
from benchmarks.minimal_reminder import QUEUE, MinimalReminder
from db.engine import Engine, make_engine, transaction
from db.operations.change import Change
from db.operations.incoming_invoice import IncomingInvoice
from db.operations.invoices import take_invoice
from db.operations.organization import change_organization
from devstack.leashed_process import LeashedProcess
from devstack.stack import Stack
from dunning.facts import InvoiceState
from intake.setup import set_up
from starter import start_all

# So long after the last process is started the timers fire, by a clock that both have.
AHEAD_SECONDS = 12.0
PATIENCE_SECONDS = 120.0
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

    async def measure(self, worker: int, fires_at: datetime, are_done: Callable[[], Awaitable[bool]]) -> Run:
        """Measure from a second before the timers fire until all is done and quiet."""
        pause = (fires_at - datetime.now(UTC)).total_seconds() - 1
        assert pause > 0, "it took longer to start them than was thought; give more seconds ahead"
        await asyncio.sleep(pause)
        families = [worker], [self.temporal], [self.postgres]
        before = [cpu_seconds_of(family) for family in families]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await are_done():  # noqa: ASYNC110  # Temporal and PostgreSQL have to be asked
                await asyncio.sleep(0.25)
        await quiet([worker, self.temporal, self.postgres])
        after = [cpu_seconds_of(family) for family in families]
        return Run(*((end - begin) / self.reminders * 1000 for begin, end in zip(before, after, strict=True)))


async def run_minimal(bench: Bench) -> Run:
    """Run the minimal workflow."""
    client = await fresh_namespace(bench.stack.temporal_address)
    fires_at = _moment(bench)
    with bench.worker("benchmarks.minimal_reminder", bench.stack.temporal_address, client.namespace) as worker:
        slots = asyncio.Semaphore(32)

        async def start(number: int) -> None:
            async with slots:
                seconds = (fires_at - datetime.now(UTC)).total_seconds()
                await client.start_workflow(MinimalReminder.run, seconds, id=f"minimal/{number}", task_queue=QUEUE)

        await asyncio.gather(*(start(number) for number in range(bench.reminders)))

        async def are_done() -> bool:
            return (await client.count_workflows("ExecutionStatus = 'Completed'")).count == bench.reminders

        return await bench.measure(worker.pid, fires_at, are_done)


async def run_reminder(bench: Bench, database_url: str) -> Run:
    """Run the product's reminder."""
    client = await fresh_namespace(bench.stack.temporal_address)
    engine = make_engine(database_url)
    zone = zone_at_noon()
    fires_at = _moment(bench)
    with transaction(engine) as session:
        change_organization(
            session,
            time_zone=zone.key,
            send_time=fires_at.astimezone(zone).time(),
            send_until=datetime.max.time().replace(microsecond=0),
            business_days=list(range(7)),
            jitter_minutes=0,
        )
    lay_down(engine, bench.reminders, zone, due_in_days=-4)
    env = {
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": bench.stack.temporal_address,
        "TEMPORAL_NAMESPACE": client.namespace,
        "SMTP_URL": bench.stack.smtp_url,
        "MESSAGES_PER_SECOND": "10000",
    }
    with bench.worker("worker", **env) as worker:
        await _start(engine, client, bench.reminders)

        async def are_done() -> bool:
            return await asyncio.to_thread(_count_sent, engine) == bench.reminders

        run = await bench.measure(worker.pid, fires_at, are_done)
    engine.dispose()
    return run


async def _start(engine: Engine, client: Client, count: int) -> None:
    # The starter leaves no signals behind; what the invoices owed is covered by their plans.
    summary = await start_all(engine, client)
    assert summary.started == count, summary


def lay_down(engine: Engine, count: int, zone: ZoneInfo, due_in_days: int) -> None:
    """Take in invoices of as many customers."""
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
    for number in range(count):
        customer = f"C-{number}"
        one = replace(
            invoice, external_id=f"INV-{number}", customer_id=customer, email=f"{customer.lower()}@helios.example"
        )
        with transaction(engine) as session:
            take_invoice(session, one, Change(now, today, by="import"))


def _count_sent(engine: Engine) -> int:
    with transaction(engine) as session:
        return int(session.execute(text(COUNT_SENT)).scalar_one())


def _moment(bench: Bench) -> datetime:
    """Return when the timers fire: after the book is laid down and all processes are started."""
    return datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS + bench.reminders / 25)


def zone_at_noon() -> ZoneInfo:
    """Return a time zone in which it is about noon, so that no run lives through a midnight."""
    ahead = 12 - datetime.now(UTC).hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds: list[dict[str, Run]] = []
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        Stack(Path(home), ui=False, fixed_ports=False, environ=without_own_servers()) as stack,
    ):
        assert stack.postgres is not None
        engine = make_engine(stack.database_url)
        set_up(engine, "Bench", "ar@bench.example")
        engine.dispose()
        bench = Bench(stack, options.reminders)
        for number in range(options.rounds + 1):
            url = stack.postgres.create_database(f"round_{number}", template="duewell")
            began = time.perf_counter()
            runs = asyncio.run(_round(bench, url, number))
            warm_up = " (warm-up, not counted)" if number == 0 else ""
            told = ", ".join(f"{name} {run.total:.1f} ms" for name, run in runs.items())
            _say(f"round {number}: {told}{warm_up}, {time.perf_counter() - began:.0f} s")
            rounds += [runs] if number else []
    result: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "reminders": options.reminders,
    }
    for name in (MINIMAL, REMINDER):
        result[name] = {
            who: median(getattr(runs[name], who) for runs in rounds)
            for who in ("worker", "temporal", "postgres", "total")
        }
    result["cpu_ratio_min_median_max"] = spread(runs[REMINDER].total / runs[MINIMAL].total for runs in rounds)
    print(json.dumps(result))


async def _round(bench: Bench, database_url: str, number: int) -> dict[str, Run]:
    """Return a run of each; who begins changes with `number`."""
    runs: dict[str, Run] = {}
    for name in (MINIMAL, REMINDER) if number % 2 else (REMINDER, MINIMAL):
        await quiet([bench.temporal, bench.postgres])
        runs[name] = await (run_minimal(bench) if name == MINIMAL else run_reminder(bench, database_url))
    return runs


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
