"""Builders of invoice files: a good row in all columns, of which a test changes what it is about."""

import csv
import io

from intake.invoice_header import OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from intake.invoice_row import InvoiceRow
from intake.invoice_rows import Reading, read_invoices

COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS


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


def read(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Reading:
    """Return the reading of a file of these rows."""
    return read_invoices(a_file(*rows, columns=columns))


def a_row(**changed: str) -> InvoiceRow:
    """Return what is read from the row so changed, which must be good."""
    reading = read(cells(**changed))
    assert reading.problems == ()
    return reading.rows[0]


def wrongs(**changed: str) -> list[tuple[str | None, str]]:
    """Return column and wrong of every problem of the row so changed, which must not be read."""
    reading = read(cells(**changed))
    assert reading.rows == ()
    return [(problem.column, problem.wrong) for problem in reading.problems]
