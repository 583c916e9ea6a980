"""Column values: what the cells of a file's columns say; each different cell is read once."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Generic, TypeVar

from intake import cells
from intake.files.columns import CustomFields, column_of, columns_of
from intake.files.profile import Profile
from intake.files.rows import CustomValue, CustomValues
from intake.files.tables import Cell, Record
from intake.files.values import amounts_of, custom_of, dates_of, textual
from intake.problems import Problem, Wrong

T = TypeVar("T")

_EMPTY = Wrong("empty", "a value")


class Found:
    """The problems of a file so far, and the line of the record that is being read."""

    __slots__ = ("line", "problems")

    def __init__(self) -> None:
        self.line = 0
        self.problems: list[Problem] = []

    def report(self, column: str | None, cell: Cell, wrong: Wrong) -> None:
        """Note what is wrong with a cell of the record."""
        self.problems.append(wrong.at(self.line, column, str(cell)))


class ColumnValues(dict[Cell, T | None], Generic[T]):
    """The values of one column by its cells: `values[cell]`, None for an empty or a wrong one.

    Most cells say what cells above them said; reading an address costs more than all else in a row. A wrong one is
    reported each time. They end with the reading, so that no file can fill the memory of the process.
    """

    __slots__ = ("_column", "_empty", "_encoding", "_found", "_parse")

    def __init__(
        self, column: str, parse: Callable[[Cell], T | Wrong], found: Found, encoding: str, empty: T | Wrong | None
    ) -> None:
        super().__init__()
        self._column = column
        self._parse = parse
        self._found = found
        self._encoding = encoding
        self._empty = empty

    def __missing__(self, cell: Cell) -> T | None:
        text: Cell | Wrong = cell
        if isinstance(cell, str):
            is_clean = (cell.isascii() and cell.isprintable()) or cells.is_clean(cell)
            text = cell.strip() if is_clean else cells.clean(cell, self._encoding)
        value = text if isinstance(text, Wrong) else self._empty if text == "" else self._parse(text)
        if isinstance(value, Wrong):
            self._found.report(self._column, cell, value)
            return None
        self[cell] = value
        return value


class FileColumns:
    """The columns of a file under a profile: where they stand and how their cells are read."""

    def __init__(
        self, profile: Profile, places: dict[str, int], width: int, encoding: str, fields: CustomFields | None
    ) -> None:
        self._profile = profile
        self._places = places
        self._missing = width
        self._encoding = encoding
        self._fields = fields
        self.found = Found()

    def has(self, column: str) -> bool:
        """Say whether the file or the profile has something in the column."""
        return column in self._profile.columns

    def getter(self, columns: tuple[str, ...]) -> Callable[[list[Cell]], tuple[Cell, ...]]:
        """Return what takes the cells of these columns, two at least, out of a record and one empty cell more."""
        assert len(columns) > 1
        return itemgetter(*self.places(columns))

    def places(self, columns: tuple[str, ...]) -> tuple[int, ...]:
        """Return where these columns stand in a record and one empty cell more."""
        return tuple(self._places.get(column, self._missing) for column in columns)

    def texts(self, column: str, parse: Callable[[str], T | Wrong]) -> ColumnValues[T]:
        """Return what the cells of a column of texts say."""
        return self._values(column, textual(parse))

    def dates(self, column: str) -> ColumnValues[date]:
        """Return what the cells of a column of dates say."""
        return self._values(column, dates_of(self._profile.dates_of(column)))

    def amounts(
        self, column: str, currency: str | None, *, may_be_zero: bool = True, any_sign: bool = False
    ) -> ColumnValues[Decimal]:
        """Return what the cells of a column of amounts say where the row's currency is this."""
        form = self._profile.numbers_of(column)
        return self._values(column, amounts_of(form, currency, may_be_zero=may_be_zero, any_sign=any_sign))

    def custom(self, prefix: str) -> "CustomColumns":
        """Return the custom fields whose columns begin with the prefix."""
        names = [name for name in self._profile.columns if name.startswith(prefix)]
        values: dict[str, ColumnValues[CustomValue]] = {}
        for name in names:
            column = column_of(self._profile.kind, name, self._fields)
            if column is not None:
                form = self._profile.dates_of(name), self._profile.numbers_of(name)
                values[name] = self._values(name, custom_of(column, *form))
        places = [self._places.get(name, self._missing) for name in values]
        return CustomColumns(prefix, values, places)

    def _values(self, column: str, parse: Callable[[Cell], T | Wrong]) -> ColumnValues[T]:
        """Return the values of the column; without a header each of its cells is empty, and has the profile's."""
        known = self._profile.columns.get(column)
        if known is not None and known.value is not None:
            return ColumnValues(column, parse, self.found, self._encoding, parse(known.value))
        is_required = any(each.name == column and each.is_required for each in columns_of(self._profile.kind))
        return ColumnValues(column, parse, self.found, self._encoding, _EMPTY if is_required else None)


class CustomColumns:
    """The custom fields of a file, in the order of its columns."""

    def __init__(self, prefix: str, values: dict[str, ColumnValues[CustomValue]], places: list[int]) -> None:
        self._columns = [
            (name.removeprefix(prefix), values[name], place) for name, place in zip(values, places, strict=True)
        ]
        self.places = tuple(places)

    def read(self, given: list[Cell]) -> CustomValues:
        """Return the values by key."""
        return tuple([(key, values[given[place]]) for key, values, place in self._columns])


def with_empty_cell(record: Record) -> list[Cell]:
    """Return the cells of a record, and the one that columns are read from that the file does not have."""
    return [*record.cells, ""]
