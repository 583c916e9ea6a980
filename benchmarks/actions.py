"""How long a page of the lists All and To-do takes among a million actions, whatever is asked for.

`python -m benchmarks.actions [ACTIONS]`, on an embedded PostgreSQL of its own. Each list is read several times,
warm; its time is the whole call as a command makes it, from the request to the lines. The book is laid down so
that many lists match nothing, or only rows at the far end.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, product
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import text

from db.engine import Engine, make_engine, transaction
from db.queries.todos import ActionFilter, Order, Place, action_page
from devstack.postgres import EmbeddedPostgres
from intake.setup import set_up

ACTIONS = 1_000_000
PAGE_LINES = 50
ROUNDS = 5
LISTS = 1500
PAGE_MS_MAX = 20.0
FIRST_DAY = date(2024, 1, 1)
DAYS = 1000
CADENCES = 20

# Five actions an invoice, ten invoices a customer; the first customer has a fiftieth of all. Cadence 1 has most of
# the invoices, cadence 20 only the newest, and only cadence 7 sends letters. Replies are few, text messages are
# old, and what is open is new. The group Cash Collectors has half of everything, user23 nothing that is open.
_FILL = """
INSERT INTO customers (external_id, name)
  SELECT 'C-' || n, 'Customer ' || n FROM generate_series(1, :invoices / 10 + 1) n;
INSERT INTO cadences (name) SELECT 'Cadence ' || n FROM generate_series(2, 20) n;
INSERT INTO cadence_versions (cadence_id, number, logic, contact_delay_days_min, state)
  SELECT id, 1, 'standard', 5, 'published' FROM cadences WHERE name LIKE 'Cadence %';
INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total)
  SELECT 'INV-' || n, 'INV-' || n, CASE WHEN n % 50 = 0 THEN 1 ELSE 1 + n % (:invoices / 10) END,
         date '2023-12-01' + (n * 1000 / :invoices)::int, date '2024-01-01' + (n * 1000 / :invoices)::int,
         'EUR', 1000
    FROM generate_series(1, :invoices) n;
INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, assigned_by)
  SELECT i.id, v.cadence_id, v.id, i.issued_on, 'import'
    FROM invoices i
    JOIN cadence_versions v ON v.cadence_id =
         CASE WHEN i.id > :invoices - 50 THEN 20 WHEN i.id % 10 < 6 THEN 1 ELSE 2 + i.id % 18 END
   ORDER BY i.id;
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, kind, step_id, channel, execution, state, owner,
        due_on)
  SELECT c.id, i.id, i.customer_id, c.cadence_id,
         CASE WHEN c.id % 97 = 0 AND n = 4 THEN 'reply' WHEN c.id % 9973 = 0 AND n = 5 THEN 'parked'
              ELSE 'step' END,
         's' || n,
         CASE WHEN n = 3 THEN 'call' WHEN n = 4 AND c.cadence_id = 7 THEN 'letter'
              WHEN n = 2 AND c.id < :invoices / 20 THEN 'sms' WHEN n = 5 THEN 'task' ELSE 'email' END,
         CASE WHEN n IN (3, 5) THEN 'manual' ELSE 'automatic' END,
         CASE WHEN c.id > :invoices * 9 / 10 AND n >= 3 AND c.id % 25 <> 23 THEN 'open'
              WHEN c.id % 31 = 0 THEN 'ignored' WHEN c.id % 37 = 0 THEN 'expired'
              WHEN c.id % 41 = 0 THEN 'canceled'
              ELSE 'done' END,
         CASE WHEN c.id % 2 = 0 THEN 'Cash Collectors' ELSE 'user' || c.id % 25 || '@duewell.example' END,
         i.due_on + n * 7
    FROM collections c JOIN invoices i ON i.id = c.invoice_id CROSS JOIN generate_series(1, 5) n
   ORDER BY c.id, n
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list, as it is asked for."""

    chosen: ActionFilter
    order: Order
    after: Place | None


@dataclass(frozen=True, slots=True)
class Timed:
    """How long a page took, in milliseconds, at each time, and how many lines it had."""

    asked: Asked
    times_ms: tuple[float, ...]
    lines: int


def fill(engine: Engine, actions: int) -> None:
    """Lay down so many actions with all that they belong to."""
    invoices = actions // 5
    with engine.begin() as connection:
        # Without foreign keys being looked up one by one, which here only costs time.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement), {"invoices": invoices} if ":invoices" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def choices(actions: int) -> list[ActionFilter]:
    """Return each filter alone, with several values, and combined with one and two others."""
    newest = FIRST_DAY + timedelta(days=DAYS)
    parts: dict[str, list[dict[str, object]]] = {
        "owner": [
            {"owners": ("Cash Collectors",)},
            {"owners": ("user23@duewell.example",)},
            {"owners": ("user7@duewell.example", "Cash Collectors", "Disputes")},
            {"owners": ("nobody@duewell.example",)},
        ],
        "cadence": [{"cadence_id": cadence_id} for cadence_id in (1, 7, CADENCES, 999)],
        "customer": [{"customer_id": customer_id} for customer_id in (1, 2, 10**9)],
        "invoice": [{"invoice_id": invoice_id} for invoice_id in (50, actions // 5, 10**9)],
        "channel": [{"channels": (channel,)} for channel in ("email", "sms", "letter", "call", "task")],
        "state": [{"states": (state,)} for state in ("sending", "open", "done", "ignored", "expired", "canceled")],
        "kind": [{"kinds": (kind,)} for kind in ("step", "reply", "parked", "message")],
        "days": [
            {"listed_from": newest - timedelta(days=30)},
            {"listed_to": FIRST_DAY + timedelta(days=30)},
            {"listed_from": newest + timedelta(days=900)},
            {"listed_from": FIRST_DAY + timedelta(days=400), "listed_to": FIRST_DAY + timedelta(days=401)},
        ],
    }
    found = [ActionFilter()]
    for size in (1, 2, 3):
        for names in combinations(parts, size):
            for chosen in product(*(parts[name] for name in names)):
                values: dict[str, Any] = {}
                for part in chosen:
                    values |= part
                found.append(ActionFilter(**values))
    return found


def pages(actions: int, lists: int | None = None) -> Iterator[Asked]:
    """Yield what is asked for: every filter alone and with another, and a sample of those with a third."""
    random = Random(7)
    chosen = choices(actions)
    if lists is not None and lists < len(chosen):
        chosen = random.sample(chosen, lists)
    middle, end = Place(FIRST_DAY + timedelta(days=DAYS // 2), 0), Place(FIRST_DAY + timedelta(days=DAYS + 30), 0)
    for one in chosen:
        order: Order = random.choice(("due", "newest"))
        yield Asked(one, order, random.choice((None, None, None, middle, end)))


def measure(engine: Engine, lists: list[Asked], rounds: int = ROUNDS) -> list[Timed]:
    """Read every list once to warm up, and then all of them so many times, one after the other."""
    times: list[list[float]] = [[] for _ in lists]
    lines = [0] * len(lists)
    for _ in range(rounds + 1):
        for number, asked in enumerate(lists):
            with transaction(engine) as session:
                started = time.perf_counter()
                page = action_page(session, asked.chosen, PAGE_LINES, asked.after, asked.order)
                times[number].append((time.perf_counter() - started) * 1000)
            lines[number] = len(page.lines)
    return [Timed(asked, tuple(each[1:]), count) for asked, each, count in zip(lists, times, lines, strict=True)]


def main() -> None:
    """Lay the actions down, read the lists and say how long the slowest took."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ACTIONS
    with (
        tempfile.TemporaryDirectory() as home,
        EmbeddedPostgres(Path(home), durable=False) as postgres,
    ):
        engine = make_engine(postgres.create_database("bench"))
        set_up(engine, "Bench", "ar@bench.example")
        started = time.perf_counter()
        fill(engine, count)
        with engine.connect() as connection:
            laid = connection.execute(text("SELECT count(*) FROM actions")).scalar_one()
            size = connection.execute(text("SELECT pg_size_pretty(pg_indexes_size('actions'))")).scalar_one()
        _say(f"{laid} actions with {size} of indexes, laid down in {time.perf_counter() - started:.0f} s")
        _report(measure(engine, list(pages(count, LISTS))))
        engine.dispose()


def _report(timed: list[Timed]) -> None:
    by_time = sorted(timed, key=lambda one: median(one.times_ms))
    every = [time_ms for one in timed for time_ms in one.times_ms]
    empty = sum(not one.lines for one in timed)
    slowest = by_time[-1]
    _say(f"{len(timed)} lists, {empty} of them empty, each read {ROUNDS} times; a page has {PAGE_LINES} lines")
    _say(
        f"median of all {median(every):.1f} ms; the slowest list {median(slowest.times_ms):.1f} ms; "
        f"its best {max(min(one.times_ms) for one in timed):.1f} ms; the slowest single read {max(every):.1f} ms "
        f"(bar {PAGE_MS_MAX:.0f} ms)"
    )
    for one in by_time[-5:]:
        _say(f"  {median(one.times_ms):.1f} ms, {one.lines} lines: {one.asked}")


def _say(said: str) -> None:
    sys.stdout.write(said + "\n")


if __name__ == "__main__":
    main()
