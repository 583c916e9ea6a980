"""Table: records and the lines they start on, whatever kind of file they come from."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from intake.problems import Wrong

# A text as it is written; a sheet also has days and numbers that it knows to be such.
Cell = str | date | Decimal


class Record(NamedTuple):
    """The cells of one record; bytes that are not text are kept as lone surrogates (PEP 383)."""

    line: int
    cells: Sequence[Cell]
    is_text: bool = True
    line_count: int = 1


class BrokenRecord(NamedTuple):
    """A record that has no cells, and the beginning of its first line."""

    line: int
    beginning: str
    wrong: Wrong


class Table(Protocol):
    """What has records; they may be asked for more than once."""

    @property
    def encoding(self) -> str:
        """The encoding of the texts."""
        ...

    def records(self, width: int | None = None) -> Iterator[Record | BrokenRecord]:
        """Yield every record but blank lines, in order; the header decides on the `width` of those after it."""
        ...


def is_blank(cells: Sequence[Cell]) -> bool:
    """Say whether no cell holds anything but spaces."""
    first = cells[0]
    if isinstance(first, str) and first and not first.isspace():
        return False
    return all(isinstance(cell, str) and not cell.strip() for cell in cells)
