"""The starter against a bare loop of `start_workflow`: python -m benchmarks.starter [--invoices N] [--rounds N].

They take turns on the same servers, at the same concurrency, with no worker polling, and who begins changes with
every round. The bare loop starts workflows without input, search attributes or a plan, once over a connection with
the SDK's defaults and once over one without compression, as the product connects. The starter reads the ledger,
plans, stores the projections and starts with all of that. Every run has a Temporal namespace and a copy of the
ledger of its own, and begins when the servers have worked off the run before. Ratios are of runs of one round, so
that they hold when the machine's speed drifts.
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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from temporalio.client import Client

from benchmarks.measuring import cpu_seconds_of, fresh_namespace, median, quiet, spread, without_own_servers
from db.engine import make_engine, transaction
from db.queries.book import count_open_collections
from devstack.stack import Stack
from intake.import_invoices import import_invoices
from intake.sample_book import sample_book
from intake.setup import set_up
from starter import CONCURRENCY, start_all

BARE, UNCOMPRESSED, STARTER = "bare", "bare_uncompressed", "starter"


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run: workflows per second of wall time, and CPU milliseconds for each, here and in the servers."""

    rate: float
    client_ms: float
    servers_ms: float

    @property
    def total_ms(self) -> float:
        """CPU milliseconds of everything that worked on a start."""
        return self.client_ms + self.servers_ms


async def bare_loop(client: Client, count: int, concurrency: int) -> None:
    """Start `count` workflows and nothing else."""
    slots = asyncio.Semaphore(concurrency)

    async def start_one(number: int) -> None:
        async with slots:
            await client.start_workflow("Bare", id=f"bare/{number}", task_queue="nobody-polls")

    await asyncio.gather(*(start_one(number) for number in range(count)))


async def timed(work: Callable[[], Awaitable[object]], count: int, servers: Sequence[int]) -> Run:
    """Run the work and measure it; `servers` are the process ids whose families work for it."""
    before = time.perf_counter(), time.process_time(), cpu_seconds_of(servers)
    await work()
    after = time.perf_counter(), time.process_time(), cpu_seconds_of(servers)
    wall, client, server = (end - begin for begin, end in zip(before, after, strict=True))
    return Run(count / wall, client / count * 1000, server / count * 1000)


async def one_round(stack: Stack, ledger_url: str, number: int) -> dict[str, Run]:
    """Return a run of each contender over the same number of workflows; the first to run changes with `number`."""
    engine = make_engine(ledger_url)
    with transaction(engine) as session:
        count = count_open_collections(session)
    assert stack.temporal is not None
    assert stack.postgres is not None
    families = [server.process.pid for server in (stack.temporal, stack.postgres) if server.process is not None]

    async def start_book(client: Client) -> None:
        summary = await start_all(engine, client, concurrency=CONCURRENCY)
        assert summary.started == count, summary

    async def start_bare(client: Client) -> None:
        await bare_loop(client, count, CONCURRENCY)

    async def start_bare_by_defaults(client: Client) -> None:
        await bare_loop(
            await Client.connect(stack.temporal_address, namespace=client.namespace), count, CONCURRENCY
        )

    contenders = [(BARE, start_bare_by_defaults), (UNCOMPRESSED, start_bare), (STARTER, start_book)]
    first = number % len(contenders)
    runs: dict[str, Run] = {}
    for name, work in contenders[first:] + contenders[:first]:
        client = await fresh_namespace(stack.temporal_address)
        await quiet(families)
        runs[name] = await timed(partial(work, client), count, families)
    engine.dispose()
    return runs


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        Stack(Path(home), ui=False, fixed_ports=False, environ=without_own_servers()) as stack,
    ):
        assert stack.postgres is not None
        _say(f"importing {options.invoices} invoices")
        engine = make_engine(stack.database_url)
        set_up(engine, "Bench", "ar@bench.example")
        import_invoices(engine, _book(options.invoices))
        engine.dispose()
        rounds: list[dict[str, Run]] = []
        for number in range(options.rounds + 1):
            url = stack.postgres.create_database(f"round_{number}", template="duewell")
            runs = asyncio.run(one_round(stack, url, number))
            warm_up = " (warm-up, not counted)" if number == 0 else ""
            _say(f"round {number}: {', '.join(f'{k} {run.rate:.0f}/s' for k, run in runs.items())}{warm_up}")
            rounds += [runs] if number else []
    result: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "concurrency": CONCURRENCY,
    }
    for name in (BARE, UNCOMPRESSED, STARTER):
        result[name] = {
            "per_second": round(statistics.median(runs[name].rate for runs in rounds)),
            "cpu_ms_client": median(runs[name].client_ms for runs in rounds),
            "cpu_ms_servers": median(runs[name].servers_ms for runs in rounds),
        }
    for name in (BARE, UNCOMPRESSED):
        result[f"starter_to_{name}"] = {
            "rate_ratio_min_median_max": spread(runs[STARTER].rate / runs[name].rate for runs in rounds),
            "cpu_ratio_min_median_max": spread(runs[name].total_ms / runs[STARTER].total_ms for runs in rounds),
        }
    print(json.dumps(result))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _book(invoices: int) -> bytes:
    return sample_book(datetime.now(UTC).date(), invoices=invoices, customers=max(40, invoices // 5)).encode()


if __name__ == "__main__":
    main()
