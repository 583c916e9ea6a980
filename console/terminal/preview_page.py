"""The year ahead of an invoice as a table, and as data."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.options.todo_days import todos_words
from console.terminal.printing import printable, say
from console.views.ahead_words import end_kind, end_words, expiry_words, what_words, why_words
from console.views.amounts import money
from console.views.book_ahead import Question, cadence_name
from console.views.invoice_ahead import InvoiceAhead
from console.views.invoices import Shown
from dunning.decision import Expired


def print_nothing_ahead(console: Console, shown: Shown) -> None:
    """Say why nothing is ahead."""
    say(console, f"{shown.view.number}: {shown.following}.")


def print_preview(console: Console, shown: Shown, ahead: InvoiceAhead, question: Question) -> None:
    """Print what is ahead, line by line with its reasons, and how it ends."""
    view, facts, foretold = shown.view, ahead.collection.facts, ahead.ahead
    due = "without a due date" if facts.invoice.due_on is None else f"due {facts.invoice.due_on:%a %Y-%m-%d}"
    owed = money(view.outstanding, view.currency)
    say(console, f"{view.number}, {view.customer_name}: {owed} outstanding, {due}", "bold")
    say(console, f"Under {cadence_name(ahead.collection)}, until {question.until:%a %Y-%m-%d}.", "dim")
    say(console, todos_words(question.todo_days), "dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for name in ("day", "time"):
        table.add_column(name, no_wrap=True)
    table.add_column("step", overflow="fold", max_width=20)
    table.add_column("what", overflow="fold")
    table.add_column("why", overflow="fold")
    zone = facts.calendar.time_zone
    for action in foretold.actions:
        _add_expired(table, action.expired)
        what = what_words(action, _merged_with(ahead, action.merged_into))
        number = f" ({action.occurrence})" if action.occurrence > 1 else ""
        cells = (
            f"{action.on:%a %Y-%m-%d}",
            f"{action.at.astimezone(zone):%H:%M}",
            f"{action.step.id}{number}",
            what,
            "; ".join(why_words(facts, action)),
        )
        table.add_row(*_texts(cells), style="green" if action.is_sent else "yellow")
    _add_expired(table, foretold.expired)
    if table.row_count:
        console.print(table)
    say(console, end_words(facts, foretold, question.until))


def preview_data(shown: Shown, ahead: InvoiceAhead | None, question: Question) -> dict[str, Any]:
    """Return what is ahead as data."""
    view = shown.view
    data: dict[str, Any] = {
        "invoice": view.number,
        "customer": view.customer,
        "cadence": None if ahead is None else cadence_name(ahead.collection),
        "until": question.until,
        "todos_after_days": question.todo_days,
        "actions": [],
        "expired": [],
    }
    if ahead is None:
        return {**data, "end": "not followed up", "sentence": f"{shown.following}."}
    facts, foretold = ahead.collection.facts, ahead.ahead
    zone = facts.calendar.time_zone
    data["actions"] = [
        {
            "on": action.on,
            "at": action.at.astimezone(zone),
            "step": action.step.id,
            "occurrence": action.occurrence,
            "kind": "message" if action.is_sent else "todo",
            "channel": action.step.channel.value,
            "because": why_words(facts, action),
            "merged_into": _merged_with(ahead, action.merged_into),
            "expired": _expired_data(action.expired),
        }
        for action in foretold.actions
    ]
    data["expired"] = _expired_data(foretold.expired)
    return {**data, "end": end_kind(foretold), "sentence": end_words(facts, foretold, question.until)}


def _merged_with(ahead: InvoiceAhead, invoice_id: int | None) -> str | None:
    return None if invoice_id is None else ahead.numbers[invoice_id]


def _add_expired(table: Table, expired: Iterable[Expired]) -> None:
    for one in expired:
        table.add_row(*_texts(("", "", one.step.id, "expires", expiry_words(one))), style="dim")


def _expired_data(expired: Iterable[Expired]) -> list[dict[str, str]]:
    return [{"step": one.step.id, "reason": one.reason.value} for one in expired]


def _texts(cells: Iterable[str]) -> list[Text]:
    return [Text(printable(cell)) for cell in cells]
