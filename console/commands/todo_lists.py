"""`duewell actions` and `duewell todo list`: the lists All and To-do."""

from collections.abc import Sequence
from typing import Literal

from console.options.arguments import Lines
from console.options.todo_filter import UNFILTERED, Status, Which

ListOrder = Literal["due", "newest"]
# With fewer columns the owner and the reason stand in one cell with the rest.
WIDE_COLUMNS_MIN = 130


def actions(
    *,
    status: Status | None = None,
    which: Which = UNFILTERED,
    order: ListOrder = "newest",
    limit: Lines = 50,
    after: str | None = None,
    json: bool = False,
) -> int:
    """List all actions: what was done, what is being done, and what people have to do.

    Parameters
    ----------
    status
        Only those of this status.
    order
        What is due first, or newest first.
    limit
        How many at most, up to 10000.
    after
        Where the page before ended.
    json
        Print one JSON document: the actions, and where the next page begins.
    """
    return print_page(which, () if status is None else (status,), order, limit, after, json, hides_put_off=False)


def print_page(
    which: Which,
    states: Sequence[str],
    order: ListOrder,
    limit: int,
    after: str | None,
    as_json: bool,
    *,
    hides_put_off: bool,
) -> int:
    """Print a page of a list. Raises Failure."""
    from datetime import UTC, datetime

    from console.connections.ledger import open_ledger
    from console.options.todo_choice import chosen, read_place, written_place
    from console.terminal.printing import out, say, say_json
    from console.terminal.todo_table import action_table, page_data
    from db.engine import transaction
    from db.queries.calendar import local_date
    from db.queries.todos import action_page

    place = None if after is None else read_place(after)
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        # What is put off comes into sight on its day (rule 4.7).
        last_day = local_date(session, datetime.now(UTC)) if hides_put_off else None
        page = action_page(session, chosen(session, which, states, last_day), limit, place, order)
    if as_json:
        say_json(page_data(page))
        return 0
    console = out()
    if not page.lines:
        say(console, "Nothing matches." if not which.is_everything or after else "There is nothing to list.")
        return 0
    console.print(action_table(page.lines, is_wide=console.width >= WIDE_COLUMNS_MIN))
    if page.ends_at is not None:
        say(console, f"There is more: --after {written_place(page.ends_at)} lists what follows.", "dim")
    return 0
