"""The starter against a bare loop of `start_workflow`: python -m benchmarks.starter [--invoices N] [--rounds N].

Both do the same number of starts on the same servers, at the same concurrency, with no worker polling. The bare
loop starts workflows without input, search attributes or a plan, once over a connection with the SDK's defaults
and once over one without compression, as the product connects. The starter reads the ledger, plans, stores the
projections and starts with all of that. Each is a process of its own, with a Temporal namespace of its own, and
they take turns of a few seconds: the others are stopped (SIGSTOP) meanwhile. A turn ends when the servers have
worked off what it left them, and what they used until then is its own. So all meet the same server, as large and
as old, and a machine whose speed drifts is as fast for one as for the other. PostgreSQL serves the starter only:
whatever it uses from the first turn of a round to the last is the starter's.
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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from sqlalchemy import text
from temporalio.client import Client

from benchmarks.measuring import cpu_seconds_of, fresh_namespace, median, quiet, spread, without_own_servers
from benchmarks.starts import BARE, STARTER, UNCOMPRESSED
from db.engine import make_engine, transaction
from db.queries.book import count_open_collections
from devstack.leashed_process import LeashedProcess
from devstack.stack import Stack
from intake.import_invoices import import_invoices
from intake.sample_book import sample_book
from intake.setup import set_up
from starter import CONCURRENCY

# What is under way when a turn ends is answered while the others have theirs: three turns are shorter than the 10
# seconds that the starter gives a call.
TURN_SECONDS = 2.0
# The development server reads from its database anew, for each start, what search attributes there are. Temporal
# says of this setting that it "should not be turned on in production", and there it is off.
AS_IN_PRODUCTION = {"system.forceSearchAttributesCacheRefreshOnRead": False}
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """All turns of a contender: starts per second, and CPU milliseconds for each, by who used them."""

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


class Contender:
    """A process that does its starts when it is its turn."""

    def __init__(self, process: LeashedProcess, client: Client, temporal: int) -> None:
        self.process = process
        self._client = client
        self._temporal = temporal
        self._seconds = 0.0
        self._temporal_seconds = 0.0
        self.is_done = False

    async def ready(self) -> None:
        """Wait until it has connected."""
        await self._until_stopped(60)
        assert self._is_stopped(), self.process.log_tail()
        self._client_seconds_before = cpu_seconds_of([self.process.pid])

    async def take_turn(self) -> None:
        """Let it start workflows for a while, and the servers work that off."""
        used, began = cpu_seconds_of([self._temporal]), time.perf_counter()
        os.kill(self.process.pid, SIGCONT)
        await self._until_stopped(TURN_SECONDS)
        self.is_done = self._is_stopped()
        os.kill(self.process.pid, SIGSTOP)
        self._seconds += time.perf_counter() - began
        await quiet([self._temporal])
        self._temporal_seconds += cpu_seconds_of([self._temporal]) - used

    async def result(self, count: int, postgres_seconds: float) -> Run:
        """Return what its `count` starts took, and end it."""
        assert (await self._client.count_workflows()).count == count
        client_seconds = cpu_seconds_of([self.process.pid]) - self._client_seconds_before
        self.process.kill()
        each = (1000 * seconds / count for seconds in (client_seconds, self._temporal_seconds, postgres_seconds))
        return Run(count / self._seconds, *each)

    async def _until_stopped(self, seconds_max: float) -> None:
        for _ in range(round(seconds_max / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            if self._is_stopped():
                return

    def _is_stopped(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"


async def one_round(stack: Stack, ledger: str, count: int, number: int) -> dict[str, Run]:
    """Return a run of each contender; who goes first changes with every turn."""
    assert stack.temporal is not None
    assert stack.temporal.process is not None
    assert stack.postgres is not None
    assert stack.postgres.process is not None
    temporal, postgres = stack.temporal.process.pid, stack.postgres.process.pid
    contenders: dict[str, Contender] = {}
    for name in (BARE, UNCOMPRESSED, STARTER):
        client = await fresh_namespace(stack.temporal_address)
        process = stack.spawn(
            f"{name}-{number}",
            [sys.executable, "-m", "benchmarks.starts", name, str(count)],
            {"TEMPORAL_NAMESPACE": client.namespace, "DATABASE_URL": stack.postgres.url(ledger)},
        )
        contenders[name] = Contender(process, client, temporal)
    for contender in contenders.values():
        await contender.ready()
    await quiet([temporal, postgres])
    before = cpu_seconds_of([postgres])
    turn = number
    while going := [one for one in contenders.values() if not one.is_done]:
        first = turn % len(going)
        turn += 1
        for contender in going[first:] + going[:first]:
            await contender.take_turn()
    of_postgres = {STARTER: cpu_seconds_of([postgres]) - before}
    return {name: await one.result(count, of_postgres.get(name, 0.0)) for name, one in contenders.items()}


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
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
        for number in range(options.rounds):
            ledger = f"round_{number}"
            stack.postgres.create_database(ledger, template="duewell")
            rounds.append(asyncio.run(one_round(stack, ledger, count, number)))
            for name, run in rounds[-1].items():
                _say(f"round {number + 1}: {name} {run}")
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
        result[f"starter_to_{name}"] = {
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
