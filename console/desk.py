"""Opens a desk for orders that are about no invoice, and says what came of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.table import Table

from console.clerk import clerk
from console.ledger import Ledger, open_ledger
from console.printing import out, printable, say, say_json
from intake.commands import Desk


@contextmanager
def open_desk() -> Iterator[tuple[Desk, Ledger]]:
    """Open the ledger for whoever works at the command line. Raises Failure, also for what the ledger refuses."""
    with open_ledger() as ledger:
        yield Desk(ledger.engine, clerk()), ledger


def say_done(as_json: bool, sentence: str, **data: Any) -> int:
    """Say in one line or one JSON document what was done; return the exit code."""
    if as_json:
        say_json({**data, "done": sentence})
    else:
        say(out(), f"{sentence}.")
    return 0


def table_of(*headings: str) -> Table:
    """Return an empty table in the manner of all lists; the first column, which is copied, stays in one piece."""
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table


def row(table: Table, *cells: object) -> None:
    """Add a row; nothing in it is read as markup."""
    from rich.text import Text

    table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))
