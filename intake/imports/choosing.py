"""How a person says that a file is to be read, column by column, and what of it is left to be guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from db.engine import Session
from db.operations.refusal import Refused
from intake.files.column_guesses import recognized
from intake.files.columns import Column, FileKind, column_of, columns_of
from intake.files.date_formats import DateFormat
from intake.files.documents import is_document
from intake.files.formats import NumberFormat
from intake.files.guessing import Choices
from intake.files.headers import Header, find_header
from intake.files.opening import open_table
from intake.files.reading import Reading
from intake.files.tables import Record
from intake.imports.profiles import profile_named
from intake.imports.source import Source, fields_for, read
from intake.problems import Wrong, visible

SAMPLES = 3
# Among so many records behind the header samples are looked for.
_LOOKED_AT_MAX = 25


@dataclass(frozen=True, slots=True)
class HowToRead:
    """What was said of a file. With a saved profile all else but the kind is left alone."""

    kind: FileKind | None = None
    profile: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    dates: DateFormat | None = None
    numbers: NumberFormat | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class HeaderSeen:
    """A header of the file, and what stands below it first."""

    name: str
    samples: tuple[str, ...]


def read_as(session: Session, source: Source, how: HowToRead) -> Reading:
    """Read the source as it was said. Raises Refused for a profile or an encoding that is none."""
    profile = None if how.profile is None else profile_named(session, how.profile, how.kind)
    choices = Choices(how.headers, how.values, how.dates, how.numbers, how.left_out)
    try:
        return read(
            session,
            source,
            kind=how.kind,
            profile=profile,
            choices=choices,
            encoding=how.encoding if profile is None else None,
            sheet=how.sheet if profile is None else None,
        )
    except ValueError as error:
        # Without a word on the encoding none can be wrong: then it is a defect, to be seen as one.
        if how.encoding is None:
            raise
        raise Refused(str(error)) from error


def headers_seen(source: Source, how: HowToRead) -> Sequence[HeaderSeen]:
    """Return the headers of a table, none for what is no table. Raises Refused for an encoding that is none."""
    if is_document(source.content):
        return ()
    try:
        opened = open_table(source.content, encoding=how.encoding, sheet=how.sheet)
    except ValueError as error:
        raise Refused(str(error)) from error
    if isinstance(opened, Wrong):
        return ()
    header = find_header(opened.table, recognized)
    if not isinstance(header, Header):
        return ()
    samples: list[list[str]] = [[] for _ in header.names]
    after = (one for one in opened.table.records(len(header.names)) if one.line > header.line)
    for record in islice(after, _LOOKED_AT_MAX):
        if not isinstance(record, Record):
            continue
        for below, cell in zip(samples, record.cells, strict=False):
            shown = visible(str(cell).strip())
            if shown and shown not in below and len(below) < SAMPLES:
                below.append(shown)
    return [
        HeaderSeen(name, tuple(below)) for name, below in zip(header.names, samples, strict=True) if name.strip()
    ]


def columns_for(session: Session, kind: FileKind) -> Sequence[Column]:
    """Return the columns that a file of the kind may have, the organization's own fields behind the others."""
    fields = fields_for(session, kind)
    own = (column_of(kind, name, fields) for name in sorted(fields) if column_of(kind, name) is not None)
    return (*columns_of(kind), *(column for column in own if column is not None))
