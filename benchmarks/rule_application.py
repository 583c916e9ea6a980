"""Twenty rules applied to a book: python -m benchmarks.rule_application [--invoices N] [--rounds N].

The floor writes the very same rows by one plain statement for each table, out of tables that hold them ready.
Both take turns on copies of one database on the same server, and who begins changes with every round. Ratios are
of runs of one round. The server does not vacuum by itself meanwhile: the floor is one transaction, after whose end
it would do for the same rows what it does for an application between its pages. A second application of the same
rules writes nothing, which is asserted.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import text

from benchmarks.measuring import cpu_seconds_so_far
from db.engine import Engine, make_engine, transaction
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.jobs import open_job
from db.operations.people import add_group
from db.operations.rules.smart_rules import add_rule
from devstack.postgres import EmbeddedPostgres
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Step
from intake.jobs.driver import drive
from intake.setup import set_up
from rules.catalogue import Catalogue, DefinedField
from rules.fields import CustomField
from rules.read_rule import read_rule
from rules.rule import Definition

BAR = 1.5
PLAN = DefinedField(CustomField(entity="customer", key="plan", type="select"), ("VIP", "basic"))
CADENCES = ("W-KEY", "W-EU", "W-US", "W-JP", "W-OLD", "W-SOON", "W-SMALL", "W-LEGAL")
RULES = (
    "aging is 91+ and outstanding > 1000 EUR then assign W-LEGAL",
    "status is overdue and outstanding > 8000 EUR then assign W-KEY",
    "customer.custom.plan is VIP and total > 5000 then assign W-KEY",
    "aging is any of 61-90, 91+ then assign W-OLD",
    "customer is any of C-1, C-2, C-3, C-4, C-5, C-6, C-7, C-8, C-9, C-10 then assign none",
    "status is disputed and outstanding > 100 then assign W-LEGAL",
    "due date in next 7 days and total >= 3000 then assign W-SOON",
    "PO number starts with PO-7 and currency is EUR then assign W-SMALL",
    "currency is USD and outstanding between 50 and 9000 USD then assign W-US",
    "currency is JPY then assign W-JP",
    "total < 200 and currency is EUR then assign W-SMALL",
    "number contains 777 then assign W-KEY",
    "when created: issue date before 2020-01-01 then assign none",
    "currency is EUR and status is none of due, overdue then assign W-EU",
    "always then assign Standard",
    "customer.custom.plan is VIP and outstanding < 500 then hide",
    "number ends with 99 then hide",
    "payment date in last 7 days then show",
    'status is overdue and outstanding > 9000 EUR then notify "Cash Collectors" by email "{{ invoice.number }}"',
    'customer.custom.plan is VIP and aging is 91+ then notify "Cash Collectors" by email "{{ invoice.number }}"',
)
# Open invoices, due from 100 days ago to 80 ahead, under the default cadence; some had a message lately, some are
# disputed, some were assigned by a person, and of some a to-do is open.
_FILL = """
INSERT INTO custom_fields (entity, key, type, label, options)
  VALUES ('customer', 'plan', 'select', 'Plan', '["VIP", "basic"]');
INSERT INTO customers (external_id, name) SELECT 'C-' || n, 'Customer ' || n FROM generate_series(1, :customers) n;
INSERT INTO contacts (customer_id, email, is_main) SELECT id, 'ar@c' || id || '.example', true FROM customers;
INSERT INTO custom_values (field_id, entity, type, customer_id, text_value)
  SELECT f.id, 'customer', 'select', c.id, CASE WHEN c.id % 20 = 0 THEN 'VIP' ELSE 'basic' END
    FROM customers c, custom_fields f WHERE c.id % 4 = 0;
INSERT INTO invoices (external_id, number, customer_id, po_number, issued_on, due_on, currency, total, settled,
                      cadence_locked_at, cadence_locked_by)
  SELECT 'INV-' || n, 'INV-' || n, 1 + (n::bigint * 7919) % :customers, 'PO-' || n, d - 30, d,
         (ARRAY['EUR', 'EUR', 'EUR', 'USD', 'JPY'])[1 + n % 5], 100 + (n * 37) % 9900, 0,
         CASE WHEN n % 50 = 0 THEN now() END, CASE WHEN n % 50 = 0 THEN 'ana' END
    FROM (SELECT n, current_date - 100 + (n * 31) % 180 AS d FROM generate_series(1, :count) n) s;
INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, last_contact_on, assigned_by)
  SELECT i.id, v.cadence_id, v.id, current_date - 20, CASE WHEN i.id % 10 = 0 THEN current_date - 3 END, 'import'
    FROM invoices i, cadence_versions v JOIN cadences c ON c.id = v.cadence_id WHERE c.is_default ORDER BY i.id;
INSERT INTO step_statuses (collection_id, step_id, status, on_date)
  SELECT id, 'call', 'open', current_date - 1 FROM collections WHERE id % 100 = 7;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, step_id, channel, execution, state, owner, due_on)
  SELECT c.id, i.id, i.customer_id, c.cadence_id, 'call', 'call', 'manual', 'open', 'Cash Collectors', current_date
    FROM collections c JOIN invoices i ON i.id = c.invoice_id WHERE c.id % 100 = 7;
INSERT INTO holds (invoice_id, kind, started_at, started_by)
  SELECT id, 'dispute', now(), 'ana' FROM invoices WHERE id % 50 = 3;
INSERT INTO next_actions (collection_id, stage, sentence, decided_at)
  SELECT id, 'waiting', 'waits', now() FROM collections
"""
# By table: what tells its new or changed rows.
_NEW = {
    "rule_records": "true",
    "rule_matches": "true",
    "rule_log": "true",
    "timeline": "true",
    "outbox": "true",
    "step_statuses": "status <> 'open'",
    "next_actions": "sentence <> 'waits'",
    "new_collections": "id > :count",
    "closed_collections": "id <= :count AND closed_at IS NOT NULL",
    "actions": "ended_at IS NOT NULL",
    "invoices": "is_hidden",
}
_WRITES = (
    "UPDATE collections c SET state = f.state, closed_at = f.closed_at FROM floor_closed_collections f"
    " WHERE c.id = f.id",
    "UPDATE actions a SET state = f.state, ended_at = f.ended_at, ended_on = f.ended_on, ended_by = f.ended_by"
    " FROM floor_actions f WHERE a.id = f.id",
    "UPDATE step_statuses s SET status = f.status, on_date = f.on_date, because = f.because"
    " FROM floor_step_statuses f WHERE s.collection_id = f.collection_id AND s.step_id = f.step_id"
    " AND s.status = 'open'",
    "INSERT INTO collections OVERRIDING SYSTEM VALUE SELECT * FROM floor_new_collections",
    "INSERT INTO step_statuses SELECT * FROM floor_step_statuses ON CONFLICT DO NOTHING",
    "INSERT INTO next_actions SELECT * FROM floor_next_actions ON CONFLICT (collection_id) DO UPDATE"
    " SET (stage, step_id, channel, execution, due_on, acts_at, because, sentence, decided_at)"
    " = ROW (excluded.stage, excluded.step_id,"
    " excluded.channel, excluded.execution, excluded.due_on, excluded.acts_at, excluded.because,"
    " excluded.sentence, excluded.decided_at)",
    "INSERT INTO rule_records SELECT * FROM floor_rule_records",
    "INSERT INTO rule_matches SELECT * FROM floor_rule_matches",
    "INSERT INTO rule_log OVERRIDING SYSTEM VALUE SELECT * FROM floor_rule_log",
    "INSERT INTO timeline OVERRIDING SYSTEM VALUE SELECT * FROM floor_timeline",
    "INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM floor_outbox",
    "UPDATE invoices i SET is_hidden = f.is_hidden FROM floor_invoices f WHERE i.id = f.id",
)
_TABLE = {"new_collections": "collections", "closed_collections": "collections"}


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of one run: by the clock, and of CPU here and in the server."""

    wall: float
    cpu: float
    cpu_here: float


def fill(engine: Engine, count: int) -> None:
    """Lay down the book, and the rules."""
    steps = (
        Step(
            "first", Anchor.DUE_DATE, 1, channel=Channel.EMAIL, execution=Execution.AUTOMATIC, template="reminder"
        ),
        Step(
            "second", Anchor.DUE_DATE, 8, channel=Channel.EMAIL, execution=Execution.AUTOMATIC, template="reminder"
        ),
        Step("call", Anchor.DUE_DATE, 20, channel=Channel.CALL, execution=Execution.MANUAL),
        Step(
            "last", Anchor.DUE_DATE, 40, channel=Channel.EMAIL, execution=Execution.AUTOMATIC, template="reminder"
        ),
    )
    with transaction(engine) as session:
        for place, name in enumerate(CADENCES):
            publish(session, Cadence(name, steps, Logic.STANDARD, contact_delay_days_min=3 + place))
    sizes = {"count": count, "customers": max(1, count // 10)}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _FILL.split(";\n"):
            used = {name: size for name, size in sizes.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    now = datetime.now(UTC)
    with transaction(engine) as session:
        add_group(session, "Cash Collectors")
        for place, one in enumerate(RULES):
            definition = read_rule(one, Catalogue((PLAN,)))
            assert isinstance(definition, Definition), definition
            # Without the look at the whole book that activation takes.
            add_rule(session, f"rule {place}", definition, Change(now, now.date(), "ana"), is_active=False)
        session.execute(text("UPDATE smart_rules SET is_active = true"))
    _vacuum(engine)


def apply(engine: Engine) -> None:
    """Apply all active rules to all invoices, as the job does."""
    with transaction(engine) as session:
        job_id = open_job(session, "apply rules", "ana", {"rule_ids": None, "notify": False})
    view = drive(engine, job_id)
    assert view.state == "done", view


def write_floor(engine: Engine) -> None:
    """Write the rows that an application writes."""
    with engine.begin() as connection:
        for statement in _WRITES:
            connection.execute(text(statement))


def keep_floor(source: Engine, target: Engine, count: int) -> dict[str, int]:
    """Put the rows that were written in one ledger into tables of another; return how many those are."""
    written = {}
    with source.connect() as one, target.begin() as other:
        for name, which in _NEW.items():
            table = _TABLE.get(name, name)
            other.execute(text(f"CREATE TABLE floor_{name} (LIKE {table})"))
            selected = f"COPY (SELECT * FROM {table} WHERE {which.replace(':count', str(count))}) TO STDOUT"
            reading, writing = one.connection.cursor(), other.connection.cursor()
            with reading.copy(selected) as rows, writing.copy(f"COPY floor_{name} FROM STDIN") as into:
                for block in rows:
                    into.write(block)
            written[name] = other.execute(text(f"SELECT count(*) FROM floor_{name}")).scalar_one()
    return written


def timed(work: Callable[[], None], server: int) -> Run:
    """Do the work and measure it."""
    used = cpu_seconds_so_far([server])
    before = time.perf_counter(), time.process_time()
    work()
    after = time.perf_counter(), time.process_time()
    wall, here = (end - begin for begin, end in zip(before, after, strict=True))
    return Run(wall, here + cpu_seconds_so_far([server]) - used, here)


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="duewell-bench-") as home, EmbeddedPostgres(Path(home)) as postgres:
        assert postgres.process is not None
        server = postgres.process.pid
        engine = make_engine(postgres.create_database("book"), 2)
        set_up(engine, "Bench", "ar@bench.example")
        _say(f"laying down {options.invoices:,} invoices")
        fill(engine, options.invoices)
        engine.dispose()
        trial = make_engine(postgres.create_database("trial", "book"), 2)
        apply(trial)
        written = keep_floor(trial, engine, options.invoices)
        again = _state(trial)
        apply(trial)
        assert _state(trial) == again, "a second application writes nothing"
        trial.dispose()
        _vacuum(engine)
        _say(f"rows: {json.dumps(written)}")
        _without_autovacuum(engine)
        engine.dispose()
        runs: list[dict[str, Run]] = []
        for number in range(options.rounds):
            ways = {"apply": apply, "floor": write_floor}
            order = list(ways) if number % 2 == 0 else list(reversed(ways))
            measured = {}
            for way in order:
                copy = make_engine(postgres.create_database(f"{way}_{number}", "book"), 2)
                with copy.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("CHECKPOINT"))
                measured[way] = timed(partial(ways[way], copy), server)
                copy.dispose()
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text(f"DROP DATABASE {way}_{number}"))
                engine.dispose()
                _say(f"round {number + 1}, {way}: {measured[way]}")
            runs.append(measured)
    _report(options.invoices, written, runs)


def _report(count: int, written: dict[str, int], runs: list[dict[str, Run]]) -> None:
    def ratio(of: Callable[[Run], float]) -> float:
        return round(statistics.median(of(run["apply"]) / of(run["floor"]) for run in runs), 2)

    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "invoices": count,
        "rows": sum(written.values()),
        "apply_s": round(statistics.median(run["apply"].wall for run in runs), 2),
        "floor_s": round(statistics.median(run["floor"].wall for run in runs), 2),
        "apply_cpu_here_s": round(statistics.median(run["apply"].cpu_here for run in runs), 2),
        "wall_ratio": ratio(lambda run: run.wall),
        "cpu_ratio": ratio(lambda run: run.cpu),
        "bar": BAR,
    }
    print(json.dumps(result))


def _state(engine: Engine) -> list[object]:
    """Return what changes as soon as any row of the ledger is written, but for the job's own."""
    tables = (
        "invoices",
        *(_TABLE.get(name, name) for name in _NEW if name not in ("invoices", "closed_collections")),
    )
    with engine.connect() as connection:
        return [
            connection.execute(text(f"SELECT count(*), sum(xmin::text::bigint), max(ctid) FROM {table}")).one()
            for table in tables
        ]


def _vacuum(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _without_autovacuum(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET autovacuum = off"))
        connection.execute(text("SELECT pg_reload_conf()"))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
