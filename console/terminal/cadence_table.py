"""Cadences and their steps as tables, and as data."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.terminal.printing import printable, say
from db.queries.catalogue import CadenceLine, Version
from dunning.cadence import Cadence, Step
from intake.cadence_changes import repeats, when
from intake.cadence_warnings import warnings_of


def print_cadence(console: Console, cadence: Cadence) -> None:
    """Print the steps of the cadence as they are understood, and the warnings."""
    count = len(cadence.steps)
    steps = "1 step" if count == 1 else f"{count} steps"
    delay = cadence.contact_delay_days_min
    say(console, f"{cadence.name}: {steps}, {cadence.logic} logic, {delay} days between contacts", "bold")
    table = _table("step", "triggers", "channel", "execution", "text", "runs")
    for step in cadence.steps:
        runs = repeats(step) + ("; never superseded" if step.never_supersede else "")
        cells = step.id, when(step), step.channel.value, step.execution.value, step.template or "–", runs
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    say_warnings(console, warnings_of(cadence))


def say_warnings(console: Console, warnings: Sequence[str]) -> None:
    """Print what is sound and may still not be meant."""
    for warning in warnings:
        say(console, f"warning: {warning}", "yellow")


def cadence_data(cadence: Cadence) -> dict[str, Any]:
    """Return the cadence with its warnings as data; the keys are those of a cadence file."""
    return {
        "name": cadence.name,
        "logic": cadence.logic.value,
        "minimum_contact_delay": cadence.contact_delay_days_min,
        "steps": [_step_data(step) for step in cadence.steps],
        "warnings": list(warnings_of(cadence)),
    }


def version_data(version: Version) -> dict[str, Any]:
    """Return a version of a cadence as data."""
    return {
        "version": version.number,
        "state": version.state,
        "published_at": version.published_at,
        "published_by": version.published_by,
        **cadence_data(version.cadence),
    }


def cadences_table(lines: list[CadenceLine], time_zone: ZoneInfo) -> Table:
    """Return the cadences that there are."""
    table = _table("cadence", "published", "draft", "logic", "delay", "steps", "collections")
    for line in lines:
        published = "retired" if line.draft is None else "–"
        if line.published is not None and line.published_at is not None:
            published = f"version {line.published}, {line.published_at.astimezone(time_zone):%Y-%m-%d}"
        table.add_row(
            Text(printable(line.name) + (" (default)" if line.is_default else "")),
            published,
            "–" if line.draft is None else f"version {line.draft}",
            line.logic or "–",
            "–" if line.contact_delay_days_min is None else f"{line.contact_delay_days_min} days",
            str(line.steps or "–"),
            str(line.collections),
        )
    return table


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "anchor": step.anchor.value,
        "offset": step.offset_days,
        "channel": step.channel.value,
        "execution": step.execution.value,
        "template": step.template,
        "never_supersede": step.never_supersede,
        "repeat": {"every": step.repeat.every_days, "limit": step.repeat.limit} if step.repeat else None,
        "name": step.name,
        "responsible": list(step.responsible),
        "sender": step.sender,
        "recipients": list(step.recipients),
        "cc": list(step.cc),
        "bcc": list(step.bcc),
    }


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for name in columns:
        # What is longest by nature stands last, and is what a narrow terminal wraps.
        table.add_column(name, overflow="fold", no_wrap=name != columns[-1])
    return table
