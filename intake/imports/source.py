"""What an import reads: one file, or a bundle of electronic invoices; and the order in which rows are taken in."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from db.engine import Session
from db.queries.custom_fields import custom_fields
from intake.files.columns import CustomField, CustomFields, FileKind
from intake.files.documents import read_document, read_source
from intake.files.guessing import Choices
from intake.files.profile import Profile
from intake.files.reading import Reading


class ImportOrder(BaseModel):
    """What is ordered of an import, kept with the job, so that it only grows.

    `profile` says how the file is read; electronic invoices need none. `assign` is the cadence of new invoices,
    `none` for none; without it rules decide, and then the default. A strict import takes all rows or nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: FileKind | None = None
    profile: Profile | None = None
    assign: str | None = None
    is_strict: bool = False
    is_bundle: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it arrived; a bundle has several, as a ZIP archive."""

    name: str
    content: bytes
    is_bundle: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A row at its place: rows are taken in by ascending places, and those of one kind stand together."""

    place: tuple[int, int]
    kind: FileKind
    row: Any


def source_of(paths: Sequence[Path]) -> Source:
    """Return one file, or several as a bundle. Raises OSError."""
    if len(paths) == 1:
        return Source(paths[0].name, paths[0].read_bytes())
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        for path in paths:
            # The day of the file is not told: the same files are the same bundle.
            bundle.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    return Source(f"{len(paths)} files", archive.getvalue(), is_bundle=True)


def read(
    session: Session,
    source: Source,
    *,
    kind: FileKind | None = None,
    profile: Profile | None = None,
    choices: Choices | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Reading:
    """Read the source with the custom fields that the organization has. See `read_source`.

    In a bundle lines are the places of its files, from 1 on.
    """
    if source.is_bundle:
        return _read_bundle(source.content, kind)
    known = kind or (profile.kind if profile is not None else None)

    def read_as(guessed: FileKind | None) -> Reading:
        fields = fields_for(session, guessed)
        return read_source(
            source.content,
            name=source.name,
            kind=guessed if profile is None else kind,
            profile=profile,
            choices=choices,
            encoding=encoding,
            sheet=sheet,
            fields=fields,
        )

    reading = read_as(known)
    # In a file of customers `custom.KEY` is a field of theirs, and only now it is known to be one.
    return read_as("customers") if known is None and reading.kind == "customers" else reading


def fields_for(session: Session, kind: FileKind | None) -> CustomFields:
    """Return the custom fields by the columns that a kind of file has for them."""
    found: CustomFields = {}
    for field in custom_fields(session).values():
        described = CustomField(field.type, field.options)
        if kind == "customers":
            if field.entity == "customer":
                found[f"custom.{field.key}"] = described
        else:
            found[f"{'customer.' if field.entity == 'customer' else ''}custom.{field.key}"] = described
    return found


def placed(reading: Reading) -> list[Placed]:
    """Return the rows in the order in which they are taken in: what they refer to first.

    The rows of one customer stand together in a file of customers.
    """
    first: dict[str, int] = {}
    rows = [
        Placed((first.setdefault(row.customer.customer_id, row.line), row.line), "customers", row)
        for row in reading.customers
    ]
    rows.sort(key=lambda one: one.place)
    rows += [Placed((0, row.line), "invoices", row) for row in reading.invoices]
    rows += [Placed((1, row.line), "payments", row) for row in reading.payments]
    rows += [Placed((2, row.line), "credit notes", row) for row in reading.credit_notes]
    return rows


def names_in(bundle: bytes) -> list[str]:
    """Return the names of a bundle's files, in order."""
    with zipfile.ZipFile(BytesIO(bundle)) as archive:
        return archive.namelist()


def _files(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(bundle)) as archive:
        for entry in archive.infolist():
            yield entry.filename, archive.read(entry)


def _read_bundle(bundle: bytes, kind: FileKind | None) -> Reading:
    readings = []
    for place, (name, content) in enumerate(_files(bundle), start=1):
        reading = read_document(content, name=name, kind=kind)
        readings.append(
            replace(
                reading,
                invoices=tuple(row._replace(line=place) for row in reading.invoices),
                credit_notes=tuple(replace(row, line=place) for row in reading.credit_notes),
                problems=tuple(replace(problem, line=place) for problem in reading.problems),
                notes=tuple(f"{name}: {note}" for note in reading.notes),
            )
        )
    return Reading(
        kind,
        invoices=tuple(row for one in readings for row in one.invoices),
        credit_notes=tuple(row for one in readings for row in one.credit_notes),
        problems=tuple(problem for one in readings for problem in one.problems),
        notes=tuple(note for one in readings for note in one.notes),
        files=tuple(file for one in readings for file in one.files),
    )
