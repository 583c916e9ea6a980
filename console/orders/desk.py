"""Opens a desk for orders that are about no invoice, and says what came of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from console.connections.ledger import Ledger, open_ledger
from console.orders.clerk import clerk
from console.terminal.printing import out, say, say_json
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
