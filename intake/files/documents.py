"""Documents: takes one electronic invoice or credit note as a row, by the rules that files of many are read by."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from intake.files.columns import CustomFields, FileKind
from intake.files.electronic_invoices import ElectronicDocument, read_xml
from intake.files.guessing import Choices
from intake.files.pdf_invoices import is_pdf, xml_in
from intake.files.profile import Profile, ProfileColumn
from intake.files.reading import InvoiceFile, Reading, read_file, read_table
from intake.files.tables import BrokenRecord, Record
from intake.problems import Wrong


@dataclass(frozen=True, slots=True)
class _OneRecord:
    """A table of one record under the names of its columns."""

    names: tuple[str, ...]
    cells: tuple[str, ...]
    encoding: str = "utf-8"

    def records(self, width: int | None = None) -> Iterator[Record | BrokenRecord]:
        """Yield the header, and the record as line 1 of its document."""
        yield Record(0, self.names)
        yield Record(1, self.cells)


def is_document(data: bytes) -> bool:
    """Say whether the file is an electronic invoice rather than a table: XML or a PDF."""
    return is_pdf(data) or data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def read_document(source: Path | bytes, *, name: str | None = None, kind: FileKind | None = None) -> Reading:
    """Read a UBL 2.1 invoice or credit note, or a Factur-X PDF, which is kept as the invoice's file.

    `name` is what the file is called. Raises OSError if it cannot be read.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    called = name or (source.name if isinstance(source, Path) else "invoice.pdf")
    xml = xml_in(data) if is_pdf(data) else data
    document = xml if isinstance(xml, Wrong) else read_xml(xml)
    if isinstance(document, Wrong):
        return Reading(kind, problems=(document.at(1, None, ""),))
    if kind not in (None, document.kind):
        wrong = Wrong(f"a document of {document.kind}", f"one of {kind}")
        return Reading(kind, problems=(wrong.at(1, None, ""),))
    reading = _read(document)
    if is_pdf(data) and reading.invoices:
        kept = InvoiceFile(reading.invoices[0].invoice_number, called, data)
        return replace(reading, files=(kept,))
    return reading


def read_source(
    source: Path | bytes,
    *,
    name: str | None = None,
    kind: FileKind | None = None,
    profile: Profile | None = None,
    choices: Choices | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    fields: CustomFields | None = None,
) -> Reading:
    """Read whatever is taken in: a CSV file, a workbook, or an electronic invoice; see `read_file`."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    called = name or (source.name if isinstance(source, Path) else None)
    if is_document(data):
        return read_document(data, name=called, kind=kind)
    return read_file(
        data, kind=kind, profile=profile, choices=choices, encoding=encoding, sheet=sheet, fields=fields
    )


def _read(document: ElectronicDocument) -> Reading:
    names = tuple(document.cells)
    profile = Profile(kind=document.kind, columns={name: ProfileColumn(header=name) for name in names})
    return replace(read_table(_OneRecord(names, tuple(document.cells.values())), profile), profile=None)
