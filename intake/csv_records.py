"""CSV records: cuts the bytes of a file into records, whatever the bytes are.

The cells themselves are parsed by the csv module. What it leaves open is decided here: where to go on after a
broken record, how long a record may be, and what becomes of bytes that are not text.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.problems import Wrong

RECORD_BYTES_MAX = 64 * 1024
# Bytes that may be read a second time after records that broke over several lines. Without the bound a file of
# nothing but opening quotation marks costs 64 KiB a line; beyond it, quotations must end on their own line.
REREAD_BYTES_MAX = 4 * 1024 * 1024

DELIMITERS = (",", ";", "\t", "|")

_BLANK_LINES = re.compile(rb"(?:\r?\n)++")
_TOO_LONG = Wrong("a record longer than 64 KiB", "one invoice per line")
_UNCLOSED = Wrong("an unclosed quotation mark", "quotation marks in pairs, a record of at most 64 KiB")
_MISQUOTED = Wrong("text after a closing quotation mark", 'quotation marks within a cell doubled: "a ""b"" c"')
_SWALLOWED = Wrong("a quotation over several lines", "one invoice per line, quotation marks in pairs")


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record; bytes that are not text are kept as lone surrogates (PEP 383)."""

    line: int
    cells: list[str]
    is_text: bool = True
    line_count: int = 1


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that has no cells, and the beginning of its first line."""

    line: int
    beginning: str
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class CsvBytes:
    """The bytes of a CSV file and how to read them: an encoding that extends ASCII, and a delimiter."""

    data: bytes
    encoding: str = "utf-8"
    delimiter: str = ","


def records(source: CsvBytes, width: int | None = None) -> Iterator[Record | BrokenRecord]:
    """Yield every record but blank lines, in order; reading goes on after the first line of a broken one.

    With a `width`, a record of several lines with another number of cells counts as broken: a stray quotation
    mark has most likely swallowed the lines after it. With that number it stands: those lines may be a text that
    somebody else wrote, and must not be read as records.
    """
    rereadable = REREAD_BYTES_MAX
    at, line = 0, 1
    while at < len(source.data):
        if blank := _BLANK_LINES.match(source.data, at):
            at, line = blank.end(), line + blank[0].count(b"\n")
            continue
        end = _line_end(source.data, at)
        if end - at > RECORD_BYTES_MAX:
            yield BrokenRecord(line, _decode(source.data[at : at + 100], source.encoding)[0], _TOO_LONG)
        elif source.data.find(b'"', at, end) < 0:
            # The csv module would give the same cells; most files have no quotation marks, and this is faster.
            text, is_text = _decode(source.data[at:end], source.encoding)
            if text and not text.isspace():
                yield Record(line, text.removesuffix("\r").split(source.delimiter), is_text)
        else:
            lines = _Lines(source, at, RECORD_BYTES_MAX if rereadable > 0 else end - at)
            record = _quoted_record(lines, line, source.delimiter, width)
            yield record
            if isinstance(record, Record):
                at, line = lines.at, line + record.line_count
                continue
            rereadable -= lines.at - at
        at, line = end + 1, line + 1


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

    def __init__(self, source: CsvBytes, at: int, bytes_max: int) -> None:
        self._source = source
        self._stop = min(at + bytes_max, len(source.data))
        self.at = at
        self.count = 0
        self.beginning = ""
        self.are_text = True
        self.ran_out = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        end = _line_end(self._source.data, self.at) if self.at < self._stop else -1
        if end < 0 or (self.count and end > self._stop):
            self.ran_out = True
            raise StopIteration
        text, is_text = _decode(self._source.data[self.at : end], self._source.encoding)
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
