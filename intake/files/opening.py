"""Opening: finds out what a file is, and makes a table of it, or says why it cannot be one."""

import codecs
from dataclasses import dataclass, replace

from intake.files.column_guesses import recognized
from intake.files.csv_table import DELIMITERS, CsvTable
from intake.files.profile import Profile
from intake.files.tables import BrokenRecord, Table
from intake.files.xlsx_table import XlsxTable, is_workbook, open_sheet
from intake.problems import Wrong

FILE_BYTES_MAX = 200 * 1024 * 1024
_LATIN = "cp1252"


@dataclass(frozen=True, slots=True)
class Opened:
    """A table and what is to be said about the opening of it."""

    table: Table
    notes: tuple[str, ...] = ()
    is_encoding_guessed: bool = False


def open_table(
    data: bytes, *, encoding: str | None = None, sheet: str | None = None, profile: Profile | None = None
) -> Opened | Wrong:
    """Return the table in the bytes of a CSV file or a workbook.

    Without an encoding or a profile, text that is not UTF-8 is taken for Windows-1252, which is what is meant by
    Latin-1. Raises ValueError for an encoding of more than one byte a character.
    """
    codec = None if encoding is None else _codec(encoding)
    if len(data) > FILE_BYTES_MAX:
        return Wrong(
            "a file too large", f"at most {FILE_BYTES_MAX // 1024 // 1024} MB; it can be cut into several"
        )
    if is_workbook(data):
        if profile is not None and not profile.is_of_workbook:
            return Wrong("a workbook", "a CSV file, as the profile says")
        opened = open_sheet(data, sheet or (profile.sheet if profile is not None else None))
        if isinstance(opened, Wrong):
            return opened
        errors = "cells with an error, such as #N/A, were read as empty" if opened.has_errors else None
        return Opened(opened, (errors,) if errors else ())
    if profile is not None and profile.is_of_workbook:
        return Wrong("no workbook", "an XLSX workbook, as the profile says")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Wrong("UTF-16 text", "a file saved as UTF-8")
    return _open_csv(data, codec, profile)


def _open_csv(data: bytes, codec: str | None, profile: Profile | None) -> Opened:
    notes: list[str] = []
    is_guessed = False
    if codec is None and profile is not None and profile.encoding is not None:
        codec = _codec(profile.encoding)
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        if codec not in (None, "utf-8"):
            notes.append(f"the file begins as UTF-8 does; it was read as {codec}, as it was said")
        codec = codec or "utf-8"
    elif codec is None:
        codec = "utf-8" if _is_utf8(data) else _LATIN
        if is_guessed := codec == _LATIN:
            notes.append(f"the file is not UTF-8; it was read as {_LATIN}, that is Latin-1")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # Classic Mac files end their lines with CR alone.
    table = CsvTable(data, codec)
    if profile is not None and profile.delimiter is not None:
        return Opened(replace(table, delimiter=profile.delimiter), tuple(notes))
    return Opened(with_delimiter(table), tuple(notes), is_guessed)


def with_delimiter(table: CsvTable) -> CsvTable:
    """Return the table with the delimiter under which its first lines name most columns."""
    return max((replace(table, delimiter=delimiter) for delimiter in DELIMITERS), key=_likelihood)


def _likelihood(table: CsvTable) -> tuple[int, int]:
    best = (0, 0)
    for _, record in zip(range(HEADER_RECORDS_MAX), table.records(), strict=False):
        if isinstance(record, BrokenRecord):
            continue
        names = [str(cell) for cell in record.cells[:HEADER_CELLS_MAX]]
        best = max(best, (recognized(names), len(names) if len(names) < HEADER_CELLS_MAX else 0))
        if best[0] > 1:
            break
    return best


# Exports begin with the name of the report, the day and so on; the header is looked for among so many records.
HEADER_RECORDS_MAX = 20
HEADER_CELLS_MAX = 1_000


def _is_utf8(data: bytes) -> bool:
    """Say whether the text is UTF-8, or mostly: a file with whole UTF-8 letters has a few that are broken."""
    try:
        data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        return any(not letter.isascii() and not "\udc80" <= letter <= "\udcff" for letter in set(text))
    return True


def _codec(encoding: str) -> str:
    """Return the codec to read with."""
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
    return _LATIN if name == "iso8859-1" else name


def described(table: Table) -> dict[str, str | None]:
    """Return what a profile says of such a table."""
    if isinstance(table, CsvTable):
        return {"delimiter": table.delimiter, "encoding": table.encoding}
    assert isinstance(table, XlsxTable)
    return {"sheet": table.sheet_chosen}
