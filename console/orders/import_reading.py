"""Reads what `duewell import` was given, in the way that its options say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.failure import ASKED_WRONGLY, Failure
from console.orders.profile_reading import profile_in
from db.engine import Engine, Session, transaction
from intake.files.columns import FileKind
from intake.files.date_formats import DateFormat
from intake.files.documents import is_document
from intake.files.formats import NumberFormat
from intake.files.guessing import Choices
from intake.files.profile import Profile
from intake.files.reading import Reading
from intake.imports.profiles import profile_named
from intake.imports.source import Source, read, source_of

# One thousand two hundred and thirty-four and a half, with the marks that are meant.
_EXAMPLE = re.compile(r"1([ .,']?)234([.,])50")


@dataclass(frozen=True, slots=True)
class HowToRead:
    """What a person said of how the files are to be read."""

    kind: FileKind | None
    profile: str | None
    columns: Sequence[str]
    values: Sequence[str]
    dates: DateFormat | None
    numbers: str | None
    encoding: str | None
    sheet: str | None

    @property
    def choices(self) -> Choices:
        """Return what is not to be guessed. Raises Failure."""
        numbers = None if self.numbers is None else _numbers(self.numbers)
        headers, values = _pairs("--column", self.columns), _pairs("--value", self.values)
        return Choices(headers, values, self.dates, numbers)


def opened(files: Sequence[Path]) -> Source:
    """Return the bytes of the files. Raises Failure."""
    if not files:
        raise Failure("name at least one file", ASKED_WRONGLY)
    try:
        if len(files) > 1:
            _require_documents(files)
        return source_of(files)
    except OSError as error:
        raise Failure(f"{error.filename} cannot be read: {error.strerror or error}", ASKED_WRONGLY) from error


def read_files(engine: Engine, source: Source, how: HowToRead) -> Reading:
    """Return what the files say. Raises Failure for an encoding or a profile that is none."""
    choices = how.choices
    with transaction(engine) as session:
        profile = None if how.profile is None else _profile(session, how.profile, how.kind)
        try:
            return read(
                session,
                source,
                kind=how.kind,
                profile=profile,
                choices=choices,
                encoding=how.encoding,
                sheet=how.sheet,
            )
        except ValueError as error:
            # Without a word on the encoding none can be wrong: then it is a defect, to be seen as one.
            if how.encoding is None:
                raise
            raise Failure(f"--encoding: {error}", ASKED_WRONGLY) from error


def _require_documents(files: Sequence[Path]) -> None:
    for file in files:
        with file.open("rb") as content:
            if not is_document(content.read(4096)):
                raise Failure(
                    f"{file} is no electronic invoice: of other files one is imported at a time", ASKED_WRONGLY
                )


def _profile(session: Session, called: str, kind: FileKind | None) -> Profile:
    return profile_in(Path(called)) if called.endswith(".json") else profile_named(session, called, kind)


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, said = text.partition("=")
        if not (equals and name.strip() and said):
            raise Failure(f"{option} {text!r}: expected NAME=TEXT, such as currency=EUR", ASKED_WRONGLY)
        pairs[name.strip()] = said
    return pairs


def _numbers(example: str) -> NumberFormat:
    found = _EXAMPLE.fullmatch(example)
    if found is None or found[1] == found[2]:
        raise Failure(
            f"--numbers {example!r}: write 1234.50 as the file writes it, such as 1.234,50 or 1,234.50",
            ASKED_WRONGLY,
        )
    return NumberFormat.model_validate({"thousands": found[1], "decimal": found[2]})
