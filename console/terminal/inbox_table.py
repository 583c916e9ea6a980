"""The inbox as a table, a message of it on one page, and how our own messages fared."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.terminal.printing import printable, say
from db.operations.messages.incoming import Taken
from db.queries.incoming import Delivery, InboxLine, InboxMessage


def inbox_table(lines: Sequence[InboxLine], time_zone: ZoneInfo) -> Table:
    """Return the table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("message", justify="right", no_wrap=True)
    table.add_column("came", no_wrap=True)
    table.add_column("kind", overflow="fold")
    table.add_column("invoice", overflow="fold")
    table.add_column("from", overflow="fold")
    table.add_column("subject", overflow="fold", min_width=12)
    for line in lines:
        came = f"{line.received_at.astimezone(time_zone):%Y-%m-%d %H:%M}"
        cells = (str(line.id), came, line.kind, line.invoice or "–", line.sender, line.subject)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def print_message(console: Console, message: InboxMessage, time_zone: ZoneInfo) -> None:
    """Print what came: who wrote when about what, and what they say themselves."""
    line = message.line
    say(console, line.subject or "(no subject)", "bold")
    facts = {
        "kind": line.kind,
        "from": line.sender,
        "came": f"{line.received_at.astimezone(time_zone):%a %Y-%m-%d %H:%M}",
        "invoice": line.invoice or f"unknown; to say it: duewell inbox assign {line.id} INVOICE",
        "about": message.about or "no message of ours",
    }
    for name, value in facts.items():
        say(console, f"  {name:<8} {value}")
    for said in line.excerpt.splitlines():
        say(console, f"  | {said}")


def taken_sentence(taken: Taken, numbers: Sequence[str]) -> str:
    """Return what became of a message."""
    about = f"about {', '.join(numbers)}" if numbers else "no message of ours matches it"
    kind = f"{taken.kind}, {about}."
    return f"Taken in as {taken.id}: {kind}" if taken.is_new else f"It is here already, as {taken.id}: {kind}"


def delivery_words(delivery: Delivery) -> str:
    """Return how a message of ours fared, with the reason if it did not go well."""
    state = delivery.state
    if state == "sent" and delivery.because is not None:
        state = "sent in part" if delivery.returned_at is not None else "sent, delayed on its way"
    return state + (f": {delivery.because}" if delivery.because else "")
