"""What an import did, for people and as data."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from console.delivery import Delivery
from console.printing import say
from console.problem_lines import line_of
from intake.import_invoices import Imported
from intake.problems import problems_as_dicts

PROBLEMS_SHOWN_MAX = 50


def print_import(console: Console, imported: Imported, delivery: Delivery | None) -> None:
    """Print the problems, the first of many, and the counts."""
    for problem in imported.problems[:PROBLEMS_SHOWN_MAX]:
        say(console, line_of(problem))
    more = len(imported.problems) - PROBLEMS_SHOWN_MAX
    if more > 0:
        say(console, f"… and {more} more; --json lists all of them")
    for note in imported.notes:
        say(console, f"note: {note}", "dim")
    problems = f"{len(imported.problems)} problem{'s' if len(imported.problems) != 1 else ''}"
    if not imported.is_applied:
        say(console, f"Nothing was imported: {problems}, and --strict takes all or nothing.", "bold")
        return
    counts = f"{imported.created} created, {imported.changed} changed, {imported.unchanged} unchanged"
    refused = _refused(imported)
    lines = f"{refused} line{'s' if refused != 1 else ''} refused"
    say(console, f"{counts}, {lines}" + (f" ({problems})." if refused else "."), "bold")
    if delivery is not None and (sentence := delivery.sentence):
        say(console, sentence, "" if delivery.is_complete else "yellow")


def _refused(imported: Imported) -> int:
    return len({problem.line for problem in imported.problems})


def import_data(imported: Imported, delivery: Delivery | None) -> dict[str, Any]:
    """Return the same with every problem."""
    return {
        "applied": imported.is_applied,
        "created": imported.created,
        "changed": imported.changed,
        "unchanged": imported.unchanged,
        "refused": _refused(imported),
        "problems": problems_as_dicts(imported.problems),
        "notes": list(imported.notes),
        "signals": asdict(delivery) if delivery else None,
    }
