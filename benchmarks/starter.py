"""The starter against a bare loop of `start_workflow`: python -m benchmarks.starter [--invoices N] [--rounds N].

Both do the same number of starts on the same servers, at the same concurrency, with no worker polling. The bare
loop starts workflows without input, search attributes or a plan, once over a connection with the SDK's defaults
and once over one without compression, as the product connects. The starter reads the ledger, plans, stores the
projections and starts with all of that. They take turns in every round, and another one begins in each; each turn
has a Temporal namespace of its own, begins when the servers are quiet and ends when they have worked off what it
left them: what they used until then is its own. So all meet a server of about the same size and age. Many short
rounds tell more than a few long ones, because the speed of a shared machine drifts.
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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
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
# The development server reads from its database anew, for each start, what search attributes there are. Temporal
# says of this setting that it "should not be turned on in production", and there it is off.
AS_IN_PRODUCTION = {"system.forceSearchAttributesCacheRefreshOnRead": False}


@dataclass(frozen=True, slots=True)
class Run:
    """A turn: starts per second, and CPU milliseconds for each, by who used them."""

    rate: float
    client: float
    temporal: float
    postgres: float

    @property
    def total(self) -> float:
        """CPU milliseconds of everything that worked on a start."""
        return self.client + self.temporal + self.postgres

    def __str__(self) -> str:
        parts = f"client {self.client:.2f}, Temporal {self.temporal:.2f}, PostgreSQL {self.postgres:.2f}"
        return f"{self.rate:.0f}/s at {self.total:.2f} ms ({parts})"


async def bare_loop(client: Client, count: int) -> None:
    """Start `count` workflows and nothing else."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def start_one(number: int) -> None:
        async with slots:
            await client.start_workflow("Bare", id=f"bare/{number}", task_queue="nobody-polls")

    await asyncio.gather(*(start_one(number) for number in range(count)))


async def take_turn(
    stack: Stack, count: int, work: Callable[[Client], Awaitable[object]], *, defaults: bool
) -> Run:
    """Let a contender start workflows, and the servers work that off."""
    servers = [server.process.pid for server in (stack.temporal, stack.postgres) if server and server.process]
    client = await fresh_namespace(stack.temporal_address)
    if defaults:
        client = await Client.connect(stack.temporal_address, namespace=client.namespace)
    await quiet(servers)
    used, of_client, began = [cpu_seconds_of([one]) for one in servers], time.process_time(), time.perf_counter()
    await work(client)
    seconds, client_seconds = time.perf_counter() - began, time.process_time() - of_client
    await quiet(servers)
    server_seconds = (cpu_seconds_of([one]) - before for one, before in zip(servers, used, strict=True))
    return Run(count / seconds, *(1000 * each / count for each in (client_seconds, *server_seconds)))


async def one_round(stack: Stack, ledger: str, count: int, number: int) -> dict[str, Run]:
    """Return a turn of each contender."""
    engine = make_engine(ledger)

    async def start_book(client: Client) -> None:
        summary = await start_all(engine, client)
        assert summary.started == count, summary

    async def start_bare(client: Client) -> None:
        await bare_loop(client, count)

    contenders = [(BARE, start_bare), (UNCOMPRESSED, start_bare), (STARTER, start_book)]
    first = number % len(contenders)
    runs = {
        name: await take_turn(stack, count, work, defaults=name == BARE)
        for name, work in contenders[first:] + contenders[:first]
    }
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
        Stack(
            Path(home),
            ui=False,
            fixed_ports=False,
            dynamic_config=AS_IN_PRODUCTION,
            environ=without_own_servers(),
        ) as stack,
    ):
        assert stack.postgres is not None
        _say(f"importing {options.invoices} invoices")
        count = _lay_down(stack.database_url, options.invoices)
        rounds: list[dict[str, Run]] = []
        for number in range(options.rounds + 1):
            ledger = stack.postgres.create_database(f"round_{number}", template="duewell")
            runs = asyncio.run(one_round(stack, ledger, count, number))
            for name, run in runs.items():
                _say(f"round {number}: {name} {run}{'' if number else ' (warm-up, not counted)'}")
            rounds += [runs] if number else []
    print(json.dumps(_result(rounds, count)))


def _lay_down(url: str, invoices: int) -> int:
    """Import a book, leave nothing of that to be done later, and return how many collections are open."""
    engine = make_engine(url)
    set_up(engine, "Bench", "ar@bench.example")
    import_invoices(engine, _book(invoices))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    with transaction(engine) as session:
        count = count_open_collections(session)
    engine.dispose()
    return count


def _result(rounds: list[dict[str, Run]], count: int) -> dict[str, object]:
    result: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "starts": count,
        "concurrency": CONCURRENCY,
    }
    for name in (BARE, UNCOMPRESSED, STARTER):
        result[name] = {
            "per_second": round(statistics.median(runs[name].rate for runs in rounds)),
            "cpu_ms_client": median(runs[name].client for runs in rounds),
            "cpu_ms_temporal": median(runs[name].temporal for runs in rounds),
            "cpu_ms_postgres": median(runs[name].postgres for runs in rounds),
        }
    for name in (BARE, UNCOMPRESSED):
        cpu, floor_cpu = (sum(runs[one].total for runs in rounds) for one in (STARTER, name))
        seconds, floor_seconds = (sum(1 / runs[one].rate for runs in rounds) for one in (STARTER, name))
        result[f"starter_to_{name}"] = {
            "rate_ratio_of_all": round(floor_seconds / seconds, 2),
            "cpu_ratio_of_all": round(cpu / floor_cpu, 2),
            "rate_ratio_min_median_max": spread(runs[STARTER].rate / runs[name].rate for runs in rounds),
            "cpu_ratio_min_median_max": spread(runs[STARTER].total / runs[name].total for runs in rounds),
        }
    return result


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _book(invoices: int) -> bytes:
    return sample_book(datetime.now(UTC).date(), invoices=invoices, customers=max(40, invoices // 5)).encode()


if __name__ == "__main__":
    main()
