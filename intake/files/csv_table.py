"""CSV table: cuts the bytes of a file into records, whatever the bytes are.

The cells themselves are parsed by the csv module. What it leaves open is decided here: where to go on after a
broken record, how long a record may be, and what becomes of bytes that are not text.

Two ways lead to the same records. Most files are sound, and are cut a block at a time; where a block is not, it is
cut line by line, with all care.
"""

import csv
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice

from intake.files.tables import BrokenRecord, Record
from intake.problems import Wrong

RECORD_BYTES_MAX = 64 * 1024
# Bytes that may be read a second time after records that broke over several lines. Without the bound a file of
# nothing but opening quotation marks costs 64 KiB a line; beyond it, quotations must end on their own line.
REREAD_BYTES_MAX = 4 * 1024 * 1024
BLOCK_BYTES = 256 * 1024

DELIMITERS = (",", ";", "\t", "|")

_BLANK_LINES = re.compile(rb"(?:\r?\n)++")
_TOO_LONG = Wrong("a record longer than 64 KiB", "one record per line")
_UNCLOSED = Wrong("an unclosed quotation mark", "quotation marks in pairs, a record of at most 64 KiB")
_MISQUOTED = Wrong("text after a closing quotation mark", 'quotation marks within a cell doubled: "a ""b"" c"')
_SWALLOWED = Wrong("a quotation over several lines", "one record per line, quotation marks in pairs")

Records = Generator[Record | BrokenRecord, None, "_Place"]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The bytes of a CSV file and how to read them: an encoding that extends ASCII, and a delimiter."""

    data: bytes
    encoding: str = "utf-8"
    delimiter: str = ","

    def records(self, width: int | None = None) -> Iterator[Record | BrokenRecord]:
        """Yield every record but blank lines, in order; reading goes on after the first line of a broken one.

        With a `width`, a record of several lines with another number of cells counts as broken: a stray quotation
        mark has most likely swallowed the lines after it. With that number it stands: those lines may be a text
        that somebody else wrote, and must not be read as records.
        """
        place = _Place(0, 1, REREAD_BYTES_MAX)
        while place.at < len(self.data):
            stop = self._block_end(place.at)
            place = yield from self._cut_quickly(place, stop)
            place = yield from self._cut_carefully(place, stop, width)

    def _block_end(self, at: int) -> int:
        """Return where the lines end that begin within the next block."""
        return min(_line_end(self.data, at + BLOCK_BYTES) + 1, len(self.data))

    def _cut_quickly(self, place: "_Place", stop: int) -> Records:
        """Yield the records up to the first one that needs a closer look, and return its place."""
        block = self.data[place.at : stop]
        if stop - place.at > 2 * BLOCK_BYTES:
            return place
        try:
            lines = block.decode(self.encoding).split("\n")
        except UnicodeDecodeError:
            return place
        if len(max(lines, key=len)) > RECORD_BYTES_MAX // 4:
            return place
        line = place.line
        if b'"' not in block:
            for line, text in enumerate(lines, start=place.line):
                if text and not text.isspace():
                    yield Record(line, text.removesuffix("\r").split(self.delimiter))
            return _Place(stop, line, place.rereadable)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        taken = 0
        try:
            for cells in reader:
                if reader.line_num != taken + 1:
                    break
                text = lines[taken]
                if text and not text.isspace():
                    yield Record(line + taken, cells)
                taken += 1
        except csv.Error:
            pass  # What exactly is wrong with it is found out with all care.
        if taken == len(lines):
            return _Place(stop, line + taken - 1, place.rereadable)
        at = place.at + taken + sum(map(len, islice(block.split(b"\n"), taken)))
        return _Place(at, line + taken, place.rereadable)

    def _cut_carefully(self, place: "_Place", stop: int, width: int | None) -> Records:
        """Yield the records that begin before `stop`, one by one."""
        data, at, line, rereadable = self.data, place.at, place.line, place.rereadable
        while at < stop:
            if blank := _BLANK_LINES.match(data, at):
                at, line = blank.end(), line + blank[0].count(b"\n")
                continue
            end = _line_end(data, at)
            if end - at > RECORD_BYTES_MAX:
                yield BrokenRecord(line, _decode(data[at : at + 100], self.encoding)[0], _TOO_LONG)
            elif data.find(b'"', at, end) < 0:
                # The csv module would give the same cells; most files have no quotation marks, and this is faster.
                text, is_text = _decode(data[at:end], self.encoding)
                if text and not text.isspace():
                    yield Record(line, text.removesuffix("\r").split(self.delimiter), is_text)
            else:
                lines = _Lines(self, at, RECORD_BYTES_MAX if rereadable > 0 else end - at)
                record = _quoted_record(lines, line, self.delimiter, width)
                yield record
                if isinstance(record, Record):
                    at, line = lines.at, line + record.line_count
                    continue
                rereadable -= lines.at - at
            at, line = end + 1, line + 1
        return _Place(at, line, rereadable)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next line begins, its number, and how many bytes may still be read again."""

    at: int
    line: int
    rereadable: int


def _quoted_record(lines: "_Lines", line: int, delimiter: str, width: int | None) -> Record | BrokenRecord:
    """Return the record that starts with the first of the lines."""
    try:
        cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return BrokenRecord(line, lines.beginning, _UNCLOSED if lines.ran_out else _MISQUOTED)
    if lines.count > 1 and width is not None and len(cells) != width:
        return BrokenRecord(line, lines.beginning, _SWALLOWED)
    return Record(line, cells, lines.are_text, lines.count)


class _Lines:
    """Hands the csv module decoded lines from `at` on, about `bytes_max` at most, and remembers how far it got."""

    def __init__(self, table: CsvTable, at: int, bytes_max: int) -> None:
        self._table = table
        self._stop = min(at + bytes_max, len(table.data))
        self.at = at
        self.count = 0
        self.beginning = ""
        self.are_text = True
        self.ran_out = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        end = _line_end(self._table.data, self.at) if self.at < self._stop else -1
        if end < 0 or (self.count and end > self._stop):
            self.ran_out = True
            raise StopIteration
        text, is_text = _decode(self._table.data[self.at : end], self._table.encoding)
        self.at = end + 1
        self.count += 1
        self.beginning = self.beginning or text[:100]
        self.are_text = self.are_text and is_text
        return text + "\n"


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)


def _decode(raw: bytes, encoding: str) -> tuple[str, bool]:
    """Return the text, and whether all of it was text."""
    try:
        return raw.decode(encoding), True
    except UnicodeDecodeError:
        return raw.decode(encoding, "surrogateescape"), False
