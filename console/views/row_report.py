"""The report of bulk work as CSV: a line for each row that something became of."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from db.queries.jobs import JobRowView
from intake.jobs.kind import Row

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def report_lines(rows: Iterable[Row | JobRowView]) -> Iterator[str]:
    """Yield the header and a line for each row: where it is, what it is about, what became of it, and why."""
    yield _line(("line", "subject", "outcome", "said"))
    for row in rows:
        yield _line((str(row.position), *map(_harmless, (row.subject, row.outcome, row.said or ""))))


def _harmless(cell: str) -> str:
    # What others wrote must not be a formula where the report is opened.
    return f"'{cell}" if cell.startswith(_FORMULA_BEGINS) else cell


def _line(cells: Iterable[str]) -> str:
    written = StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue()
