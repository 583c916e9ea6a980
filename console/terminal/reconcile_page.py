"""A comparison of ledger and processes, for people and as data."""

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from console.terminal.printing import say
from db.queries.reconciling import Reconciled
from intake.reconcile_words import SAYINGS, sentence_of


def print_report(console: Console, report: Reconciled, time_zone: ZoneInfo) -> None:
    """Print what was found, with examples."""
    say(console, f"{sentence_of(report)}.", "bold")
    began = report.started_at.astimezone(time_zone)
    took = (
        "" if report.ended_at is None else f", took {(report.ended_at - report.started_at).total_seconds():.0f} s"
    )
    say(console, f"Job {report.id}, begun by {report.by} on {began:%a %Y-%m-%d %H:%M}{took}.")
    for example in report.examples:
        about = example.get("invoice") or example.get("process")
        said = SAYINGS.get(example["found"], example["found"])
        more = f" ({example['said']})" if "said" in example else ""
        say(console, f"  {about} {said}{more}")


def report_data(report: Reconciled) -> dict[str, Any]:
    """Return what was found as data."""
    known = asdict(report)
    del known["order"], known["cursor"]
    return known | {"found": sentence_of(report)}
