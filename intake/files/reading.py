"""Reading: takes a file of customers, invoices, payments or credit notes as typed rows, or says what is wrong.

Nothing is written anywhere, so that a reading can be shown before it is taken in.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, assert_never

from intake import cells
from intake.files.column_guesses import guess_kind, is_told, recognized
from intake.files.column_values import FileColumns, Found
from intake.files.columns import IDENTIFYING, CustomFields, FileKind
from intake.files.customer_rows import CustomerRowReader
from intake.files.fitting import count_known, fit
from intake.files.guessing import Choices, Guess, Guessed, guess_profile, names_as_chosen
from intake.files.headers import Header, find_header
from intake.files.invoice_rows import InvoiceRowReader
from intake.files.opening import Opened, open_table
from intake.files.payment_rows import CreditNoteRowReader, PaymentRowReader
from intake.files.profile import Profile
from intake.files.rows import CreditNoteRow, CustomerRow, InvoiceRow, PaymentRow, Row
from intake.files.statuses import status_reader
from intake.files.tables import BrokenRecord, Cell, Record, Table, is_blank
from intake.problems import Problem, Wrong, visible

# A file with more to mend than this is of another kind, or in another encoding; reading all of it to the end
# would only take time and memory.
PROBLEMS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """A PDF that is the invoice as its customer got it, and the name of the file."""

    invoice_number: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: good rows by kind, problems in the order of their lines, notes that stop nothing.

    A line with a problem gives no row. After 100,000 problems reading stops, and the last problem says where.
    """

    kind: FileKind | None = None
    customers: tuple[CustomerRow, ...] = ()
    invoices: tuple[InvoiceRow, ...] = ()
    payments: tuple[PaymentRow, ...] = ()
    credit_notes: tuple[CreditNoteRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    # How the file was read: given, or made from the guesses. Without it nothing could be read.
    profile: Profile | None = None
    guesses: tuple[Guess, ...] = ()
    # The PDF of an electronic invoice.
    files: tuple[InvoiceFile, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows, of whatever kind."""
        return self.customers or self.invoices or self.payments or self.credit_notes


def read_file(
    source: Path | bytes,
    *,
    kind: FileKind | None = None,
    profile: Profile | None = None,
    choices: Choices | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    fields: CustomFields | None = None,
) -> Reading:
    """Read a CSV file or a workbook, by a profile or by guessing one; `fields` are the known custom fields.

    Without `fields` any custom field is read, as text. Whatever the bytes, the answer is a reading: raises OSError
    only if the file cannot be read, and ValueError for an encoding of more than one byte a character.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    opened = open_table(data, encoding=encoding, sheet=sheet, profile=profile)
    if isinstance(opened, Wrong):
        return Reading(kind, problems=(opened.at(1, None, ""),))
    if profile is not None:
        return _read_by(profile, opened, kind, fields)
    header = find_header(opened.table, recognized)
    if isinstance(header, Problem):
        return Reading(kind, problems=(header,), notes=opened.notes)
    choices = choices or Choices()
    if kind is None:
        names = names_as_chosen(header, choices)
        kind = guess_kind(names)
        if not is_told(kind, names):
            return Reading(None, problems=(_untold(kind).at(header.line, None, ""),), notes=opened.notes)
    guessed = guess_profile(opened, header, kind, choices, fields)
    return _read_guessed(guessed, opened, header, kind, fields)


def _untold(kind: FileKind) -> Wrong:
    return Wrong(f"a header that {kind} may have, and a list of invoices too", "to be told the kind of the file")


def _read_by(profile: Profile, opened: Opened, kind: FileKind | None, fields: CustomFields | None) -> Reading:
    if kind not in (None, profile.kind):
        wrong = Wrong(f"a profile of {profile.kind}", f"one of {kind}")
        return Reading(kind, problems=(wrong.at(1, None, ""),))
    header = find_header(opened.table, lambda names: count_known(profile, names))
    if isinstance(header, Problem):
        return Reading(profile.kind, problems=(header,), notes=opened.notes, profile=profile)
    return _read_rows(profile, opened, header, fields, Guessed(profile, (), (), ()))


def read_table(table: Table, profile: Profile) -> Reading:
    """Read a table whose header is sure to be its first record."""
    return _read_by(profile, Opened(table), None, None)


def _read_guessed(
    guessed: Guessed, opened: Opened, header: Header, kind: FileKind, fields: CustomFields | None
) -> Reading:
    if guessed.profile is None:
        notes = (*opened.notes, *guessed.notes)
        return Reading(kind, problems=guessed.problems, notes=notes, guesses=guessed.guesses)
    return _read_rows(guessed.profile, opened, header, fields, guessed)


class _RowReader(Protocol):
    def read(self, given: list[Cell]) -> Any: ...

    def finish(self) -> list[Any]: ...


def _row_reader(profile: Profile, columns: FileColumns) -> _RowReader:
    match profile.kind:
        case "customers":
            return CustomerRowReader(columns)
        case "invoices":
            return InvoiceRowReader(columns, status_reader(profile.statuses))
        case "payments":
            return PaymentRowReader(columns)
        case "credit notes":
            return CreditNoteRowReader(columns)
        case never:
            assert_never(never)


def _read_rows(
    profile: Profile, opened: Opened, header: Header, fields: CustomFields | None, guessed: Guessed
) -> Reading:
    """Read every record after the header."""
    fitted = fit(profile, header, fields)
    notes = [*opened.notes, *guessed.notes, *fitted.notes]
    if fitted.problems:
        return Reading(
            profile.kind, problems=fitted.problems, notes=tuple(notes), profile=profile, guesses=guessed.guesses
        )
    columns = FileColumns(profile, fitted.places, len(header.names), opened.table.encoding, fields)
    reader = _row_reader(profile, columns)
    with no_collection():
        rows, empty_count = _rows(opened.table, header, fitted.places, reader, columns.found)
    rows += reader.finish()
    problems = sorted(columns.found.problems, key=lambda problem: problem.line)
    if empty_count:
        notes.append(f"{empty_count} rows of empty cells were left out")
    if not rows and not problems:
        notes.append(f"the file has a header and no {profile.kind}")
    if profile.kind == "payments" and not columns.has("payment_id"):
        notes.append("the file has no ids of payments: each is known by what it says")
    by_kind = {profile.kind.replace(" ", "_"): tuple(rows)}
    return Reading(
        profile.kind,
        **by_kind,
        problems=tuple(problems),
        notes=tuple(notes),
        profile=profile,
        guesses=guessed.guesses,
    )


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the collector of cycles from looking again and again at rows that have none: a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _rows(
    table: Table, header: Header, places: dict[str, int], reader: _RowReader, found: Found
) -> tuple[list[Any], int]:
    """Read the records; return the rows that are good by themselves, and how many records were empty."""
    rows: list[Any] = []
    problems, read, width, header_line = found.problems, reader.read, len(header.names), header.line
    unread = [place for place in range(width) if place not in places.values()]
    empty_count = 0
    for record in table.records(width):
        line = found.line = record.line
        if line <= header_line:
            continue
        if isinstance(record, BrokenRecord):
            found.report(None, record.beginning, record.wrong)
        elif is_blank(record.cells):
            empty_count += 1
        elif len(record.cells) != width:
            wrong = Wrong(f"a row of {len(record.cells)} cells", f"{width} cells, as in the header")
            found.report(None, record.cells[0], wrong)
        else:
            before = len(problems)
            if not record.is_text:
                _report_undecoded(record, header, unread, table.encoding, found)
            row = read([*record.cells, ""])
            if row is not None and len(problems) == before:
                rows.append(row)
            elif record.line_count > 1 and len(problems) > before:
                last = line + record.line_count - 1
                wrong = Wrong(f"a quotation up to line {last}: nothing in it was read", "one record per line")
                problems.insert(before, wrong.at(line, None, str(record.cells[0])))
            if len(problems) > before:
                subject = _subject(record, places)
                problems[before:] = [replace(one, subject=subject) for one in problems[before:]]
        if len(problems) >= PROBLEMS_MAX:
            wrong = Wrong(f"the end of reading, after {len(problems)} problems", "those to be mended first")
            found.report(None, "", wrong)
            break
    return rows, empty_count


def _subject(record: Record, places: dict[str, int]) -> str:
    """Return what the record says that it is about, whether or not that can be taken."""
    said = (record.cells[places[name]] for name in IDENTIFYING if name in places)
    return next((visible(str(cell)) for cell in said if cell not in (None, "")), "")


def _report_undecoded(record: Record, header: Header, unread: list[int], encoding: str, found: Found) -> None:
    """Report bytes that are no text in columns that nobody reads: they may have moved the others."""
    for place in unread:
        cell = record.cells[place]
        if isinstance(cell, str) and cells.is_undecoded(cell):
            found.report(header.names[place], cell, cells.undecoded(encoding))
