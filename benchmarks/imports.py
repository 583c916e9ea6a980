"""A file of invoices imported against COPY of the same rows: python -m benchmarks.imports [--invoices N].

The import reads and validates a CSV file, compares it with the ledger, asks twenty smart rules about each invoice,
plans each collection, and writes all of that as a durable job with a report of every row. The floor is COPY of all
rows that the import wrote, table by table, from binary data that is ready in memory, into the same schema with its
keys, indexes and triggers. They take turns on copies of one database of the same server, and who begins changes
with every round. Ratios are of runs of one round.
"""

import argparse
import csv
import io
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from psycopg import Connection, sql
from sqlalchemy import text

from benchmarks.measuring import cpu_seconds_of, cpu_seconds_so_far
from benchmarks.rule_application import CADENCES, PLAN, RULES
from db.engine import Engine, make_engine, transaction
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.people import add_group
from db.operations.rules.smart_rules import add_rule
from db.schema import metadata
from devstack.postgres import EmbeddedPostgres
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Step
from intake.imports.importing import import_reading
from intake.imports.source import Source, read
from intake.setup import set_up
from rules.catalogue import Catalogue
from rules.read_rule import read_rule
from rules.rule import Definition

BAR = 3.0
SEED = 7
COLUMNS = (
    "invoice_number", "customer_id", "customer_name", "issue_date", "due_date", "currency", "total", "paid",
    "status", "po_number", "email", "contact_first_name", "contact_last_name", "locale", "payment_term_days",
    "customer.custom.plan",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall seconds, and CPU seconds here and in the server."""

    wall: float
    client: float
    server: float

    @property
    def cpu(self) -> float:
        """CPU seconds of both."""
        return self.client + self.server


def a_book(invoices: int) -> bytes:
    """Return a file of so many invoices, with eight for each customer, in no order."""
    random, today = Random(SEED), datetime.now(UTC).date()
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    customers = max(1, invoices // 8)
    for number in range(invoices):
        customer = random.randrange(customers)
        due_on = today + timedelta(days=random.randrange(-100, 80))
        currency = random.choice(("EUR", "EUR", "EUR", "USD", "JPY"))
        total = random.randrange(100, 10_000)
        paid = random.choice((0, 0, 0, 0, 0, 0, 0, total // 2, total, 0))
        writer.writerow(
            (
                f"INV-{number:07}", f"C-{customer}", f"Customer {customer} & Söhne", due_on - timedelta(days=30),
                due_on, currency, total, paid, random.choice(("open",) * 30 + ("disputed",)),
                f"PO-{number % 5000}", f"ar@c{customer}.example", "Ana", f"Lima {customer}",
                ("fr", "en", "de")[customer % 3], 30, "VIP" if customer % 20 == 0 else "basic",
            )
        )  # fmt: skip
    return written.getvalue().encode()


def prepare(engine: Engine) -> None:
    """Set an installation up, with cadences and twenty active rules."""
    set_up(engine, "Bench", "ar@bench.example")
    change = Change(datetime.now(UTC), datetime.now(UTC).date(), by="bench")
    with transaction(engine) as session:
        for place, name in enumerate(CADENCES):
            publish(session, _cadence(name, place))
        session.execute(
            text(
                "INSERT INTO custom_fields (entity, key, type, label, options)"
                " VALUES ('customer', 'plan', 'select', 'Plan', '[\"VIP\", \"basic\"]')"
            )
        )
        add_group(session, "Cash Collectors")
        catalogue = Catalogue((PLAN,))
        for place, rule in enumerate(RULES):
            definition = read_rule(rule, catalogue)
            assert isinstance(definition, Definition), definition
            add_rule(session, f"rule {place}", definition, change, is_active=True)


def _cadence(name: str, place: int) -> Cadence:
    steps = tuple(
        Step(f"s{number}", Anchor.DUE_DATE, days, channel, execution, "reminder")
        for number, (days, channel, execution) in enumerate(
            (
                (-3, Channel.EMAIL, Execution.AUTOMATIC),
                (3 + place, Channel.EMAIL, Execution.AUTOMATIC),
                (10 + place, Channel.EMAIL, Execution.AUTOMATIC),
                (20 + place, Channel.CALL, Execution.MANUAL),
            )
        )
    )
    return Cadence(name, steps, Logic.STANDARD if place % 2 else Logic.CONTEXTUAL, 5)


def timed(work: Callable[[], object], server: int) -> Run:
    """Run the work and measure it."""
    used = cpu_seconds_so_far([server])
    before = time.perf_counter(), time.process_time()
    work()
    after = time.perf_counter(), time.process_time()
    wall, client = (end - begin for begin, end in zip(before, after, strict=True))
    return Run(wall, client, cpu_seconds_so_far([server]) - used)


def import_book(url: str, book: bytes) -> None:
    """Import the file, from its bytes to the last page."""
    engine = make_engine(url)
    source = Source("book.csv", book)
    with transaction(engine) as session:
        reading = read(session, source)
    imported = import_reading(engine, source, reading)
    assert not imported.problems, imported.problems[:3]
    engine.dispose()


def written(url: str, before: Mapping[str, int]) -> dict[str, tuple[list[str], bytes, int]]:
    """Return all rows of the tables that were empty before: columns, binary data, and how many."""
    found = {}
    engine = make_engine(url)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for name, count in counts(engine).items():
            if count > before[name]:
                assert before[name] == 0, f"{name} had rows before"
                table = metadata().tables[name]
                columns = [column.name for column in table.columns if column.computed is None]
                found[name] = (columns, _copy_out(driver, name, columns), count)
    engine.dispose()
    return found


def _copy_out(driver: Connection, name: str, columns: list[str]) -> bytes:
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)")
    with driver.cursor() as cursor, cursor.copy(statement.format(_names(columns), sql.Identifier(name))) as copy:
        return b"".join(bytes(part) for part in copy)


def copy_rows(url: str, rows: Mapping[str, tuple[list[str], bytes, int]]) -> None:
    """Write the rows by COPY, what is referred to first, in one transaction."""
    engine = make_engine(url)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for table in metadata().sorted_tables:
            if table.name not in rows:
                continue
            columns, data, _ = rows[table.name]
            statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)")
            into = statement.format(sql.Identifier(table.name), _names(columns))
            with driver.cursor() as cursor, cursor.copy(into) as copy:
                for start in range(0, len(data), 1 << 20):
                    copy.write(data[start : start + (1 << 20)])
    engine.dispose()


def counts(engine: Engine) -> dict[str, int]:
    """Return how many rows each table has."""
    with engine.connect() as connection:
        return {
            table.name: connection.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()
            for table in metadata().sorted_tables
        }


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def quiet(server: int) -> None:
    """Wait until the server has worked off what the run before left it."""
    used = cpu_seconds_of([server])
    for _ in range(60):
        time.sleep(0.5)
        before, used = used, cpu_seconds_of([server])
        if used - before < 0.05:
            return


def main() -> None:
    """Measure, and print a line for each round and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    book = a_book(options.invoices)
    rounds = []
    with tempfile.TemporaryDirectory(prefix="duewell-bench-") as home, EmbeddedPostgres(Path(home)) as postgres:
        assert postgres.process is not None
        server = postgres.process.pid
        engine = make_engine(postgres.create_database("prepared"))
        prepare(engine)
        before = counts(engine)
        engine.dispose()

        def fresh(name: str) -> str:
            return postgres.create_database(name, template="prepared")

        model = fresh("model")
        import_book(model, book)
        rows = written(model, before)
        shown = {name: count for name, (_, _, count) in rows.items()}
        print(f"rows: {sum(shown.values())}: {shown}", file=sys.stderr, flush=True)
        for number in range(options.rounds):
            runs: dict[str, Run] = {}
            contenders = [("import", partial(import_book, book=book)), ("copy", partial(copy_rows, rows=rows))]
            for name, work in contenders[:: 1 if number % 2 else -1]:
                url = fresh(f"{name}_{number}")
                quiet(server)
                runs[name] = timed(partial(work, url), server)
            rounds.append(runs)
            said = {
                name: [round(one, 2) for one in (run.wall, run.client, run.server)] for name, run in runs.items()
            }
            print(f"round {number}: wall, client and server seconds {said}", file=sys.stderr, flush=True)
    print(json.dumps(summary(options.invoices, shown, rounds)))


def _rounded(*seconds: float) -> list[float]:
    return [round(one, 2) for one in seconds]


def summary(invoices: int, rows: Mapping[str, int], rounds: list[dict[str, Run]]) -> dict[str, object]:
    """Return the figures."""
    wall = [runs["import"].wall / runs["copy"].wall for runs in rounds]
    cpu = [runs["import"].cpu / runs["copy"].cpu for runs in rounds]
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "invoices": invoices,
        "rules": len(RULES),
        "rows": sum(rows.values()),
        "import_s": round(statistics.median(runs["import"].wall for runs in rounds), 2),
        "copy_s": round(statistics.median(runs["copy"].wall for runs in rounds), 2),
        "import_cpu_ms_each": [
            round(1000 * statistics.median(seconds) / invoices, 3)
            for seconds in zip(*((runs["import"].client, runs["import"].server) for runs in rounds), strict=True)
        ],
        "wall_ratio_min_median_max": _rounded(min(wall), statistics.median(wall), max(wall)),
        "cpu_ratio_min_median_max": _rounded(min(cpu), statistics.median(cpu), max(cpu)),
        "bar": BAR,
    }


if __name__ == "__main__":
    main()
