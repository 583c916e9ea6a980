"""One invoice against many active rules: python -m benchmarks.rules [--rules N] [--invoices N] [--seed N]."""

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from random import Random

from rules.index import Event, RuleIndex
from rules.outcomes import NOTHING_RECORDED, evaluate
from rules.read_rule import read_rule
from rules.rule import Definition, Rule
from tests.rules.random_rules import CATALOGUE, random_definition, random_facts

MEDIAN_MAX_MICROSECONDS = 200
P99_MAX_MICROSECONDS = 1000


def read(text: str) -> Definition:
    """Read a rule."""
    found = read_rule(text, CATALOGUE)
    assert isinstance(found, Definition), found
    return found


def typical(random: Random, place: int) -> Definition:
    """Return a rule as finance teams write them: by customer, by segment, by amount and age, by text."""
    customer, amount, cadence = random.randrange(2000), random.randrange(50_000), f"W-{place % 20}"
    return read(
        random.choice(
            (
                f"customer is C-{customer} and status is overdue then assign {cadence}",
                f"currency is EUR and status is overdue and outstanding > {amount} EUR then assign {cadence}",
                f"customer.custom.select is VIP and aging is any of 31-60, 61-90 and total >= {amount} then hide",
                f"PO number starts with {amount} and due date in last {1 + place % 90} days then assign none",
                f'outstanding > {amount} USD then notify "Cash Collectors" by email "{{{{ invoice.number }}}}"',
            )
        )
    )


SHAPES: dict[str, Callable[[Random, int], Definition]] = {
    "typical": typical,
    "random": lambda random, place: random_definition(random),
    "each matches": lambda random, place: read(f"number is not x{place} and total > 0 then assign W-{place}"),
    "each asks another text": lambda random, place: read(f"number contains x{place} then hide"),
}


def main() -> None:
    """Measure matching and deciding, invoice by invoice, and print a line of JSON for each shape of rules.

    Microseconds are those of the thread: what other programs take of the machine meanwhile is not counted.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--invoices", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for shape, draw in SHAPES.items():
        random = Random(options.seed)
        rules = [
            Rule(id=place, name=f"rule {place}", definition=draw(random, place), position=place)
            for place in range(1, options.rules + 1)
        ]
        started = time.perf_counter()
        index = RuleIndex(rules)
        built = time.perf_counter() - started
        taken, matched = [], 0
        gc.disable()
        for _ in range(options.invoices):
            facts = random_facts(random, cadence=None)
            started = time.thread_time()
            outcome = evaluate(index, facts, NOTHING_RECORDED, Event.CREATED)
            taken.append((time.thread_time() - started) * 1e6)
            matched += len(outcome.notifies) + sum(1 + len(one.shadowed) for one in outcome.evaluations[0].slots)
        gc.enable()
        microseconds = statistics.quantiles(taken, n=100)
        result = {
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "rules": f"{options.rules}, {shape}",
            "matches_mean": round(matched / options.invoices, 1),
            "index_ms": round(built * 1e3, 1),
            "median_us": round(microseconds[49], 1),
            "p99_us": round(microseconds[98], 1),
            "bar_us": [MEDIAN_MAX_MICROSECONDS, P99_MAX_MICROSECONDS],
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main()
