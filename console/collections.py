"""`duewell collections`: the book, what acts next first."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.table import Table

    from db.queries.book import BookLine

LINES_MAX = 10_000
# With fewer columns the reasons stand below the next step instead of beside it.
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
    from console.ledger import open_ledger
    from console.printing import out, say, say_json
    from db.engine import transaction
    from db.operations.assignment import published_cadence_id
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
            say_json([_as_data(line) for line in lines])
            return 0
        console = out()
        if lines:
            console.print(_table(lines, ledger.organization.time_zone, console.width >= WIDE_COLUMNS_MIN))
        total = sum(stages.values())
        counted = ", ".join(f"{stages[name]} {name}" for name in sorted(stages, key=lambda n: -stages[n]))
        listed = f"{len(lines)} of {total} open collections listed"
        say(console, f"{listed}: {counted} in all." if total else "No collection is open.")
        if len(lines) == limit and total > limit:
            say(console, f"There may be more: --limit {min(total, LINES_MAX)} lists them all.", "dim")
    return 0


def _table(lines: "list[BookLine]", time_zone: "ZoneInfo", is_wide: bool) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from console.amounts import money
    from console.printing import printable
    from console.reasons import reasons_short

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("invoice", no_wrap=True, overflow="fold")
    table.add_column("customer", overflow="fold", min_width=10)
    table.add_column("outstanding", justify="right", no_wrap=True)
    table.add_column("due", no_wrap=True)
    table.add_column("stage", no_wrap=True)
    table.add_column("next" if is_wide else "next, and why", overflow="fold", no_wrap=is_wide)
    if is_wide:
        table.add_column("why", overflow="fold")
    for line in lines:
        at = f"{line.acts_at.astimezone(time_zone):%a %Y-%m-%d %H:%M}" if line.acts_at else ""
        following = " ".join(part for part in (line.step, at) if part) or "–"
        why = reasons_short(line.because)
        last = [following, why] if is_wide else [f"{following}\n{why}" if why else following]
        cells = [
            line.invoice,
            line.customer_name,
            money(line.outstanding, line.currency),
            str(line.due_on or "–"),
            line.stage or "–",
        ]
        table.add_row(*(Text("\n".join(map(printable, cell.splitlines()))) for cell in [*cells, *last]))
    return table


def _as_data(line: "BookLine") -> dict[str, Any]:
    from dataclasses import asdict

    from console.amounts import plain

    return asdict(line) | {"outstanding": plain(line.outstanding, line.currency)}
