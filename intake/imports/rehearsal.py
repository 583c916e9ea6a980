"""Rehearses an import: does all of its work, page by page, and undoes each page, so that nothing is written.

Each page is undone by itself, so that nothing is locked for long. So a page does not see what the pages before it
would have left: it reports the same, but for what two pages say of one payment's or customer's whole.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from db.engine import Engine, Session, transaction
from db.queries.first_cadences import cadences_of
from intake.imports.job import Ordered, change_of, counted, refused_rows, take_in
from intake.imports.source import ImportOrder
from intake.jobs.kind import Row


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What an import would do: its counts, each row, and how many new invoices would go under which cadence."""

    counts: Mapping[str, int]
    rows: Sequence[Row]
    cadences: Mapping[str | None, int]

    @property
    def refused(self) -> Sequence[Row]:
        """Return the rows that the ledger contradicts, or that could not be read."""
        return [row for row in self.rows if row.outcome == "refused"]


class _Undone(Exception):
    """Undoes a page."""


def rehearse(
    engine: Engine, ordered: Ordered, order: ImportOrder, progress: Callable[[int, int], None] | None = None
) -> Rehearsed:
    """Say what the import would do. Raises Refused for a cadence that is not there, and LedgerUnavailable."""
    said = refused_rows(ordered.reading.problems)
    total = len(ordered.rows) + len(said)
    cadences: Counter[str | None] = Counter()
    place: tuple[int, int] | None = None
    while rows := ordered.after(place):
        page: list[Row] = []
        try:
            with transaction(engine) as session:
                page = take_in(session, ordered, rows, order, change_of(session, None))
                if rows[0].kind == "invoices":
                    cadences += _cadences(session, page)
                raise _Undone
        except _Undone:
            pass
        place = rows[len(page) - 1].place
        said += page
        if progress is not None:
            progress(len(said), total)
    said.sort(key=lambda row: row.position)
    return Rehearsed(counted(said), said, dict(cadences))


def _cadences(session: Session, page: Sequence[Row]) -> Counter[str | None]:
    return Counter(cadences_of(session, [row.subject for row in page if row.outcome == "created"]))
