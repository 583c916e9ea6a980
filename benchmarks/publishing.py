"""How long it takes to say what a new version would change, and to bring it to every collection under it.

`python -m benchmarks.publishing [COLLECTIONS]`, on an embedded PostgreSQL of its own that keeps its promises.
"""

import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from db.engine import Engine, make_engine, transaction
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.settle import settle_many
from db.queries.book import open_invoice_ids
from db.queries.calendar import local_date
from db.queries.catalogue import version_of
from devstack.postgres import EmbeddedPostgres
from intake.cadence_file import STANDARD, read_cadence
from intake.impact import weigh
from intake.jobs.publish import PAGE, open_publish
from intake.publishing import roll_out
from intake.setup import set_up

COLLECTIONS = 10_000

# Due from 20 days ago to 40 days ahead; those that are overdue had their first messages.
_FILL = """
INSERT INTO customers (external_id, name)
  SELECT 'C-' || n, 'Customer ' || n FROM generate_series(1, :count / 10 + 1) n;
INSERT INTO contacts (customer_id, email, is_main) SELECT id, 'ar@c' || id || '.example', true FROM customers;
INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total)
  SELECT 'INV-' || n, 'INV-' || n, 1 + n / 10, current_date - 50 + n % 60, current_date - 20 + n % 60, 'EUR', 1000
    FROM generate_series(1, :count) n;
INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, last_contact_on, assigned_by)
  SELECT i.id, v.cadence_id, v.id, i.issued_on,
         CASE WHEN i.due_on < current_date - 3 THEN i.due_on + 3 END, 'import'
    FROM invoices i CROSS JOIN cadence_versions v WHERE v.state = 'published';
INSERT INTO step_statuses (collection_id, step_id, status, on_date, ran_on)
  SELECT c.id, s.step, 'done', c.last_contact_on, c.last_contact_on
    FROM collections c CROSS JOIN (VALUES ('upcoming'), ('reminder')) s(step) WHERE c.last_contact_on IS NOT NULL
"""


def fill(engine: Engine, count: int) -> None:
    """Lay a book of so many open collections down, all under the cadence that ships."""
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement), {"count": count} if ":count" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def settle_all(engine: Engine) -> None:
    """Work out the next action of every collection, as the starter does."""
    now, after_id = datetime.now(UTC), 0
    while True:
        with transaction(engine) as session:
            ids = open_invoice_ids(session, after_id, PAGE)
            settle_many(session, ids, Change(now, local_date(session, now)))
        if not ids:
            return
        after_id = max(ids)


def measure(engine: Engine) -> None:
    """Print the seconds of each part."""
    standard = read_cadence(STANDARD)
    # The second reminder moves, and everything that follows keeps its distance.
    steps = [replace(s, offset_days=12) if s.id == "second-reminder" else s for s in standard.steps]
    then = replace(standard, steps=tuple(steps))
    with transaction(engine) as session:
        in_force = version_of(session, standard.name, "published")
    begun, cpu = time.perf_counter(), time.process_time()
    impact = weigh(engine, in_force, then, datetime.now(UTC))
    weighed, cpu_weighed = time.perf_counter(), time.process_time()
    with transaction(engine) as session:
        number = publish(session, then)
        job_id = open_publish(session, "benchmark", then.name, number)
    switched, cpu_switched = time.perf_counter(), time.process_time()
    reached = roll_out(engine, job_id)
    ended, cpu_ended = time.perf_counter(), time.process_time()
    print(f"{impact}")
    print(f"impact    {weighed - begun:7.2f} s  ({cpu_weighed - cpu:.2f} s of CPU here)")
    print(f"switch    {switched - weighed:7.3f} s")
    print(f"roll-out  {ended - switched:7.2f} s  ({cpu_ended - cpu_switched:.2f} s of CPU here)")
    print(f"({reached.adopted} adopted, {reached.changed} to be told)")


def main() -> None:
    """Measure on a new server."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COLLECTIONS
    with tempfile.TemporaryDirectory() as home, EmbeddedPostgres(Path(home), durable=True) as postgres:
        engine = make_engine(postgres.create_database("publishing"))
        set_up(engine)
        fill(engine, count)
        settle_all(engine)
        measure(engine)
        engine.dispose()


if __name__ == "__main__":
    main()
