"""XLSX table: the rows of one sheet of a workbook, with the numbers and days that the sheet knows to be such.

A workbook is an archive of XML and may be made to hurt: a little file that unpacks to gigabytes, or one cell in
the last corner of the sheet, for which a reader makes room for seventeen thousand million cells. Both are found
out before anything is read.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from intake.files.tables import BrokenRecord, Cell, Record
from intake.problems import Wrong, visible

UNPACKED_BYTES_MAX = 512 * 1024 * 1024
SHEET_CELLS_MAX = 10_000_000
MEMBERS_MAX = 10_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1024 * 1024
_BROKEN = Wrong("a workbook that cannot be read", "an XLSX file as a spreadsheet program saves it")
# A reference may be cut by the end of a chunk: so much of it is looked at again with the next.
_OVERLAP = 64
_LETTERS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)[0-9]""")
# To look at each row's number would take as long as all else; rows with less digits than five are taken for these.
_FAR_DOWN = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]*([0-9]{5,})""")
_ERROR = re.compile(rb"""<c\s[^>]*\st\s*=\s*["']e["']""")
_ROWS_NEAR = 9_999
_DIGITS = 15


def is_workbook(data: bytes) -> bool:
    """Say whether the file is a workbook, of whatever kind."""
    return data.startswith((_ZIP, _OLE))


@dataclass(frozen=True, slots=True)
class XlsxTable:
    """A sheet of a workbook; lines are its rows, numbered as the spreadsheet program numbers them."""

    sheet: CalamineSheet = field(repr=False)
    # None for the first that is visible, whatever its name.
    sheet_chosen: str | None
    has_errors: bool = False
    encoding: str = "utf-8"

    def records(self, width: int | None = None) -> Iterator[Record | BrokenRecord]:
        """Yield every row but empty ones; a merged cell stands in the first of its rows and columns alone.

        All rows of a sheet are as long as the longest: what is empty at their end does not count.
        """
        for line, row in enumerate(self.sheet.iter_rows(), start=1):
            while row and row[-1] == "":
                row.pop()
            if row:
                cells = [value if isinstance(value, str) else _cell(value) for value in row]
                if width is not None and len(cells) < width:
                    cells += [""] * (width - len(cells))
                yield Record(line, cells)


def open_sheet(data: bytes, name: str | None) -> XlsxTable | Wrong:
    """Return the sheet of that name, or the first that is visible; or what is wrong with the workbook."""
    if data.startswith(_OLE):
        return Wrong("an old or a protected workbook", "an XLSX file without a password")
    try:
        has_errors = _examine(data)
        if isinstance(has_errors, Wrong):
            return has_errors
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        names = [sheet.name for sheet in sheets]
        if name is not None and name not in names:
            listed = ", ".join(f"'{visible(each)}'" for each in names[:20])
            return Wrong(f"no workbook with a sheet '{visible(name)}'", f"one of its sheets: {listed}")
        shown = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        first = next(iter(shown), None)
        if first is None:
            return Wrong("a workbook without a sheet that is visible", "a sheet with a header and rows")
        chosen = name or first
        return XlsxTable(workbook.get_sheet_by_name(chosen), None if chosen == first else chosen, has_errors)
    # Of an archive's index, zipfile also refuses a version with NotImplementedError, and names and places of its
    # parts with ValueError.
    except (zipfile.BadZipFile, zlib.error, CalamineError, NotImplementedError, ValueError):
        return _BROKEN


def _examine(data: bytes) -> bool | Wrong:
    """Say whether cells hold errors; or what speaks against reading the workbook: its kind, or its size."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if "xl/workbook.xml" not in {member.filename for member in members}:
            return Wrong("no XLSX workbook", "an XLSX file; other kinds can be saved as one")
        if any(member.flag_bits & 1 for member in members):
            return Wrong("a protected workbook", "a workbook without a password")
        if len(members) > MEMBERS_MAX:
            return Wrong(f"a workbook of {len(members)} parts", f"at most {MEMBERS_MAX}")
        unpacked, has_errors = 0, False
        for member in members:
            reach = _Reach()
            for chunk in _unpacked(data, archive, member):
                unpacked += len(chunk)
                if unpacked > UNPACKED_BYTES_MAX:
                    return Wrong("a workbook too large when unpacked", f"at most {UNPACKED_BYTES_MAX >> 20} MB")
                reach.look(chunk)
            if reach.row * reach.column > SHEET_CELLS_MAX:
                where = f"a sheet that reaches to row {reach.row} and column {reach.column}"
                return Wrong(where, f"at most {SHEET_CELLS_MAX} cells between the first and the last")
            has_errors = has_errors or reach.has_errors
    return has_errors


def _unpacked(data: bytes, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a part of the archive really unpacks to, whatever size it says it has."""
    header = data[member.header_offset : member.header_offset + 30]
    if header[:4] != _ZIP or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(member.filename)
    begin = member.header_offset + 30 + int.from_bytes(header[26:28], "little")
    begin += int.from_bytes(header[28:30], "little")
    packed = memoryview(data)[begin : begin + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    rest: bytes | memoryview = packed
    while rest and not unpacker.eof:
        yield unpacker.decompress(rest, _CHUNK)
        rest = unpacker.unconsumed_tail


class _Reach:
    """How far down and to the right the cells of a sheet reach."""

    def __init__(self) -> None:
        self._letters: set[bytes] = set()
        self.row = _ROWS_NEAR
        self.has_errors = False
        self._tail = b""

    def look(self, chunk: bytes) -> None:
        """Take in the next piece of the sheet."""
        piece = self._tail + chunk
        self._letters.update(_LETTERS.findall(piece))
        if far := _FAR_DOWN.findall(piece):
            self.row = max(self.row, *map(int, far))
        self.has_errors = self.has_errors or _ERROR.search(piece) is not None
        self._tail = piece[-_OVERLAP:]

    @property
    def column(self) -> int:
        """Return the last column."""
        return max((_number_of(letters) for letters in self._letters), default=1)


def _number_of(letters: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper()[:8]:
        number = number * 26 + letter - ord("A") + 1
    return number


def _cell(value: object) -> Cell:
    """Return the value of a cell as records have it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value
    assert isinstance(value, time | timedelta)
    return str(value)


def _number(value: float) -> Decimal | str:
    """Return the number that the sheet shows: it knows 15 digits, those behind them are noise of its formulas."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value.is_integer():
        return Decimal(int(value))
    exact = Decimal(repr(value))
    return exact if len(exact.as_tuple().digits) <= _DIGITS else Decimal(f"{value:.{_DIGITS}g}").normalize()
