"""Promises about any file: nothing raises, and what is written is what is read."""

import csv
import io
import time
import unicodedata
from datetime import date
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dunning.currencies import CURRENCY_DECIMALS
from intake.cells import INVOICE_STATUSES
from intake.files.columns import FILE_KINDS, FileKind, columns_of
from intake.files.csv_table import DELIMITERS, CsvTable
from intake.files.profile import as_json, read_profile
from intake.files.reading import read_file
from intake.files.rows import InvoiceRow, StatedContact, StatedCustomer
from intake.files.tables import Record
from tests.intake.invoice_files import COLUMNS, a_file, a_profile, a_row, cells

HEADER = ",".join(COLUMNS).encode() + b"\n"
MARKS = [b'"', b'""', b",", b";", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf"]
CELLS_OF_KINDS = [
    "",
    "A-1",
    "B-2",
    "2026-05-02",
    "31/12/2026",
    "EUR",
    "JPY",
    "5",
    "-1.50",
    "1.234",
    "main",
    "a@b.example",
]
CELLS = [b"INV-1", b"2026-05-02", b"EUR", b"1.50", b"-1"]
PIECES = st.sampled_from([*MARKS, *CELLS, HEADER, a_file(cells()).splitlines()[1]])


@given(st.binary() | st.lists(PIECES | st.binary(max_size=8)).map(b"".join), st.sampled_from(["", "header"]))
@example(b'"', "header")
@example(b"\xff\xfe", "")
@settings(max_examples=100, deadline=None)
def test_no_bytes_raise_or_take_long(data: bytes, start: str) -> None:
    begun = time.process_time()

    for encoding in (None, "latin-1"):
        reading = read_file((HEADER if start else b"") + data, encoding=encoding)
        physical_lines = max(1, data.count(b"\n") + data.count(b"\r") + 2)
        assert all(
            1 <= problem.line <= physical_lines and len(problem.value) <= 60 for problem in reading.problems
        )
        assert not {row.line for row in reading.invoices} & {problem.line for problem in reading.problems}
        assert reading.invoices or reading.problems or reading.notes
        for problem in reading.problems:
            f"{problem.value}{problem.wrong}{problem.expected}".encode()

    assert time.process_time() - begun < 2


@given(
    st.sampled_from(FILE_KINDS),
    st.lists(st.text(max_size=6), max_size=3),
    st.lists(st.lists(st.sampled_from(CELLS_OF_KINDS) | st.text(max_size=4), min_size=4, max_size=12), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_no_cells_of_any_kind_raise(kind: FileKind, more: list[str], records: list[list[str]]) -> None:
    columns = [*(column.name for column in columns_of(kind)), *(f"custom.{key}" for key in more), *more]
    text = io.StringIO()
    csv.writer(text).writerows([columns, *((record * len(columns))[: len(columns)] for record in records)])
    data = text.getvalue().encode("utf-8", "surrogatepass")

    reading = read_file(data, kind=kind)

    assert not {row.line for row in reading.rows} & {problem.line for problem in reading.problems}
    if reading.profile is not None:
        again = read_file(data, profile=read_profile(as_json(reading.profile)))
        assert (again.rows, again.problems) == (reading.rows, reading.problems)


def texts(length_max: int) -> st.SearchStrategy[str]:
    """Return texts as they come out of a reading: printable, trimmed, in NFC."""
    letters = st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(
        " ,;|\t\"'=".replace("\t", "")
    )
    return (
        st.text(letters, min_size=1, max_size=length_max)
        .map(lambda text: unicodedata.normalize("NFC", text).strip())
        .filter(lambda text: 0 < len(text) <= length_max)
    )


@st.composite
def amounts(draw: st.DrawFn, currency: str, most: Decimal = Decimal(10) ** 14) -> Decimal:
    """Draw an amount of at least one of the currency's smallest units and below `most`."""
    decimals = CURRENCY_DECIMALS[currency]
    units = draw(st.integers(1, int(most.scaleb(decimals)) - 1))
    return Decimal(units).scaleb(-decimals)


@st.composite
def contacts(draw: st.DrawFn) -> StatedContact:
    """Draw any contact that a row can name."""
    addresses = ["a@b.example", "ana.müller@zürich.example", "o'neil+x@b-c.example"]
    return StatedContact(
        draw(st.sampled_from(["main", "billing", "accounts_payable"])),
        draw(st.sampled_from(addresses)),
        draw(st.none() | texts(200)),
        draw(st.none() | texts(200)),
    )


@st.composite
def rows(draw: st.DrawFn) -> InvoiceRow:
    """Draw any row that a reading can return."""
    currency = draw(st.sampled_from(sorted(CURRENCY_DECIMALS)))
    total = draw(amounts(currency))
    state = draw(st.sampled_from(list(INVOICE_STATUSES.values())))
    issued_on = draw(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
    return InvoiceRow(
        line=2,
        external_id=(number := draw(texts(64))),
        invoice_number=number,
        customer=StatedCustomer(
            draw(texts(64)),
            draw(texts(200)),
            draw(st.sampled_from([None, "en", "fr", "pt_BR", "de_CH"])),
            draw(st.none() | st.integers(0, 365)),
        ),
        contact=draw(st.none() | contacts()),
        issued_on=issued_on,
        due_on=draw(st.none() | st.dates(issued_on, date(2100, 12, 31))),
        currency=currency,
        total=total,
        paid=total
        if state == "paid"
        else draw(st.sampled_from([Decimal(0), total]) | amounts(currency, total + 1)).min(total),
        state=state,
        po_number=draw(st.none() | texts(64)),
    )


def as_cells(row: InvoiceRow) -> dict[str, str]:
    """Return the row as it would be written."""
    contact = row.contact or StatedContact("")
    values = {
        "invoice_number": row.invoice_number,
        "customer_id": row.customer.customer_id,
        "customer_name": row.customer.name,
        "issue_date": row.issued_on,
        "due_date": row.due_on,
        "currency": row.currency,
        "total": row.total,
        "paid": row.paid,
        "status": row.state,
        "po_number": row.po_number,
        "email": contact.email,
        "contact_first_name": contact.first_name,
        "contact_last_name": contact.last_name,
        "contact_role": contact.role,
        "locale": row.customer.locale,
        "payment_term_days": row.customer.payment_term_days,
    }
    return {
        column: "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
        for column, value in values.items()
    }


@given(rows(), st.sampled_from(DELIMITERS), st.permutations(COLUMNS))
@settings(max_examples=50, deadline=None)
def test_any_good_row_survives_being_written_and_read(row: InvoiceRow, delimiter: str, columns: list[str]) -> None:
    data = a_file(as_cells(row), columns=tuple(columns), delimiter=delimiter)

    reading = read_file(data, profile=a_profile(tuple(columns), delimiter))

    assert reading.problems == ()
    assert reading.invoices == (row,)


@given(
    st.lists(rows(), max_size=6, unique_by=(lambda row: row.invoice_number, lambda row: row.customer.customer_id))
)
@settings(max_examples=25, deadline=None)
def test_any_good_rows_survive_together(many: list[InvoiceRow]) -> None:
    reading = read_file(a_file(*map(as_cells, many)), profile=a_profile())

    assert reading.invoices == tuple(row._replace(line=place) for place, row in enumerate(many, start=2))


@given(st.from_regex(r"[0-9]{1,14}(\.[0-9]{1,2})?", fullmatch=True).filter(lambda text: Decimal(text) > 0))
@settings(deadline=None)
def test_an_amount_is_exactly_what_is_written(written: str) -> None:
    total = a_row(total=written).total

    assert str(total) == str(Decimal(written))


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_only_plain_digits_are_amounts(written: str) -> None:
    reading = read_file(a_file(cells(total=written)))

    if reading.invoices:
        assert set(written.strip()) <= set("0123456789.")
    else:
        assert reading.problems


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_row_is_read_or_has_a_problem_whatever_its_cells(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(COLUMNS))
    written = data.draw(st.text() | st.sampled_from(["fr_", "a@" + "b." * 9999, "x" * 70_000, "٣"]))

    reading = read_file(a_file(cells(**{column: written})))

    assert (len(reading.invoices) == 1) != bool(reading.problems)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters='"\r\n')), max_size=4),
    st.sampled_from(DELIMITERS),
)
@settings(deadline=None)
def test_a_line_without_quotation_marks_is_cut_as_the_csv_module_cuts_it(
    pieces: list[str], delimiter: str
) -> None:
    line = delimiter.join(pieces)
    table = CsvTable(line.encode(), delimiter=delimiter)

    cut = [record.cells for record in table.records() if isinstance(record, Record)]

    assert cut == [row for row in csv.reader([line], delimiter=delimiter) if row and not line.isspace()]
