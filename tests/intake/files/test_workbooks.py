"""What a workbook may be: typed days and numbers, a choice of sheets, and archives made to hurt."""

import time
import zlib
from datetime import date
from decimal import Decimal

import pytest

from intake.files import xlsx_table
from intake.files.reading import Reading, read_file
from tests.intake.files.workbooks import Value, a_package, a_workbook

HEADER: list[Value] = [
    "Rechnungsnummer",
    "Kundennummer",
    "Kunde",
    "Rechnungsdatum",
    "Fällig am",
    "Währung",
    "Brutto",
]
FIRST: list[Value] = [1001, "C-1", "Hélios", date(2026, 5, 2), date(2026, 6, 1), "EUR", 1234.5]
SECOND: list[Value] = [
    "R-2",
    "C-1",
    "Hélios",
    date(2026, 5, 3),
    None,
    "EUR",
    "<f>A1*1.2</f><v>100.80000000000001</v>",
]


def problems_of(reading: Reading) -> list[tuple[int, str | None, str]]:
    """Return line, column and wrong of each problem."""
    return [(problem.line, problem.column, problem.wrong) for problem in reading.problems]


def test_a_sheet_is_read_with_its_days_numbers_and_the_values_of_its_formulas() -> None:
    reading = read_file(a_workbook(Offen=[["Offene Posten"], [], HEADER, FIRST, [None] * 7, SECOND]))

    assert reading.problems == ()
    first, second = reading.invoices
    assert (first.line, first.invoice_number, first.total) == (4, "1001", Decimal("1234.5"))
    assert (first.issued_on, first.due_on) == (date(2026, 5, 2), date(2026, 6, 1))
    # The fifteenth digit is the last that a sheet knows.
    assert (second.line, second.total, second.due_on) == (6, Decimal("100.8"), None)


def test_errors_of_formulas_are_read_as_empty_with_a_note() -> None:
    row: list[Value] = [*FIRST[:4], "error", *FIRST[5:]]
    data = a_workbook(Mai=[HEADER, row])

    reading = read_file(data)

    assert reading.invoices[0].due_on is None
    assert reading.notes == ("cells with an error, such as #N/A, were read as empty",)


def test_the_first_visible_sheet_is_read_unless_another_one_is_named() -> None:
    data = a_workbook(Mai=[HEADER, FIRST], Juni=[HEADER, SECOND])

    assert [row.line for row in read_file(data).invoices] == [2]
    named = read_file(data, sheet="Juni")
    assert [row.invoice_number for row in named.invoices] == ["R-2"]
    assert named.profile is not None
    assert named.profile.sheet == "Juni"
    assert read_file(data, profile=named.profile).invoices == named.invoices
    missing = read_file(data, sheet="Juli").problems[0]
    assert (missing.wrong, missing.expected) == (
        "no workbook with a sheet 'Juli'",
        "one of its sheets: 'Mai', 'Juni'",
    )


def test_a_sheet_may_hold_dates_and_amounts_as_texts() -> None:
    row: list[Value] = ["R-1", "C-1", "Hélios", "02.05.2026", date(2026, 6, 1), "EUR", "1.234,50"]

    (invoice,) = read_file(a_workbook(Mai=[HEADER, row])).invoices

    assert (invoice.issued_on, invoice.due_on, invoice.total) == (
        date(2026, 5, 2),
        date(2026, 6, 1),
        Decimal("1234.50"),
    )


def test_what_stands_in_a_cell_of_another_type_is_a_problem_of_its_row() -> None:
    row: list[Value] = [12345678901234567, "C-1", "Hélios", 46000, None, "EUR", date(2026, 5, 2)]

    assert problems_of(read_file(a_workbook(Mai=[HEADER, FIRST, row]))) == [
        (3, "invoice_number", "a number that the sheet has rounded"),
        (3, "issue_date", "a number"),
        (3, "total", "a date"),
    ]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"PK\x03\x04" + b"x" * 100, "a workbook that cannot be read"),
        (a_workbook(Mai=[HEADER])[:-30], "a workbook that cannot be read"),
        (a_package({"Mai": "<row><c r='A1'><v>1</row>"}), "a workbook that cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old or a protected workbook"),
    ],
)
def test_a_broken_workbook_is_one_problem(data: bytes, wrong: str) -> None:
    assert problems_of(read_file(data)) == [(1, None, wrong)]


def test_an_archive_of_something_else_is_one_problem() -> None:
    data = a_workbook(Mai=[HEADER]).replace(b"xl/workbook.xml", b"xl/workbook.odt")

    assert problems_of(read_file(data)) == [(1, None, "no XLSX workbook")]


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_table, "UNPACKED_BYTES_MAX", 20_000_000)
    data = a_package({"Mai": ""}, more={"xl/sharedStrings.xml": b"\0" * 40_000_000})
    assert len(data) < 100_000

    assert problems_of(read_file(data)) == [(1, None, "a workbook too large when unpacked")]


def test_a_workbook_that_lies_about_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_table, "UNPACKED_BYTES_MAX", 20_000_000)
    content = b"\0" * 40_000_000
    data = a_package({"Mai": ""}, more={"xl/sharedStrings.xml": content})
    lie = data.replace(len(content).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lie != data
    assert zlib.crc32(content).to_bytes(4, "little") in lie

    assert problems_of(read_file(lie)) == [(1, None, "a workbook too large when unpacked")]


@pytest.mark.parametrize("corner", ["XFD1048576", "XFD9", "CW1048576"])
def test_a_cell_in_the_last_corner_does_not_make_room_for_all_cells(corner: str) -> None:
    data = a_package({"Mai": f'<row r="1"><c r="A1"><v>1</v></c><c r="{corner}"><v>1</v></c></row>'})
    begun = time.process_time()

    (problem,) = read_file(data).problems

    assert problem.wrong.startswith("a sheet that reaches to row ")
    assert time.process_time() - begun < 1


def test_entities_in_a_sheet_are_not_expanded() -> None:
    data = a_package({"Mai": '<row r="1"><c r="A1" t="inlineStr"><is><t>&lol;</t></is></c></row>'})

    assert read_file(data).invoices == ()
    assert len(read_file(data).problems) >= 1


def test_a_sheet_of_ten_thousand_rows_is_read_within_two_seconds() -> None:
    rows: list[list[Value]] = [[f"R-{line}", *FIRST[1:]] for line in range(10_000)]
    data = a_workbook(Mai=[HEADER, *rows])
    begun = time.process_time()

    reading = read_file(data)

    assert time.process_time() - begun < 2
    assert (len(reading.invoices), reading.problems) == (10_000, ())
