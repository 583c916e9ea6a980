"""The table behind a chart: what it draws as words, each figure with the list that it leads to."""

from dataclasses import dataclass

from console.web.svg import Picture
from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice
from db.queries.todos import ActionFilter

Listed = InvoiceChoice | ActionFilter


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and the list behind it, if it has one."""

    said: str
    listed: Listed | None = None
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class ChartTable:
    """A table: its caption, its columns, and rows of as many cells; the first cell of a row names it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def headings(self) -> tuple[str | tuple[str, str], ...]:
        """Return the columns as pages head them: those of numbers with that kind."""
        if not self.rows:
            return self.columns
        named = zip(self.columns, self.rows[0], strict=True)
        return tuple((column, "number") if cell.is_number else column for column, cell in named)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, the table behind it, and the key of its definition."""

    definition: Figure
    svg: Picture
    table: ChartTable
