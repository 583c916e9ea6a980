"""Actions as a table and as data, and one to-do on a page."""

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.drafts import DraftText
from console.options.todo_choice import written_place
from console.terminal.printing import printable, say
from console.views.amounts import money, plain
from db.queries.todos import ActionLine, Page
from dunning.cadence import Channel


def action_table(lines: tuple[ActionLine, ...], *, is_wide: bool) -> Table:
    """Return the table; a wide one has the owner and the reason in columns of their own."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for name in ("id", "due", "invoice"):
        table.add_column(name, no_wrap=True, justify="right" if name == "id" else "left")
    table.add_column("customer", overflow="fold", min_width=10)
    table.add_column("outstanding", no_wrap=True, justify="right")
    for name in ("what", "status", "owner", "why") if is_wide else ("what, status, owner, and why",):
        table.add_column(name, overflow="fold", min_width=12)
    for line in lines:
        last = [_what(line), _status(line), line.owner or "–", line.obstacle or ""]
        cells = [str(line.id), str(line.listed_on), line.invoice, line.customer_name]
        cells += [money(line.outstanding, line.currency)]
        cells += last if is_wide else [": ".join(filter(None, [", ".join(last[:3]), last[3]]))]
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def page_data(page: Page) -> dict[str, Any]:
    """Return a page as data: its actions, and where the next page begins."""
    return {
        "actions": [line_data(line) for line in page.lines],
        "after": None if page.ends_at is None else written_place(page.ends_at),
    }


def line_data(line: ActionLine) -> dict[str, Any]:
    """Return an action as data, with the names by which people know what it is about."""
    said = {name: value for name, value in asdict(line).items() if name not in ("invoice_id", "customer_id")}
    return said | {"outstanding": plain(line.outstanding, line.currency)}


def todo_data(line: ActionLine, draft: DraftText | None, outcomes: tuple[str, ...]) -> dict[str, Any]:
    """Return a to-do as data, with its message and how it can end."""
    can_end = [outcome.replace(" ", "-") for outcome in outcomes] if line.state == "open" else []
    return line_data(line) | {"draft": None if draft is None else asdict(draft), "outcomes": can_end}


def print_todo(
    console: Console, line: ActionLine, draft: DraftText | None, outcomes: tuple[str, ...], time_zone: ZoneInfo
) -> None:
    """Print a to-do: what it is about, what is to be done, and the message as it would go out."""
    facts = {
        "what": _what(line),
        "status": _status(line),
        "invoice": f"{line.invoice}, {money(line.outstanding, line.currency)} outstanding",
        "customer": f"{line.customer_name} ({line.customer})",
        "cadence": line.cadence,
        "due": str(line.due_on),
        "put off": f"until {line.snoozed_until}" if line.snoozed_until else None,
        "owner": line.owner or "nobody",
        "why": line.obstacle,
        "goes out": f"soon, as {line.approved_by} said" if line.approved_by and line.ended_at is None else None,
    }
    if line.ended_at is not None:
        facts["ended"] = f"{line.ended_at.astimezone(time_zone):%Y-%m-%d %H:%M} by {line.ended_by}"
    if line.state == "open":
        facts["ends as"] = ", ".join(outcome.replace(" ", "-") for outcome in outcomes)
    say(console, f"To-do {line.id}", "bold")
    for name, value in facts.items():
        if value is not None:
            say(console, f"  {name:<9} {value}")
    if draft is None:
        return
    what = "The message" if Channel(line.channel).is_written else "What to say"
    say(console, f"{what}, as it was edited:" if draft.is_edited else f"{what}, as its template has it:")
    if draft.because is not None:
        say(console, f"  It cannot be written: {draft.because}", "yellow")
    if draft.subject:
        say(console, f"  Subject: {draft.subject}")
    for text in draft.body.splitlines():
        say(console, f"  {text}".rstrip())


def _what(line: ActionLine) -> str:
    again = f", occurrence {line.occurrence}" if line.occurrence > 1 else ""
    return f"{line.step} ({line.channel}{again})"


def _status(line: ActionLine) -> str:
    if line.state == "open" and line.approved_by is not None:
        return "about to be sent"
    if line.state == "open" and line.snoozed_until is not None and line.snoozed_until == line.listed_on:
        return "open, put off"
    return line.outcome if line.state == "done" and line.outcome is not None else line.state
