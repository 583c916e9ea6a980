"""Invoice rows: reads an invoice CSV into invoices, and says of every other line what is wrong with it."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from intake.contradictions import Contradictions
from intake.csv_records import CsvBytes, Record, records
from intake.invoice_header import Header, read_header, with_delimiter
from intake.invoice_row import InvoiceRow, RowParser
from intake.problems import Problem, Wrong

# A file with more to mend than this is no invoice file, or is in another encoding; reading all of it to the end
# would only take time and memory.
PROBLEMS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: good rows, problems in the order of their lines, and notes that stop nothing.

    After 100,000 problems reading stops, and the last problem says where.
    """

    rows: tuple[InvoiceRow, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def read_invoices(source: Path | bytes, *, encoding: str | None = None) -> Reading:
    """Read the invoices of a CSV file or its bytes, which are UTF-8 unless an encoding is given.

    latin-1 is read as cp1252, which is what is meant by it. Whatever the bytes, the answer is a reading: raises
    OSError only if the file cannot be read, and ValueError for an encoding of more than one byte a character.
    """
    codec = _codec(encoding)
    data = source if isinstance(source, bytes) else source.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Reading((), (Wrong("UTF-16 text", "a file saved as UTF-8").at(1, None, ""),), ())
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        if codec != "utf-8":
            notes.append(f"the file begins as UTF-8 does; it was read as {codec}, as it was said")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # Classic Mac files end their lines with CR alone.
    table = with_delimiter(CsvBytes(data, codec))
    header = read_header(table)
    if header.problems:
        return Reading((), header.problems, (*notes, *header.notes))
    return _read_rows(table, header, notes)


def _codec(encoding: str | None) -> str:
    """Return the codec to read with."""
    if encoding is None:
        return "utf-8"
    try:
        name = codecs.lookup(encoding).name
        if name in ("utf-8", "utf-8-sig"):
            return "utf-8"
        if "escape" in name:
            raise LookupError(name)
        # Records are cut at bytes: a comma, a quotation mark and a line end must be those of ASCII, and not a
        # part of something else.
        every_byte = bytes(range(256)).decode(name, "replace")
        fits = len(every_byte) == 256 and every_byte[:128].encode() == bytes(range(128))
    except (LookupError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{encoding!r} cannot be read: give utf-8, latin-1 or another of one byte a character")
    return "cp1252" if name == "iso8859-1" else name


def _read_rows(table: CsvBytes, header: Header, notes: list[str]) -> Reading:
    """Read every record after the header."""
    rows: list[InvoiceRow] = []
    problems: list[Problem] = []
    empty = 0
    parser = RowParser(header, table.encoding)
    contradictions = Contradictions()
    for record in records(table, width=len(header.names)):
        if record.line == header.line:
            continue
        if isinstance(record, Record) and not any(map(str.strip, record.cells)):
            empty += 1
            continue
        parsed = parser.parse(record)
        found = [*parsed.problems, *contradictions.add(parsed)]
        if parsed.row is not None and not found:
            rows.append(parsed.row)
        problems += found
        if len(problems) >= PROBLEMS_MAX:
            wrong = Wrong(f"the end of reading, after {len(problems)} problems", "those to be mended first")
            problems.append(wrong.at(record.line, None, ""))
            break
    notes = [*notes, *header.notes]
    if empty:
        notes.append(f"{empty} rows of empty cells were left out")
    if not rows and not problems:
        notes.append("the file has a header and no invoices")
    return Reading(tuple(rows), tuple(problems), tuple(notes))
