"""Builders of invoice files: a good row in all columns, of which a test changes what it is about."""

import csv
import io

from intake.files.columns import columns_of
from intake.files.profile import Profile
from intake.files.reading import Reading, read_file
from intake.files.rows import InvoiceRow

REQUIRED_COLUMNS = tuple(column.name for column in columns_of("invoices") if column.is_required)
# Without what other programs' files have: what is left outstanding, and ids of their own.
COLUMNS = tuple(
    column.name for column in columns_of("invoices") if column.name not in ("outstanding", "external_id")
)


def cells(**changed: str) -> dict[str, str]:
    """Return the cells of a good row, but for what is changed."""
    row = {
        "invoice_number": "INV-1",
        "customer_id": "C-1",
        "customer_name": "Société Hélios",
        "issue_date": "2026-05-02",
        "currency": "EUR",
        "total": "10000.00",
        "due_date": "2026-06-01",
        "paid": "0",
        "status": "open",
        "po_number": "PO-7",
        "email": "ana@helios.example",
        "contact_first_name": "Ana",
        "contact_last_name": "Müller",
        "contact_role": "billing",
        "locale": "fr",
        "payment_term_days": "30",
    }
    assert changed.keys() <= row.keys(), changed
    return row | changed


def a_file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, delimiter: str = ",") -> bytes:
    """Return a file of these rows; the header is line 1, the first row line 2."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return text.getvalue().encode()


def a_profile(columns: tuple[str, ...] = COLUMNS, delimiter: str = ",") -> Profile:
    """Return a profile of files in these columns, with dates and amounts as the documentation has them."""
    return Profile.model_validate(
        {
            "kind": "invoices",
            "delimiter": delimiter,
            "encoding": "utf-8",
            "columns": {column: {"header": column} for column in columns},
        }
    )


def read(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Reading:
    """Return the reading of a file of these rows, by a profile: nothing is guessed about what stands in them."""
    return read_file(a_file(*rows, columns=columns), profile=a_profile(columns))


def a_row(**changed: str) -> InvoiceRow:
    """Return what is read from the row so changed, which must be good."""
    reading = read(cells(**changed))
    assert reading.problems == ()
    return reading.invoices[0]


def wrongs(**changed: str) -> list[tuple[str | None, str]]:
    """Return column and wrong of every problem of the row so changed, which must not be read."""
    reading = read(cells(**changed))
    assert reading.rows == ()
    return [(problem.column, problem.wrong) for problem in reading.problems]
