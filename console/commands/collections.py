"""`duewell collections`: the book, what acts next first."""

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

LINES_MAX = 10_000
# With fewer columns the reason stands below the moment instead of beside it.
WIDE_COLUMNS_MIN = 120

Stage = Literal["waiting", "due", "held", "todo", "exhausted", "blocked"]


def collections(
    *,
    stage: Stage | None = None,
    cadence: str | None = None,
    customer: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))] = 50,
    json: bool = False,
) -> int:
    """List the open collections, what acts next first.

    Parameters
    ----------
    stage
        Only those at this stage.
    cadence
        Only those under the cadence of this name.
    customer
        Only those of the customer with this number.
    limit
        How many at most, up to 10000.
    json
        Print one JSON document: a list of objects.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.book_table import book_table, line_data
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.operations.entering import published_cadence_id
    from db.queries.book import BookFilter, book_lines, count_by_stage

    chosen = BookFilter(stage=stage, cadence=cadence, customer=customer)
    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            if cadence is not None:
                # A name that is mistyped would look like an empty book.
                published_cadence_id(session, cadence)
            lines = book_lines(session, chosen, limit)
            stages = count_by_stage(session)
        if json:
            say_json([line_data(line) for line in lines])
            return 0
        console = out()
        if lines:
            console.print(book_table(lines, ledger.organization.time_zone, console.width >= WIDE_COLUMNS_MIN))
        total = sum(stages.values())
        counted = ", ".join(f"{stages[name]} {name}" for name in sorted(stages, key=lambda n: -stages[n]))
        if not total:
            say(console, "No collection is open.")
        elif not lines:
            say(console, f"No open collection matches; {total} are open in all: {counted}.")
        else:
            say(console, f"{len(lines)} of {total} open collections listed; in all: {counted}.")
        if len(lines) == limit and total > limit:
            say(console, f"There may be more: --limit {min(total, LINES_MAX)} lists them all.", "dim")
    return 0
