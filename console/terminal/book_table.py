"""Open collections as a table, and as data."""

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from console.terminal.printing import printable
from console.views.amounts import money, plain
from console.views.reasons import binding
from db.queries.book import BookLine


def book_table(lines: list[BookLine], time_zone: ZoneInfo, is_wide: bool) -> Table:
    """Return the table; a wide one has the reasons beside the moment, not below it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("invoice", no_wrap=True, overflow="fold")
    table.add_column("customer", overflow="fold", min_width=12, max_width=None if is_wide else 14)
    table.add_column("outstanding", justify="right", no_wrap=True)
    table.add_column("due", no_wrap=True)
    table.add_column("stage", no_wrap=True)
    for name in ("next", "why") if is_wide else ("next, and why",):
        table.add_column(name, overflow="fold", min_width=16)
    for line in lines:
        at = f"{line.acts_at.astimezone(time_zone):%Y-%m-%d %H:%M}" if line.acts_at else ""
        step, why = line.step or "", binding(line.because)
        if is_wide:
            last = [f"{at} {step}".strip() or "–", why]
        else:
            last = ["\n".join(filter(None, (at, ": ".join(filter(None, (step, why)))))) or "–"]
        owed = money(line.outstanding, line.currency)
        cells = [line.invoice, line.customer_name, owed, str(line.due_on or "–"), line.stage or "–", *last]
        table.add_row(*(Text("\n".join(map(printable, cell.splitlines()))) for cell in cells))
    return table


def line_data(line: BookLine) -> dict[str, Any]:
    """Return an open collection as data."""
    return asdict(line) | {"outstanding": plain(line.outstanding, line.currency)}
