"""What a file may be: headers, delimiters, encodings, and files made to hurt."""

import time
from pathlib import Path

import pytest

from intake.files import reading as reading_module
from intake.files.csv_table import RECORD_BYTES_MAX
from intake.files.reading import Reading, read_file
from tests.intake.invoice_files import COLUMNS, REQUIRED_COLUMNS, a_file, cells

MEGABYTE = 1_000_000
GOOD = a_file(cells(), cells(invoice_number="INV-2"))
HEADER, FIRST, SECOND = GOOD.splitlines(keepends=True)


def lines_of(reading: Reading) -> tuple[list[int], list[int]]:
    """Return the lines of the rows and those of the problems."""
    return [row.line for row in reading.invoices], [problem.line for problem in reading.problems]


def test_a_path_reads_like_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_bytes(GOOD)

    assert read_file(tmp_path / "book.csv") == read_file(GOOD)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "nowhere.csv")


def test_header_names_are_read_whatever_their_case_spaces_and_underscores() -> None:
    header = b"Invoice Number,CUSTOMER_ID,customername, Issue_Date ,Currency,TOTAL\n"

    reading = read_file(header + b"INV-1,C-1,Helios,2026-05-02,EUR,5\n")

    assert lines_of(reading) == ([2], [])
    assert reading.notes == ()


def test_every_missing_required_column_is_a_problem_on_line_1() -> None:
    reading = read_file(b"customer_name,total\nHelios,5\n", kind="invoices")

    assert reading.invoices == ()
    assert {(p.line, p.column, p.wrong) for p in reading.problems} == {
        (1, column, "a missing column") for column in set(REQUIRED_COLUMNS) - {"customer_name", "total"}
    }


def test_a_column_given_twice_is_a_problem() -> None:
    reading = read_file(HEADER.replace(b"po_number", b"Invoice Number") + FIRST)

    assert reading.invoices == ()
    assert [(p.line, p.column, p.wrong) for p in reading.problems] == [
        (1, "invoice_number", "the same column as column 1")
    ]


def test_an_unknown_column_is_a_note() -> None:
    reading = read_file(HEADER.replace(b"po_number", b"r\x1bgion") + FIRST)

    assert lines_of(reading) == ([2], [])
    assert reading.notes == (r"column 'r\x1bgion' is not known and was not read",)


def test_the_notes_on_unknown_columns_are_bounded() -> None:
    assert len(read_file(HEADER.strip() + b",x" * 10_000 + b"\n").notes) < 60


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header(delimiter: str) -> None:
    row = cells(customer_name="a,b,c;d;e|f|g,,,;;;|||")

    reading = read_file(a_file(row, delimiter=delimiter))

    assert reading.problems == ()
    assert reading.invoices[0].customer.name == row["customer_name"]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert read_file(b"\xef\xbb\xbf" + GOOD) == read_file(GOOD)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_line_ends_of_windows_and_old_macs_are_read(line_end: bytes) -> None:
    assert read_file(GOOD.replace(b"\n", line_end)) == read_file(GOOD)


def test_the_last_line_needs_no_line_end() -> None:
    assert read_file(GOOD.rstrip(b"\n")) == read_file(GOOD)


def test_blank_lines_are_skipped_and_counted_as_lines() -> None:
    reading = read_file(b"\n\r\n" + HEADER + b"\n" + FIRST + b"  \n\n" + SECOND + b"\n")

    assert lines_of(reading) == ([5, 8], [])
    assert reading.notes == ()


def test_rows_of_empty_cells_are_left_out_with_a_note() -> None:
    reading = read_file(HEADER + FIRST + b"," * (len(COLUMNS) - 1) + b"\n,,\n")

    assert lines_of(reading) == ([2], [])
    assert reading.notes == ("2 rows of empty cells were left out",)


@pytest.mark.parametrize("data", [b"", b"\n\n\n", b"\xef\xbb\xbf", b"   ", b"\r"])
def test_an_empty_file_is_a_problem(data: bytes) -> None:
    assert [(p.line, p.wrong) for p in read_file(data).problems] == [(1, "an empty file")]


def test_a_header_alone_is_a_note() -> None:
    reading = read_file(HEADER)

    assert (reading.rows, reading.problems) == ((), ())
    assert reading.notes == ("the file has a header and no invoices",)


def test_a_record_that_is_not_utf8_is_a_problem_and_the_others_are_read() -> None:
    latin = FIRST.decode().encode("latin-1")

    reading = read_file(HEADER + latin + SECOND)

    assert [row.line for row in reading.invoices] == [3]
    assert [(p.line, p.column, p.value, p.wrong, p.expected) for p in reading.problems] == [
        (2, column, value, "not UTF-8 text", "UTF-8, or say --encoding latin-1")
        for column, value in [("customer_name", r"Soci\xe9t\xe9 H\xe9lios"), ("contact_last_name", r"M\xfcller")]
    ]


def test_a_record_that_is_not_utf8_in_an_unknown_column_is_a_problem_too() -> None:
    reading = read_file(HEADER.replace(b"po_number", b"region") + FIRST.replace(b"PO-7", b"\xff") + SECOND)

    assert [row.line for row in reading.invoices] == [3]
    assert [(p.line, p.column, p.value) for p in reading.problems] == [(2, "region", r"\xff")]


def test_a_quoted_record_that_is_not_utf8_is_a_problem_too() -> None:
    reading = read_file(HEADER + FIRST.replace(b"PO-7", b'"\xff"') + SECOND)

    assert lines_of(reading) == ([3], [2])


@pytest.mark.parametrize("encoding", ["latin-1", "ISO-8859-1", "cp1252", "windows-1252"])
def test_a_latin_file_is_read_as_what_windows_means_by_it(encoding: str) -> None:
    data = a_file(cells(customer_name="Hélios – 5 €")).decode().encode("cp1252")

    reading = read_file(data, encoding=encoding)

    assert reading.problems == ()
    assert reading.invoices[0].customer.name == "Hélios – 5 €"


def test_a_byte_that_the_given_encoding_lacks_is_a_problem() -> None:
    reading = read_file(HEADER + FIRST.replace(b"PO-7", b"\x81"), encoding="latin-1")

    assert [(p.column, p.value, p.wrong) for p in reading.problems] == [("po_number", r"\x81", "not cp1252 text")]


def test_a_utf8_file_read_in_another_encoding_says_so() -> None:
    assert "begins as UTF-8" in read_file(b"\xef\xbb\xbf" + GOOD, encoding="latin-1").notes[0]


def test_a_utf16_file_is_one_problem() -> None:
    assert [p.wrong for p in read_file(GOOD.decode().encode("utf-16")).problems] == ["UTF-16 text"]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-7", "cp037", "shift_jis", "rot13", "unicode_escape", "x\0", ""]
)
def test_an_encoding_that_cannot_be_read_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="give utf-8, latin-1"):
        read_file(GOOD, encoding=encoding)


@pytest.mark.parametrize(("row", "count"), [(b"INV-1,C-1\n", 2), (FIRST.strip() + b",more\n", 17)])
def test_a_row_with_too_few_or_too_many_cells_is_a_problem(row: bytes, count: int) -> None:
    reading = read_file(HEADER + row + SECOND)

    assert lines_of(reading) == ([3], [2])
    assert (reading.problems[0].wrong, reading.problems[0].expected) == (
        f"a row of {count} cells",
        "16 cells, as in the header",
    )


def test_quoted_cells_may_hold_delimiters_quotation_marks_and_line_breaks() -> None:
    header = HEADER.replace(b"po_number", b"remark")
    row = FIRST.replace(b"PO-7", b'"one, ""two""\n\nthree"')

    assert lines_of(read_file(header + row + SECOND)) == ([2, 5], [])


def test_a_record_of_several_lines_is_reported_where_it_starts() -> None:
    reading = read_file(HEADER + FIRST + SECOND.replace(b"PO-7", b'"a\nb"'))

    assert lines_of(reading) == ([2], [3, 3])


def test_an_unclosed_quotation_mark_does_not_swallow_the_file() -> None:
    reading = read_file(HEADER + FIRST.replace(b"PO-7", b'"PO-7') + SECOND)

    assert lines_of(reading) == ([3], [2])
    assert reading.problems[0].wrong == "an unclosed quotation mark"


def test_two_stray_quotation_marks_do_not_swallow_the_lines_between() -> None:
    third = FIRST.replace(b"INV-1", b"INV-3").replace(b"billing", b'billing"')

    reading = read_file(HEADER + FIRST.replace(b"PO-7", b'"PO-7') + SECOND + third)

    assert lines_of(reading) == ([3], [2, 4])
    assert reading.problems[0].wrong == "a quotation over several lines"


def test_lines_within_a_quoted_cell_are_never_read_as_rows() -> None:
    forged = SECOND.strip().replace(b"INV-2", b"INV-666")

    reading = read_file(HEADER + FIRST.replace(b"PO-7", b'"PO-7\n' + forged + b'\n"') + SECOND)

    assert lines_of(reading) == ([5], [2, 2])
    assert [(p.column, p.wrong) for p in reading.problems] == [
        (None, "a quotation up to line 4: nothing in it was read"),
        ("po_number", "text with the control character U+000A"),
    ]


def test_text_after_a_closing_quotation_mark_is_a_problem() -> None:
    reading = read_file(HEADER + FIRST.replace(b"PO-7", b'"PO"-7') + SECOND)

    assert lines_of(reading) == ([3], [2])
    assert reading.problems[0].wrong == "text after a closing quotation mark"


def test_a_nul_byte_is_a_problem_of_its_row() -> None:
    assert lines_of(read_file(HEADER + FIRST.replace(b"PO-7", b"\0") + SECOND)) == ([3], [2])
    assert lines_of(read_file(HEADER + FIRST.replace(b"PO-7", b'"\0"') + SECOND)) == ([3], [2])


def test_a_record_is_at_most_64_kib_long() -> None:
    header = HEADER.replace(b"po_number", b"remark")
    fitting = FIRST.replace(b"PO-7", b"x" * (RECORD_BYTES_MAX - len(FIRST)))
    too_long = SECOND.replace(b"PO-7", b"x" * RECORD_BYTES_MAX)

    reading = read_file(header + fitting + too_long + SECOND)

    assert lines_of(reading) == ([2, 4], [3])
    assert reading.problems[0].wrong == "a record longer than 64 KiB"


def test_a_quoted_record_of_several_lines_is_bounded_too() -> None:
    header = HEADER.replace(b"po_number", b"remark")
    long = FIRST.replace(b"PO-7", b'"' + b"x\n" * RECORD_BYTES_MAX + b'"')

    reading = read_file(header + long + SECOND)

    assert [row.invoice_number for row in reading.invoices] == ["INV-2"]
    assert reading.problems[0].wrong == "an unclosed quotation mark"


def test_reading_stops_after_very_many_problems_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "PROBLEMS_MAX", 3)

    reading = read_file(HEADER + b"x\n" * 10 + FIRST)

    assert lines_of(reading) == ([], [2, 3, 4, 4])
    assert reading.problems[-1].wrong == "the end of reading, after 3 problems"


@pytest.mark.parametrize("start", [b"", HEADER], ids=["no header", "header"])
@pytest.mark.parametrize("filler", [b"x", b",", b'"', b"\0", b"\xff", b'x",'])
def test_ten_megabytes_on_one_line_are_one_problem_within_a_second(start: bytes, filler: bytes) -> None:
    data = start + filler * (10 * MEGABYTE // len(filler))
    begun = time.process_time()

    reading = read_file(data)

    assert time.process_time() - begun < 1
    assert len(reading.problems) == 1
    assert len(reading.problems[0].value) <= 60


@pytest.mark.parametrize(
    "line", [b'x","\n', b'"\n', b'"', b"\n", b"\r\n", b"x\n", b",,\n", b'"\xff",\n', b'x"",y\n']
)
def test_megabytes_of_hostile_lines_are_read_in_linear_time(line: bytes) -> None:
    data = HEADER + line * (MEGABYTE // len(line))
    begun = time.process_time()

    read_file(data)

    assert time.process_time() - begun < 10  # Rereading without a bound takes many minutes.


def test_twenty_thousand_good_rows_are_read_within_two_seconds() -> None:
    data = a_file(
        *(
            cells(invoice_number=f"INV-{n}", customer_id=f"C-{n % 2000}", email=f"a@c{n % 2000}.example")
            for n in range(20_000)
        )
    )
    begun = time.process_time()

    reading = read_file(data)

    assert time.process_time() - begun < 2  # About 0.5 s where 100,000 rows take 2.5 s.
    assert len(reading.invoices) == 20_000


def test_two_addresses_for_one_role_of_a_customer_are_a_contradiction() -> None:
    reading = read_file(
        a_file(
            cells(invoice_number="INV-1", email="ana@helios.example"),
            cells(invoice_number="INV-2", email="bea@helios.example"),
            cells(invoice_number="INV-3", email="cleo@helios.example", contact_role="main", contact_first_name=""),
        )
    )

    assert [(problem.line, problem.column) for problem in reading.problems] == [(3, "email")]
