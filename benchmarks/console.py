"""How long the pages of the console take, over 100,000 open invoices and a million actions.

    python -m benchmarks.console [--open-invoices N] [--rounds N] [--only WORDS] [--keep FOLDER]

`duewell serve` runs as a process, somebody is signed in, and each page is asked for with random filters, orders,
places and objects, one request after the other, in English and in French. Measured is the whole of it: session,
questions, template, the way over loopback. Figures are milliseconds at the 50th, 95th and 99th percentile: by the
clock of who asks, and of CPU in the server and in its database, which is what others on the machine change least.
The bar is 50 ms at the 99th percentile; what is counted beside pages (`kept_s`) has none. `unit` is the CPU of a
fixed piece of work at that moment, which differs by a factor of two and more when others use the machine.

Laying the book down takes minutes: with a folder to keep it in, the next run begins at once.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text

from benchmarks.console_book import OPEN_INVOICES, fill
from benchmarks.console_office import fill_office
from benchmarks.console_pages import Ask, known_of, pages
from benchmarks.console_server import Cost, Visitor, load, served, unit_ms
from db.engine import Engine, make_engine
from db.operations.figures import keep_overview
from db.operations.one_at_a_time import KEEPING_FIGURES, alone
from db.queries.figures.overview import PARTS
from devstack.postgres import EmbeddedPostgres
from intake.setup import set_up

ROUNDS = 300
P99_MS_MAX = 50.0
# A page that is far too slow must not keep all others waiting.
SECONDS_MAX = 40.0
ROUNDS_MIN = 30
LANGUAGES = ("en-GB", "fr-FR")


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and where the book is kept."""

    open_invoices: int
    rounds: int
    only: str
    keep: Path | None


def measure(visitor: Visitor, ask: Callable[[], Ask], random: Random, rounds: int) -> list[Cost]:
    """Return what so many requests cost; a tenth as many before them warm up.

    If the server gets another connection to its database meanwhile, all of it is done again.
    """
    for _ in range(1 + rounds // 10):
        visitor.ask(ask(), random.choice(LANGUAGES))
    costs: list[Cost] = []
    while not visitor.look() or not costs:
        end, costs = time.monotonic() + SECONDS_MAX, []
        while len(costs) < rounds and (len(costs) < ROUNDS_MIN or time.monotonic() < end):
            costs.append(visitor.ask(ask(), random.choice(LANGUAGES)))
    return costs


def figures(costs: Sequence[Cost]) -> dict[str, Any]:
    """Return the percentiles of what was measured."""
    parts: dict[str, Callable[[Cost], float]] = {
        "wall": lambda cost: cost.wall,
        "cpu": lambda cost: cost.cpu,
        "server": lambda cost: cost.server,
        "database": lambda cost: cost.database,
    }
    found: dict[str, Any] = {"rounds": len(costs)}
    for name, part in parts.items():
        listed = sorted(map(part, costs))
        found[name] = [round(listed[math.ceil(len(listed) * percent / 100) - 1], 1) for percent in (50, 95, 99)]
    return found


@contextmanager
def stale(engine: Engine) -> Iterator[None]:
    """Let the overview be stale, and nobody count it anew."""
    with alone(engine, KEEPING_FIGURES) as is_alone:
        assert is_alone, "nobody else counts"
        with engine.begin() as connection:
            connection.execute(text("UPDATE kept_figures SET taken_at = taken_at - interval '3 hours'"))
        yield


def run(engine: Engine, visitor: Visitor, options: Options, today: date) -> dict[str, Any]:
    """Ask for all pages of a ledger, and return the figures."""
    random = Random(7)
    asked: dict[str, dict[str, Any]] = {}
    for name, ask in pages(random, known_of(engine, today)).items():
        if options.only not in name:
            continue
        with ExitStack() as around:
            if name == "overview, fresh":
                keep_overview(engine, datetime.now(UTC), today)
            if name == "overview, stale":
                around.enter_context(stale(engine))
            asked[name] = {
                **figures(measure(visitor, ask, random, options.rounds)),
                "load": load(),
                "unit": unit_ms(),
            }
        sys.stderr.write(f"{name:40}{asked[name]}\n")
    return {
        "pages": asked,
        "over_by_clock": _over(asked, "wall"),
        "over_by_cpu": _over(asked, "cpu"),
        "bar": P99_MS_MAX,
    }


def _over(asked: dict[str, dict[str, Any]], part: str) -> list[str]:
    return [name for name, found in asked.items() if found[part][-1] > P99_MS_MAX]


def kept(engine: Engine, today: date) -> dict[str, float]:
    """Take each part of the overview; return the seconds that it took."""
    taken: dict[str, float] = {}
    for part in PARTS:
        started = time.perf_counter()
        keep_overview(engine, datetime.now(UTC), today, [part])
        taken[part] = round(time.perf_counter() - started, 2)
    return taken


def lay_down(engine: Engine, options: Options, today: date) -> None:
    """Lay the book down, and the office around it."""
    sys.stderr.write(f"laying down {options.open_invoices:,} open invoices\n")
    fill(engine, options.open_invoices, today)
    fill_office(engine, today)


def options_from(arguments: Sequence[str]) -> Options:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description="times the pages of the console")
    parser.add_argument("--open-invoices", type=int, default=OPEN_INVOICES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="pages with these words in their name")
    parser.add_argument("--keep", type=Path, help="a folder where the book stays for the next run")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> None:
    """Lay the book down if it is not there, ask for the pages, and print what they took."""
    options, today = options_from(sys.argv[1:]), datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as away, ExitStack() as around:
        home = options.keep or Path(away)
        postgres = around.enter_context(EmbeddedPostgres(home, durable=False))
        is_there = home / "laid-down"
        url = postgres.create_database("bench")
        engine = make_engine(url)
        around.callback(engine.dispose)
        # What was kept may be of an earlier release.
        set_up(engine, "Bench", "ar@bench.example")
        if not is_there.exists():
            lay_down(engine, options, today)
            is_there.touch()
        begun, seconds = load(), kept(engine, today)
        visitor = around.enter_context(served(url, engine, home))
        found = run(engine, visitor, options, today)
        sys.stdout.write(json.dumps({"load_before": begun, "kept_s": seconds, **found}) + "\n")
        sys.stdout.write(f"over {P99_MS_MAX:.0f} ms at p99 by CPU: {', '.join(found['over_by_cpu']) or 'none'}\n")


if __name__ == "__main__":
    main()
