"""What an import did or would do, for people and as data."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from console.terminal.printing import out, say, say_json
from console.views.delivery import Delivery
from intake.files.profile import as_json
from intake.files.reading import Reading
from intake.imports.importing import Imported
from intake.imports.rehearsal import Rehearsed
from intake.imports.source import Source, names_in
from intake.problems import Problem, problem_text, problems_as_dicts

PROBLEMS_SHOWN_MAX = 50
Where = Callable[[int], str]


def say_import(source: Source, imported: Imported, delivery: Delivery | None, as_json_: bool) -> None:
    """Say what the import did."""
    if as_json_:
        say_json(import_data(imported, delivery))
    else:
        print_import(out(), imported, delivery, where_in(source))


def where_in(source: Source) -> Where:
    """Return what names the place of a problem: a line, or a file of several."""
    if not source.is_bundle:
        return lambda line: f"line {line}"
    names = names_in(source.content)
    return lambda place: names[place - 1]


def print_import(console: Console, imported: Imported, delivery: Delivery | None, where: Where) -> None:
    """Print the problems, the first of many, and the counts."""
    _print_problems(console, imported.problems, imported.notes, where)
    if imported.kind is None and not imported.job_id:
        say(
            console,
            "Nothing was imported; --kind says what a file has, --show-mapping how it would be read.",
            "bold",
        )
        return
    problems = f"{len(imported.problems)} problem{'s' if len(imported.problems) != 1 else ''}"
    if not imported.is_applied:
        say(console, f"Nothing was imported: {problems}, and --strict takes all or nothing.", "bold")
        return
    counts = f"{imported.created} created, {imported.changed} changed, {imported.unchanged} unchanged"
    refused = _refused(imported)
    lines = f"{refused} line{'s' if refused != 1 else ''} refused"
    of = "" if imported.kind is None else f"{imported.kind.capitalize()}: "
    say(console, f"{of}{counts}, {lines}" + (f" ({problems})." if refused else "."), "bold")
    if delivery is not None and (sentence := delivery.sentence):
        say(console, sentence, "" if delivery.is_complete else "yellow")


def _print_problems(console: Console, problems: Sequence[Problem], notes: Sequence[str], where: Where) -> None:
    for problem in problems[:PROBLEMS_SHOWN_MAX]:
        say(console, f"{where(problem.line)}{',' if problem.column else ':'} {problem_text(problem)}")
    more = len(problems) - PROBLEMS_SHOWN_MAX
    if more > 0:
        say(console, f"… and {more} more; --json lists all of them")
    for note in notes:
        say(console, f"note: {note}", "dim")


def _refused(imported: Imported) -> int:
    return len({problem.line for problem in imported.problems})


def import_data(imported: Imported, delivery: Delivery | None) -> dict[str, Any]:
    """Return the same with every problem."""
    return {
        "applied": imported.is_applied,
        "job": imported.job_id,
        "kind": imported.kind,
        "created": imported.created,
        "changed": imported.changed,
        "unchanged": imported.unchanged,
        "refused": _refused(imported),
        "problems": problems_as_dicts(imported.problems),
        "notes": list(imported.notes),
        "signals": asdict(delivery) if delivery else None,
    }


def say_rehearsal(source: Source, reading: Reading, rehearsal: Rehearsed, as_json_: bool) -> None:
    """Say what the import would do, row by row where it does something."""
    counts = rehearsal.counts
    created, changed = counts["created"], counts["changed"] - counts["created"]
    if as_json_:
        say_json(
            {
                "created": created,
                "changed": changed,
                "unchanged": counts["unchanged"],
                "refused": counts["failed"],
                "cadences": {name or "none": count for name, count in rehearsal.cadences.items()},
                "rows": [asdict(row) for row in rehearsal.rows],
                "notes": list(reading.notes),
                "mapping": _mapping(reading),
            }
        )
        return
    console, where = out(), where_in(source)
    told = [row for row in rehearsal.rows if row.outcome in ("changed", "refused")]
    for row in told[:PROBLEMS_SHOWN_MAX]:
        say(console, f"{where(row.position)}: {row.subject} {_would_be(row.outcome)}: {row.said}")
    if len(told) > PROBLEMS_SHOWN_MAX:
        say(console, f"… and {len(told) - PROBLEMS_SHOWN_MAX} more; --report and --json list all of them")
    for note in reading.notes:
        say(console, f"note: {note}", "dim")
    for name, count in sorted(rehearsal.cadences.items(), key=lambda one: str(one[0])):
        say(console, f"{count} would go under {'no cadence' if name is None else name}")
    of = "" if reading.kind is None else f"{reading.kind.capitalize()}: "
    would = (
        f"{created} would be created, {changed} changed, {counts['unchanged']} left, {counts['failed']} refused"
    )
    say(console, f"{of}{would}. Nothing was imported.", "bold")


def _would_be(outcome: str) -> str:
    return "would be changed" if outcome == "changed" else "would be refused"


def print_mapping(reading: Reading, as_json_: bool) -> None:
    """Say how the file is read: what was guessed, how sure that is, and the profile."""
    if as_json_:
        say_json(_mapping(reading) | {"problems": problems_as_dicts(reading.problems)})
        return
    console = out()
    for guess in reading.guesses:
        say(console, f"{guess.subject}: {guess.taken} ({guess.confidence:.0%} sure)")
    _print_problems(console, reading.problems, reading.notes, lambda line: f"line {line}")
    if reading.profile is not None:
        sys.stdout.write(as_json(reading.profile))


def _mapping(reading: Reading) -> dict[str, Any]:
    return {
        "kind": reading.kind,
        "guesses": [asdict(guess) for guess in reading.guesses],
        "profile": None if reading.profile is None else json.loads(as_json(reading.profile)),
    }
