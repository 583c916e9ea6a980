"""Headers: which record of a table is its header, and what stands in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from intake.files.opening import HEADER_CELLS_MAX, HEADER_RECORDS_MAX
from intake.files.tables import Record, Table, is_blank
from intake.problems import Problem, Wrong


@dataclass(frozen=True, slots=True)
class Header:
    """The header's line and names as they are written."""

    line: int
    names: tuple[str, ...]


def find_header(table: Table, known: Callable[[Sequence[str]], int]) -> Header | Problem:
    """Return the header: the first record, unless among the first ones another has more names that are `known`."""
    best: Header | None = None
    most = 0
    for record in islice(table.records(), HEADER_RECORDS_MAX):
        if not isinstance(record, Record):
            if best is None:
                return record.wrong.at(record.line, None, record.beginning)
            continue
        if is_blank(record.cells):
            continue
        header = Header(record.line, tuple(map(str, record.cells)))
        count = known(header.names[:HEADER_CELLS_MAX])
        # One name alone may stand in any title.
        if best is None or count > max(most, 1):
            best, most = header, count
    return best or Wrong("an empty file", "a header and one line for each record").at(1, None, "")
