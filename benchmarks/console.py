"""How long what the pages of the console ask takes, over 100,000 open invoices and a million actions.

`python -m benchmarks.console [OPEN_INVOICES] [ROUNDS]`, on an embedded PostgreSQL of its own. Every question is
asked with random filters, orders and places, warm; its time is the whole call, from the request to the lines.

Prints one JSON document, in milliseconds: by the clock, and of CPU here and in the server together, which is what
others on the machine hardly change. The bar is 40 ms at the 99th percentile, so that a page with its template
stays below 50. What is counted beside pages, to be kept (`keep_s`), has no bar.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text

from benchmarks.console_book import CADENCES, OPEN_INVOICES, TODAY, fill
from db.engine import Engine, Session, make_engine, transaction
from db.operations.figures import keep_overview
from db.queries.balances import balances_of
from db.queries.figures.overview import PARTS, overview
from db.queries.figures.payment_delay import payment_delay
from db.queries.figures.promises import PromiseChoice, PromisePlace, promise_page
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.customer_messages import message_page
from db.queries.lists.customers import CustomerChoice, CustomerPlace, customer_page
from db.queries.lists.invoices import invoice_page
from db.queries.lists.orders import Order, Place
from db.queries.todos import ActionFilter, action_page
from devstack.postgres import EmbeddedPostgres
from intake.setup import set_up
from rules.fields import Aging

ROUNDS = 400
PAGE_LINES = 50
P99_MS_MAX = 40.0
_WORDS = ("INV-12", "INV-1234", "777", "99", "helios", "marrow & sons a", "0f", "b7c", "nobody", "ostrava steel 1")
Ask = Callable[[Session], Any]


def any_choice(random: Random, customers: int) -> InvoiceChoice:
    """Return what somebody may ask of the list of invoices: mostly one thing or two, sometimes three."""
    parts: list[dict[str, Any]] = [
        {"stages": (random.choice(("waiting", "due", "held", "todo", "exhausted", "blocked")),)},
        {"cadence_id": random.randint(1, CADENCES)},
        {"customer_id": random.choice((1, random.randint(1, customers)))},
        {"currency": random.choice(("EUR", "USD", "GBP", "JPY", "CHF"))},
        {"outstanding_min": Decimal(random.choice((1000, 50_000, 100_000, 170_000)))},
        {"outstanding_max": Decimal(random.choice((20, 100, 1000, 50_000)))},
        {"aging": (random.choice(list(Aging)),)},
        {"aging": (Aging.TO_90, Aging.ABOVE_90)},
        {"words": random.choice(_WORDS)},
        {"owners": (random.choice(("Cash Collectors", f"user{random.randint(1, 24)}@duewell.example")),)},
        {"is_hidden": random.choice((True, False))},
        {"has_cadence": False},
        {"risks": (random.choice(list(Risk)),)},
        {"risks": tuple(Risk)},
        {"state": random.choice(("paid", "void", "draft", "any"))},
        {"next_from": TODAY, "next_to": TODAY, "channels": ("email",), "execution": "automatic"},
    ]
    chosen = InvoiceChoice()
    for part in random.sample(parts, random.choices((0, 1, 2, 3), (1, 5, 3, 1))[0]):
        chosen = replace(chosen, **part)
    return chosen


def questions(random: Random, customers: int) -> dict[str, Callable[[], Ask]]:
    """Return the questions, each of which gives another one of its kind at each call."""

    def customer() -> int:
        return random.choice((1, random.randint(1, customers), random.randint(1, customers)))

    def invoices() -> Ask:
        chosen, order = any_choice(random, customers), random.choice(list(Order))
        return lambda session: invoice_page(session, chosen, TODAY, PAGE_LINES, order)

    def further_invoices() -> Ask:
        chosen, order = any_choice(random, customers), random.choice(list(Order))
        place = _somewhere(random, order)
        return lambda session: invoice_page(session, chosen, TODAY, PAGE_LINES, order, place)

    def plain_invoices() -> Ask:
        order = random.choice(list(Order))
        return lambda session: invoice_page(session, InvoiceChoice(), TODAY, PAGE_LINES, order)

    def customers_page() -> Ask:
        words, is_owing = random.choice((None, None, *_WORDS[4:])), random.random() < 0.3
        after = random.choice((None, CustomerPlace(random.choice("BHLMOQ"), 0)))
        return lambda session: customer_page(session, CustomerChoice(words, is_owing), TODAY, PAGE_LINES, after)

    def messages() -> Ask:
        asked = customer()
        return lambda session: message_page(session, asked, PAGE_LINES)

    def delay() -> Ask:
        asked = customer()
        return lambda session: payment_delay(session, asked, TODAY)

    def balances() -> Ask:
        asked = customer()
        return lambda session: balances_of(session, asked, TODAY)

    def promises() -> Ask:
        asked = PromiseChoice(random.choice((None, "EUR", "JPY")), None, random.choice((None, TODAY)))
        after = random.choice((None, PromisePlace(TODAY, 500)))
        return lambda session: promise_page(session, asked, PAGE_LINES, after)

    def todos() -> Ask:
        owners = random.choice(((), ("Cash Collectors",), ("user7@duewell.example",)))
        return lambda session: action_page(session, ActionFilter(owners=owners, states=("open",)), PAGE_LINES)

    return {
        "overview": lambda: overview,
        "invoices": plain_invoices,
        "invoices, filtered": invoices,
        "invoices, filtered, further on": further_invoices,
        "customers": customers_page,
        "messages of a customer": messages,
        "payment delay of a customer": delay,
        "balances of a customer": balances,
        "promises": promises,
        "to-dos": todos,
    }


def _somewhere(random: Random, order: Order) -> Place:
    keys = {
        Order.OUTSTANDING: str(random.randint(10, 170_000)),
        Order.DUE: str(TODAY.replace(month=random.randint(1, 6))),
        Order.CUSTOMER: random.choice(("Borealis 5", "Lumen 0", "Quay Logistics a")),
        Order.NEXT_ACTION: f"2026-07-{random.randint(1, 28):02} 08:00+00",
        Order.NEWEST: None,
    }
    return Place(0, keys[order], random.randint(1, 200_000) | 1)


def measure(engine: Engine, ask: Callable[[], Ask], rounds: int) -> list[tuple[float, float]]:
    """Return the milliseconds that each of so many questions took, by the clock and of CPU; the first warm up."""
    times = []
    for number in range(rounds + rounds // 10):
        asked = ask()
        with transaction(engine) as session:
            server = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
            cpu, started = _cpu_ns(server), time.perf_counter_ns()
            asked(session)
            taken, used = time.perf_counter_ns() - started, _cpu_ns(server) - cpu
        if number >= rounds // 10:
            times.append((taken / 1e6, used / 1e6))
    return times


def _cpu_ns(server: Path) -> int:
    """Return what this process and that of the server have used so far, in nanoseconds (Linux)."""
    return time.process_time_ns() + int(server.read_text().split()[0])


def figures(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return median, 99th percentile and the most by the clock, and the first two of CPU."""
    clock, cpu = (sorted(one) for one in zip(*times, strict=True))
    middle, late = len(clock) // 2, min(len(clock) - 1, len(clock) * 99 // 100)
    found = {"p50": clock[middle], "p99": clock[late], "most": clock[-1]}
    found |= {"cpu_p50": cpu[middle], "cpu_p99": cpu[late]}
    return {name: round(milliseconds, 1) for name, milliseconds in found.items()}


def kept(engine: Engine) -> Iterator[tuple[str, float]]:
    """Take each part of the overview; yield its name, and the seconds that it took."""
    for part in PARTS:
        started = time.perf_counter()
        keep_overview(engine, datetime.now(UTC), TODAY, [part])
        yield part, round(time.perf_counter() - started, 2)


def run(engine: Engine, open_invoices: int, rounds: int) -> dict[str, Any]:
    """Ask all questions of a book that is laid down, and return the figures."""
    load = os.getloadavg()[0]
    taken = dict(kept(engine))
    random = Random(7)
    asked = {
        name: figures(measure(engine, ask, rounds))
        for name, ask in questions(random, max(1, open_invoices // 10)).items()
    }
    return {
        "open_invoices": open_invoices,
        "rounds": rounds,
        "load_before": round(load, 1),
        "keep_s": taken,
        "pages": asked,
        "worst_p99": max(found["p99"] for found in asked.values()),
        "worst_cpu_p99": max(found["cpu_p99"] for found in asked.values()),
        "bar": P99_MS_MAX,
    }


def main() -> None:
    """Lay the book down, ask, and print what it took."""
    open_invoices = int(sys.argv[1]) if len(sys.argv) > 1 else OPEN_INVOICES
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with (
        tempfile.TemporaryDirectory() as home,
        EmbeddedPostgres(Path(home), durable=False) as postgres,
    ):
        engine = make_engine(postgres.create_database("bench"))
        set_up(engine, "Bench", "ar@bench.example")
        fill(engine, open_invoices)
        sys.stdout.write(json.dumps(run(engine, open_invoices, rounds), indent=2) + "\n")
        engine.dispose()


if __name__ == "__main__":
    main()
