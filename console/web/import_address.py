"""How a file is to be read, as it stands in addresses and forms: `kind=invoices&c.total=h:Brutto&c.paid=-`."""

from collections.abc import Iterable, Sequence
from typing import Final, cast, get_args
from urllib.parse import parse_qsl, urlencode

from intake.files.columns import FILE_KINDS, Column, FileKind, column_of
from intake.files.date_formats import DATE_FORMATS, DateFormat
from intake.files.formats import NumberFormat
from intake.files.reading import Reading
from intake.imports.choosing import HowToRead

# A column is found under a header, is left out, or has one value in all rows.
HEADER, LEFT_OUT, VALUE = "h:", "-", "="
PAIRS_MAX = 400
CHARACTERS_MAX = 600
KINDS: Final[tuple[FileKind, ...]] = FILE_KINDS
DATES: Final[tuple[DateFormat, ...]] = DATE_FORMATS
ENCODINGS: Final = ("utf-8", "cp1252", "iso8859-15", "cp1250", "mac_roman")
NUMBERS: Final = {
    form.example: form
    for form in (
        NumberFormat.model_validate({"thousands": thousands, "decimal": decimal})
        for decimal in get_args(NumberFormat.model_fields["decimal"].annotation)
        for thousands in ("", *({".": (",", " ", "'"), ",": (".", " ", "'")}[decimal]))
    )
}


def how_in(pairs: Iterable[tuple[str, str]]) -> HowToRead:
    """Return what the pairs say; what has no meaning is left to be guessed."""
    said = {key: value for key, value in list(pairs)[:PAIRS_MAX] if value and len(value) <= CHARACTERS_MAX}
    kind = cast(FileKind, said["kind"]) if said.get("kind") in KINDS else None
    places = {
        key.removeprefix("c."): value
        for key, value in said.items()
        if key.startswith("c.") and (kind is None or column_of(kind, key.removeprefix("c.")) is not None)
    }
    return HowToRead(
        kind=kind,
        profile=said.get("profile"),
        headers={name: place.removeprefix(HEADER) for name, place in places.items() if place.startswith(HEADER)},
        values={
            name: said[f"v.{name}"] for name, place in places.items() if place == VALUE and f"v.{name}" in said
        },
        left_out=frozenset(
            name
            for name, place in places.items()
            if place == LEFT_OUT or (place == VALUE and f"v.{name}" not in said)
        ),
        dates=cast(DateFormat, said["dates"]) if said.get("dates") in DATES else None,
        numbers=NUMBERS.get(said.get("numbers", "")),
        encoding=said["encoding"] if said.get("encoding") in ENCODINGS else None,
        sheet=said.get("sheet"),
    )


def how_written(query: str) -> HowToRead:
    """Return what a query says."""
    try:
        return how_in(parse_qsl(query, max_num_fields=PAIRS_MAX))
    except ValueError:
        return HowToRead()


def written(how: HowToRead) -> str:
    """Return it as a query."""
    pairs: list[tuple[str, str | None]] = [
        ("kind", how.kind),
        ("profile", how.profile),
        ("dates", how.dates),
        ("numbers", how.numbers.example if how.numbers else None),
        ("encoding", how.encoding),
        ("sheet", how.sheet),
        *((f"c.{name}", f"{HEADER}{header}") for name, header in how.headers.items()),
        *((f"c.{name}", LEFT_OUT) for name in sorted(how.left_out)),
    ]
    for name, value in how.values.items():
        pairs += [(f"c.{name}", VALUE), (f"v.{name}", value)]
    return urlencode([(key, value) for key, value in pairs if value])


def places_of(columns: Sequence[Column], reading: Reading, how: HowToRead) -> dict[str, tuple[str, str]]:
    """Return for each column where it is read, as the form has it, and its value if all rows have one."""
    guessed = {
        one.subject.removeprefix("column "): one.taken
        for one in reading.guesses
        if one.subject.startswith("column ")
    }
    found: dict[str, tuple[str, str]] = {}
    for column in columns:
        known = reading.profile.columns.get(column.name) if reading.profile is not None else None
        header = known.header if known is not None else how.headers.get(column.name, guessed.get(column.name))
        value = known.value if known is not None else how.values.get(column.name)
        if value is not None:
            found[column.name] = VALUE, value
        else:
            found[column.name] = (f"{HEADER}{header}" if header is not None else LEFT_OUT), ""
    return found
