"""The header of an invoice file: which column stands where, and with which delimiter."""

import re
from dataclasses import dataclass, replace

from intake.csv_records import DELIMITERS, BrokenRecord, CsvBytes, Record, records
from intake.problems import Problem, Wrong, visible

REQUIRED_COLUMNS = ("invoice_number", "customer_id", "customer_name", "issue_date", "currency", "total")
OPTIONAL_COLUMNS = (
    "due_date",
    "paid",
    "status",
    "po_number",
    "email",
    "contact_first_name",
    "contact_last_name",
    "contact_role",
    "locale",
    "payment_term_days",
)

_COLUMN_BY_KEY = {name.replace("_", ""): name for name in REQUIRED_COLUMNS + OPTIONAL_COLUMNS}
_NOTES_MAX = 50


@dataclass(frozen=True, slots=True)
class Header:
    """The header: names as written, and the place of every known column."""

    line: int
    names: tuple[str, ...]
    places: dict[str, int]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def column_of(name: str) -> str | None:
    """Return the canonical column that a header cell names: case, spaces and underscores do not matter."""
    return _COLUMN_BY_KEY.get(re.sub(r"[\s_]+", "", name).lower())


def with_delimiter(source: CsvBytes) -> CsvBytes:
    """Return the source with the delimiter under which its header names most columns."""
    return max(
        (replace(source, delimiter=delimiter) for delimiter in DELIMITERS),
        key=lambda candidate: len(read_header(candidate).places),
    )


def read_header(source: CsvBytes) -> Header:
    """Return the header, which is the first record, with what is wrong with it."""
    record = next(records(source), None)
    if record is None:
        return _unreadable(1, "", Wrong("an empty file", "a header and one line per invoice"))
    if isinstance(record, BrokenRecord):
        return _unreadable(record.line, record.beginning, record.wrong)
    return _header(record)


def _header(record: Record) -> Header:
    places: dict[str, int] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    for place, name in enumerate(record.cells):
        column = column_of(name)
        if column is None:
            written = (
                f"column '{visible(name.strip())}'" if name.strip() else f"column {place + 1}, without a name,"
            )
            notes.append(f"{written} is not known and was not read")
        elif column in places:
            wrong = Wrong(f"the same column as column {places[column] + 1}", "every column once")
            problems.append(wrong.at(record.line, column, name))
        else:
            places[column] = place
    for column in REQUIRED_COLUMNS:
        if column not in places:
            problems.append(Wrong("a missing column", f"a column {column}").at(record.line, column, ""))
    if len(notes) > _NOTES_MAX:
        notes[_NOTES_MAX:] = [f"{len(notes) - _NOTES_MAX} more columns are not known and were not read"]
    return Header(record.line, tuple(record.cells), places, tuple(problems), tuple(notes))


def _unreadable(line: int, beginning: str, wrong: Wrong) -> Header:
    return Header(line, (), {}, (wrong.at(line, None, beginning),))
