"""A pause that a person orders, idle and while bulk work signals: python -m benchmarks.pause [--rate N].

A pause is timed from the order to the moment at which the process itself shows that it is held: the change in the
ledger, the signal, the activity that plans, and the next turn of the process. In one round so many invoices are
paused and resumed one after the other, idle and beside bulk signals, which go to other processes at the rate that
the organization sets; who begins changes with every round. Both have the same worker, servers and book.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import text
from temporalio.client import Client

from benchmarks.measuring import fresh_namespace, quiet, spread, without_own_servers
from benchmarks.reminder import lay_down, zone_at_noon
from db.engine import Engine, make_engine, transaction
from db.operations.organization import change_organization
from db.operations.outbox import LOOK_AGAIN, owe_many
from devstack.stack import Stack
from intake.commands import Desk, Told, tell_process
from intake.setup import set_up
from starter import start_all
from workflows.client import process_of
from workflows.presentation import STAGE

IDLE, BULK = "idle", "beside_bulk"


@dataclass(frozen=True)
class Office:
    """A book whose processes run: those that are paused, and those that bulk work signals."""

    engine: Engine
    client: Client
    paused: Sequence[tuple[int, str]]
    told: Sequence[int]

    async def pause(self, invoice_id: int, number: str) -> float:
        """Pause the invoice, and return after how many milliseconds its process shows it; then resume it."""
        desk = Desk(self.engine, by="bench")
        took = await self._until_shown(invoice_id, "held", partial(desk.pause, number))
        await self._until_shown(invoice_id, "waiting", partial(desk.resume, number))
        return took

    async def _until_shown(self, invoice_id: int, stage: str, order: Callable[[], Told]) -> float:
        """Give the order, and return after how many milliseconds the process's history shows the stage.

        The history is followed and the process not queried: each look would wake it, and cost what is measured.
        """
        process = process_of(self.client, invoice_id)
        known = (await process.describe()).history_length
        begun = time.perf_counter()
        told = await asyncio.to_thread(order)
        await tell_process(self.engine, self.client, told)
        shows = json.dumps(stage).encode()
        async for event in process.fetch_history_events(wait_new_event=True):
            shown = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            if event.event_id > known and STAGE.name in shown and shown[STAGE.name].data == shows:
                return (time.perf_counter() - begun) * 1000
        raise AssertionError(f"the process of invoice {invoice_id} ended and never was {stage}")

    def owe(self) -> None:
        """Let bulk work owe a signal to each of the others."""
        with transaction(self.engine) as session:
            owe_many(session, self.told, LOOK_AGAIN, {"by": "bench"}, is_bulk=True)

    def forget(self) -> None:
        """Forget what bulk work still owes."""
        with transaction(self.engine) as session:
            session.execute(text("DELETE FROM outbox WHERE is_bulk"))


async def one_round(office: Office, number: int) -> dict[str, list[float]]:
    """Return the milliseconds of every pause, idle and beside bulk work."""
    took: dict[str, list[float]] = {}
    for name in (IDLE, BULK) if number % 2 else (BULK, IDLE):
        if name == BULK:
            await asyncio.to_thread(office.owe)
            await asyncio.sleep(2)
        took[name] = [await office.pause(*one) for one in office.paused]
        await asyncio.to_thread(office.forget)
        await asyncio.sleep(3)
    return took


async def run(stack: Stack, rate: int, pauses: int, rounds: int) -> list[dict[str, list[float]]]:
    """Set the book up, work, and measure."""
    engine = make_engine(stack.database_url)
    client = await fresh_namespace(stack.temporal_address)
    zone = zone_at_noon()
    with transaction(engine) as session:
        change_organization(session, time_zone=zone.key, bulk_signals_per_second=rate)
    # More than are told in a round, so that the lane never runs dry.
    lay_down(engine, pauses + rate * 60, zone, due_in_days=20)
    await start_all(engine, client)
    with transaction(engine) as session:
        rows = [
            (row.id, row.number) for row in session.execute(text("SELECT id, number FROM invoices ORDER BY id"))
        ]
    office = Office(engine, client, rows[:pauses], [id_ for id_, _ in rows[pauses:]])
    env = {"DATABASE_URL": stack.database_url, "TEMPORAL_NAMESPACE": client.namespace}
    worker = stack.spawn("bench-worker", [sys.executable, "-m", "worker"], {**os.environ, **stack.env(), **env})
    try:
        await office.pause(*rows[0])
        # The first turns of all processes stand in the queue until now, and no pause is to wait behind them.
        assert stack.temporal is not None
        assert stack.temporal.process is not None
        await quiet([stack.temporal.process.pid, worker.pid])
        taken = []
        for number in range(rounds + 1):
            took = await one_round(office, number)
            _say(f"round {number}: {', '.join(f'{name} p99 {_p99(ms):.0f} ms' for name, ms in took.items())}")
            taken += [took] if number else []
        return taken
    finally:
        worker.kill()
        engine.dispose()


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pauses", type=int, default=200)
    parser.add_argument("--rate", type=int, default=10, help="bulk signals each second")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        Stack(Path(home), ui=False, fixed_ports=False, environ=without_own_servers()) as stack,
    ):
        engine = make_engine(stack.database_url)
        set_up(engine, "Bench", "ar@bench.example")
        engine.dispose()
        rounds = asyncio.run(run(stack, options.rate, options.pauses, options.rounds))
    result: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "bulk_signals_per_second": options.rate,
        "pauses": options.pauses,
    }
    for name in (IDLE, BULK):
        every = [ms for took in rounds for ms in took[name]]
        result[name] = {"median_ms": round(_quantile(every, 0.5), 1), "p99_ms": round(_p99(every), 1)}
    result["p99_ratio_min_median_max"] = spread(_p99(took[BULK]) / _p99(took[IDLE]) for took in rounds)
    print(json.dumps(result))


def _p99(figures: Sequence[float]) -> float:
    return _quantile(figures, 0.99)


def _quantile(figures: Sequence[float], share: float) -> float:
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
