"""A story that was lived through, for people and as data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.terminal.printing import printable, say
from console.views.event_words import event_words
from dunning.decision import Because, Reason
from dunning.events import Completed, Contacted, Event, Ignored
from dunning.simulate import End, Entry, Happened, Scenario, Story

_OUTCOMES = {
    End.RUNNING: "still running",
    End.PAID: "paid",
    End.EXHAUSTED: "exhausted, every step is done and money is still open",
    End.STOPPED: "stopped, no cadence follows it up",
}
_REASONS = {
    "overdue": "the invoice is overdue",
    "superseded": "the day of a later step has come",
    "paid": "the invoice is paid",
    "reassigned": "another cadence, or none, takes over",
    "stopped": "no cadence follows it up any more",
    "cycle": "the cadence begins anew",
}
_STYLES = {Happened.SENT: "green", Happened.OPENED: "yellow"}
# What these events do is in the log already.
_LOGGED = (Completed, Ignored, Contacted)


def story_line(story: Story) -> str:
    """Return the story as one line of JSON; what does not apply to an entry is left out."""
    log = [_entry_data(entry) for entry in story.log]
    return json.dumps({"name": story.name, "outcome": story.outcome.value, "log": log}, ensure_ascii=False)


def print_story(console: Console, scenario: Scenario, story: Story) -> None:
    """Print the story: what happened and why, how it stands at the end, and which events could not happen."""
    say(console, story.name, "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("day", no_wrap=True)
    table.add_column("step", overflow="fold", max_width=20)
    table.add_column("what happens", overflow="fold")
    table.add_column("why", overflow="fold")
    for day, line in _lines(scenario, story):
        cells = (f"{day:%a %Y-%m-%d}", line.step, line.what, line.why)
        table.add_row(*(Text(printable(cell)) for cell in cells), style=line.style)
    if table.row_count:
        console.print(table)
    say(console, f"At the end of {scenario.until:%a %Y-%m-%d}: {_OUTCOMES[story.outcome]}.")
    for refusal in story.refused:
        what = event_words(refusal.event, scenario.invoice.currency)
        say(console, f"Refused on {refusal.on:%a %Y-%m-%d}, {what}: {refusal.because}.", "yellow")


def _entry_data(entry: Entry) -> dict[str, str | int]:
    data = {
        "on": entry.on.isoformat(),
        "step": entry.step,
        "event": entry.event.value,
        "reason": entry.reason,
        "occurrence": entry.occurrence if entry.occurrence > 1 else None,
        "channel": entry.channel,
        "cycle": entry.cycle,
    }
    return {key: value for key, value in data.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the table."""

    what: str
    step: str = ""
    why: str = ""
    style: str = ""


def _lines(scenario: Scenario, story: Story) -> Iterator[tuple[date, _Line]]:
    """Yield what the table shows, day by day: the events from outside, then what came of them and of the run."""
    refused = {id(refusal.event) for refusal in story.refused}
    days: dict[date, tuple[list[Event], list[Entry]]] = {}
    for event in scenario.events:
        day = scenario.calendar.local_date(event.at)
        if id(event) not in refused and day <= scenario.until:
            days.setdefault(day, ([], []))[0].append(event)
    for entry in story.log:
        days.setdefault(entry.on, ([], []))[1].append(entry)
    for day, (events, entries) in sorted(days.items()):
        for event in events:
            if not isinstance(event, _LOGGED):
                yield day, _Line(event_words(event, scenario.invoice.currency), style="dim")
        for entry in entries:
            yield day, _line(entry)


def _reason(reason: Reason, on: date) -> str:
    """Say why a step ran on a day; where that is the step's own day, the day need not be said again."""
    if reason.because is not Because.TRIGGER or reason.detail is None:
        return str(reason)
    return reason.detail if reason.day in (None, on) else f"{reason.detail}: {reason.day:%a %Y-%m-%d}"


def _line(entry: Entry) -> _Line:
    name = entry.step or ""
    match entry.event:
        case Happened.SENT | Happened.OPENED:
            assert entry.decided is not None, "a step runs by a decision"
            verb = "sent" if entry.event is Happened.SENT else "to do"
            why = "; ".join(_reason(reason, entry.on) for reason in entry.decided.because)
            return _Line(f"{entry.decided.step.channel} {verb}", name, why, _STYLES[entry.event])
        case Happened.CONTACT:
            return _Line(f"contact by {entry.channel}", name)
        case Happened.CYCLE:
            return _Line(f"cycle {entry.cycle} begins", name)
        case Happened.DONE | Happened.IGNORED | Happened.EXPIRED | Happened.CANCELED | Happened.SKIPPED:
            return _Line(entry.event.value, name, _REASONS.get(entry.reason or "", entry.reason or ""))
        case _:
            assert_never(entry.event)
