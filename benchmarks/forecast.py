"""A year ahead of a whole book: python -m benchmarks.forecast [--collections N] [--rounds N].

Lays varied open collections down in a real ledger, then reads and forecasts all of them, as `duewell forecast`
does. The figure is of one core: the CPU seconds of this process and of PostgreSQL together.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from benchmarks.measuring import cpu_seconds_of
from console.views.book_ahead import BookAhead, asked, book_ahead
from db.engine import Engine, make_engine, transaction
from db.operations.cadences import publish
from devstack.postgres import EmbeddedPostgres
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from intake.setup import set_up


def _step(step_id: str, offset_days: int, channel: Channel = Channel.EMAIL, *, of_issue: bool = False) -> Step:
    anchor = Anchor.ISSUE_DATE if of_issue else Anchor.DUE_DATE
    execution = Execution.AUTOMATIC if channel.may_be_automatic else Execution.MANUAL
    return Step(step_id, anchor, offset_days, channel, execution, "reminder")


def _emails(*offsets_days: int) -> tuple[Step, ...]:
    return tuple(_step(f"S{number}", offset) for number, offset in enumerate(offsets_days))


_CALL, _LETTER = Channel.CALL, Channel.LETTER
CADENCES = (
    Cadence("Six", (*_emails(-5, 3, 8, 14), _step("S4", 21, _CALL), _step("S5", 30, _LETTER))),
    Cadence("Six by age", (*_emails(-5, 3, 8, 14), _step("S4", 21, _CALL), _step("S5", 30)), Logic.CONTEXTUAL),
    Cadence(
        "Eight", (*_emails(-10, -2, 2, 7, 12, 20), _step("S6", 28, _CALL), _step("S7", 45)), Logic.STANDARD, 4
    ),
    Cadence(
        "Five, then every month",
        (
            *_emails(1, 10, 20),
            _step("S3", 30, _CALL),
            Step("S4", Anchor.DUE_DATE, 40, Channel.EMAIL, Execution.AUTOMATIC, "reminder", repeat=Repeat(30, 3)),
        ),
        Logic.CONTEXTUAL,
        7,
    ),
    Cadence(
        "Mixed",
        (
            _step("S0", 7, of_issue=True),
            *_emails(-3, 7, 15)[1:],
            _step("S4", 50, of_issue=True),
            _step("S5", 60, Channel.TASK),
            _step("S6", 70),
        ),
    ),
)
# Due from 60 days ago to 90 days ahead, on six payment terms; assigned up to nine days after the issue date. What
# triggered seven days ago and more was done up to four days after its trigger, or is the to-do that stands open; a
# tenth is held: paused, disputed without an end, or promised.
_FILL = """
INSERT INTO customers (external_id, name) SELECT 'C-' || n, 'Customer ' || n FROM generate_series(1, :customers) n;
INSERT INTO contacts (customer_id, email, is_main) SELECT id, 'ar@c' || id || '.example', true FROM customers;
INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total, settled)
  SELECT 'INV-' || n, 'INV-' || n, 1 + (n * 7919) % :customers,
         d - (ARRAY[10, 14, 21, 30, 45, 60])[1 + n / 7 % 6], d, 'EUR', 100 + n % 9000,
         CASE WHEN n % 13 = 0 THEN 50 ELSE 0 END
    FROM (SELECT n, current_date - 60 + (n * 31) % 150 AS d FROM generate_series(1, :count) n) s;
INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, assigned_by)
  SELECT i.id, v.cadence_id, v.id, i.issued_on + (i.id / 11 % 10)::int, 'import' FROM invoices i
    JOIN cadence_versions v
      ON v.cadence_id = (SELECT min(id) FROM cadences WHERE NOT is_default) + i.id % :cadences;
INSERT INTO step_statuses (collection_id, step_id, status, on_date, ran_on)
  SELECT id, step_id, CASE WHEN channel IN ('call', 'task') AND id % 3 > 0 THEN 'open' ELSE 'done' END, at,
         CASE WHEN channel IN ('call', 'task') AND id % 3 > 0 THEN NULL ELSE at + (id / 13 % 5)::int END
    FROM (SELECT c.id, s.step_id, s.channel, s.offset_days
                 + CASE s.anchor WHEN 'due_date' THEN i.due_on ELSE i.issued_on END AS at
            FROM collections c JOIN invoices i ON i.id = c.invoice_id
            JOIN cadence_steps s ON s.version_id = c.version_id) t
   WHERE at < current_date - 7;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, step_id, channel, execution, state, owner, due_on)
  SELECT c.id, i.id, i.customer_id, c.cadence_id, step_id, 'call', 'manual', 'open', 'Cash Collectors', on_date
    FROM step_statuses s JOIN collections c ON c.id = s.collection_id JOIN invoices i ON i.id = c.invoice_id
   WHERE status = 'open';
UPDATE collections c SET last_contact_on = t.at
  FROM (SELECT collection_id, max(ran_on) AS at FROM step_statuses GROUP BY 1) t WHERE t.collection_id = c.id;
INSERT INTO holds (invoice_id, kind, until_on, started_at, started_by)
  SELECT id, (ARRAY['pause', 'dispute', 'promise'])[1 + id / 10 % 3],
         CASE WHEN id / 10 % 3 = 1 THEN NULL ELSE current_date + 1 + (id % 23)::int END, now(), 'ana'
    FROM invoices WHERE id % 10 = 0;
UPDATE step_statuses SET on_date = ran_on WHERE ran_on IS NOT NULL;
INSERT INTO next_actions (collection_id, stage, sentence, decided_at)
  SELECT id, 'waiting', 'waits', now() FROM collections
"""
# On the day of a release the minute counts at which an invoice's messages go out: each is foretold by itself.
_RELEASE_ALL = """
INSERT INTO holds (invoice_id, kind, started_at, started_by, ended_at, ended_by)
  SELECT id, 'pause', now() - interval '1 day', 'ana', now(), 'ana' FROM invoices
"""


def fill(engine: Engine, count: int) -> None:
    """Lay a book of so many open collections down."""
    with transaction(engine) as session:
        for cadence in CADENCES:
            publish(session, cadence)
    sizes = {"count": count, "customers": max(1, count // 8), "cadences": len(CADENCES)}
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            used = {name: size for name, size in sizes.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collections", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--of-customers", action="store_true", help="with one contact delay for each customer")
    parser.add_argument("--all-different", action="store_true", help="no two collections share their days ahead")
    options = parser.parse_args()
    now = datetime.now(UTC)
    question = asked(now, ZoneInfo("Europe/Paris"), None, todo_days=0)
    runs: list[dict[str, float]] = []
    book = BookAhead()
    with (
        tempfile.TemporaryDirectory(prefix="duewell-bench-") as home,
        EmbeddedPostgres(Path(home), durable=False) as postgres,
    ):
        engine = make_engine(postgres.create_database("duewell"))
        set_up(engine, "Bench", "ar@bench.example")
        _say(f"laying down {options.collections} collections")
        fill(engine, options.collections)
        if options.of_customers:
            with engine.begin() as connection:
                connection.execute(text("UPDATE organization SET contact_delay_scope = 'customer'"))
        if options.all_different:
            with engine.begin() as connection:
                connection.execute(text(_RELEASE_ALL))
        assert postgres.process is not None
        server = [postgres.process.pid]
        for number in range(options.rounds):
            before = time.perf_counter(), time.process_time(), cpu_seconds_of(server)
            book = book_ahead(engine, question)
            after = time.perf_counter(), time.process_time(), cpu_seconds_of(server)
            wall, here, there = (end - begin for begin, end in zip(before, after, strict=True))
            runs.append({"wall_s": wall, "cpu_s_here": here, "cpu_s_postgres": there, "cpu_s": here + there})
            _say(f"round {number + 1}: {wall:.1f} s, CPU {here:.1f} s here and {there:.1f} s in PostgreSQL")
        engine.dispose()
    assert (book.collections, book.undecidable) == (options.collections, 0)
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "collections": book.collections,
        "foretold": book.foretold,
        "messages": sum(count for kind, count in book.counts.items() if kind.is_message),
        "todos": sum(count for kind, count in book.counts.items() if not kind.is_message),
        **{name: round(seconds, 2) for name, seconds in median.items()},
        "collection_years_per_30_s": round(book.collections / median["cpu_s"] * 30),
    }
    print(json.dumps(result))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
