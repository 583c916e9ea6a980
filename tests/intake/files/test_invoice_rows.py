"""What a row may say, rule by rule."""

import json
import unicodedata
from datetime import date
from decimal import Decimal

import pytest

from intake.files.rows import InvoiceRow, StatedContact, StatedCustomer
from intake.problems import Problem, problems_as_dicts
from tests.intake.invoice_files import REQUIRED_COLUMNS, a_row, cells, read, wrongs


def contact_of(**changed: str) -> StatedContact:
    """Return the contact that is read from the row so changed."""
    contact = a_row(**changed).contact
    assert contact is not None
    return contact


def test_a_good_row_is_read_into_values() -> None:
    assert a_row() == InvoiceRow(
        line=2,
        external_id="INV-1",
        invoice_number="INV-1",
        customer=StatedCustomer("C-1", "Société Hélios", "fr", 30),
        contact=StatedContact("billing", "ana@helios.example", "Ana", "Müller"),
        issued_on=date(2026, 5, 2),
        due_on=date(2026, 6, 1),
        currency="EUR",
        total=Decimal("10000.00"),
        paid=Decimal(0),
        state="open",
        po_number="PO-7",
    )


def test_the_required_columns_are_enough() -> None:
    row = read(cells(), columns=REQUIRED_COLUMNS).invoices[0]

    assert (row.due_on, row.paid, row.state, row.po_number) == (None, Decimal(0), "open", None)
    assert row.customer == StatedCustomer("C-1", "Société Hélios")
    assert row.contact is None


def test_an_empty_optional_cell_is_as_if_its_column_were_missing() -> None:
    empty = dict.fromkeys(cells().keys() - set(REQUIRED_COLUMNS), "")

    assert read(cells(**empty)).invoices == read(cells(), columns=REQUIRED_COLUMNS).invoices


@pytest.mark.parametrize("column", REQUIRED_COLUMNS)
def test_a_required_cell_must_not_be_empty(column: str) -> None:
    assert wrongs(**{column: "  "}) == [(column, "empty")]


def test_all_problems_of_a_row_are_reported() -> None:
    found = wrongs(invoice_number="", issue_date="soon", currency="EURO", total="1,5", email="nobody")

    assert [column for column, _ in found] == ["invoice_number", "issue_date", "currency", "total", "email"]


def test_a_problem_names_line_column_value_and_what_was_expected() -> None:
    reading = read(cells(), cells(invoice_number="INV-2", total="1,50"))

    assert [row.line for row in reading.invoices] == [2]
    assert reading.problems == (
        Problem(3, "total", "1,50", "not a plain amount", "digits with '.' before the decimals, such as 1234.50"),
    )


def test_the_value_of_a_problem_is_short_and_shows_control_characters() -> None:
    problem = read(cells(customer_name="\x1b[2J\r\n" + "a" * 100)).problems[-1]

    assert problem.value.startswith(r"\x1b[2J\x0d\x0aaaa")
    assert len(problem.value) == 60
    assert problem.value.endswith("…")


def test_problems_render_as_json() -> None:
    reading = read(cells(total="-1"), cells(currency="\x00"))

    assert json.loads(json.dumps(problems_as_dicts(reading.problems)))[0] == {
        "line": 2,
        "column": "total",
        "value": "-1",
        "wrong": "negative",
        "expected": "an amount without a sign; credit notes have files of their own",
        "subject": "INV-1",
    }


@pytest.mark.parametrize(
    "written",
    ["20260101", "2026-1-1", "2026-01-01T10:00:00", "1767225600", "01/02/2026", "2026-W01-1", "２０２６-01-01"],
)
def test_a_date_is_written_year_month_day_and_in_no_other_way(written: str) -> None:
    assert wrongs(due_date=written) == [("due_date", "not a date in that form")]


@pytest.mark.parametrize("written", ["2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01"])
def test_a_date_is_a_day_of_the_calendar(written: str) -> None:
    assert wrongs(due_date=written) == [("due_date", "no day of the calendar")]


def test_a_date_lies_between_1990_and_2100() -> None:
    assert a_row(issue_date="1990-01-01", due_date="2100-12-31").issued_on == date(1990, 1, 1)
    assert wrongs(issue_date="1989-12-31") == [("issue_date", "too far away")]
    assert wrongs(due_date="2101-01-01") == [("due_date", "too far away")]


def test_an_invoice_is_not_due_before_its_issue() -> None:
    assert a_row(issue_date="2026-06-01", due_date="2026-06-01").due_on == date(2026, 6, 1)
    assert wrongs(issue_date="2026-06-02", due_date="2026-06-01") == [("due_date", "before the issue date")]


@pytest.mark.parametrize(
    "written",
    [
        "1,234.50",
        "1.234,50",
        "1 234.50",
        "1_234",
        "1e3",
        "+5",
        "5.",
        ".5",
        "NaN",
        "Infinity",
        "-Infinity",
        "٣",
        "１２",
        "1.5 EUR",
        "€5",
        "0x1F",
        "--5",
        "9" * 1000,
    ],
)
def test_an_amount_is_plain_digits_with_a_point(written: str) -> None:
    assert wrongs(total=written) == [("total", "not a plain amount")]
    assert wrongs(paid=written) == [("paid", "not a plain amount")]


@pytest.mark.parametrize(
    ("currency", "good", "bad"),
    [
        ("JPY", "100", "100.0"),
        ("EUR", "100.25", "100.250"),
        ("TND", "100.125", "100.1250"),
        ("RSD", "1.50", "1.500"),
    ],
)
def test_an_amount_has_no_more_decimals_than_its_currency(currency: str, good: str, bad: str) -> None:
    assert a_row(currency=currency, total=good).total == Decimal(good)
    assert wrongs(currency=currency, total=bad) == [("total", f"too precise for {currency}")]
    assert wrongs(currency=currency, total="2000", paid=bad) == [("paid", f"too precise for {currency}")]


def test_the_total_is_above_zero() -> None:
    assert a_row(total="0.01").total == Decimal("0.01")
    assert wrongs(total="0.00") == [("total", "zero")]
    assert wrongs(total="-5.00") == [("total", "negative")]


def test_the_total_is_below_a_hundred_trillion() -> None:
    assert a_row(total="99999999999999.99").total == Decimal("99999999999999.99")
    assert wrongs(total="100000000000000") == [("total", "too large")]


def test_paid_is_from_zero_to_the_total() -> None:
    assert a_row(total="10", paid="10.00").paid == Decimal(10)
    assert wrongs(paid="-0.01") == [("paid", "negative")]
    assert wrongs(total="10", paid="10.01") == [("paid", "more than the total")]


def test_the_status_paid_means_that_all_is_paid() -> None:
    assert a_row(status="paid", paid="").paid == Decimal("10000.00")
    assert a_row(status="paid", paid="10000").state == "paid"
    assert wrongs(status="paid", paid="9999.99") == [("paid", "less than the total of a paid invoice")]
    assert wrongs(status="paid", paid="0") == [("paid", "less than the total of a paid invoice")]


@pytest.mark.parametrize("written", ["written_off", "Written Off", "WRITTEN-OFF", " written  off "])
def test_a_status_is_read_whatever_its_case_and_spaces(written: str) -> None:
    assert a_row(status=written).state == "written_off"


def test_an_unknown_status_is_a_problem() -> None:
    assert wrongs(status="mostly harmless") == [("status", "no known status")]


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XDR", "CHE", "DEM", "EURO", "€", "ZZZ"])
def test_a_currency_is_money_in_use(code: str) -> None:
    assert wrongs(currency=code) == [("currency", "no currency in use")]


def test_a_currency_is_stored_in_capitals() -> None:
    assert a_row(currency="eur").currency == "EUR"


@pytest.mark.parametrize(
    "address",
    ["nobody", "a@b", "a@b.example, c@d.example", "Ana <a@b.example>", "a b@c.example", "a@x.test", "a" * 9999],
)
def test_an_address_that_could_not_be_one_is_a_problem(address: str) -> None:
    assert [column for column, _ in wrongs(email=address)] == ["email"]


def test_the_domain_of_an_address_is_normalized() -> None:
    assert contact_of(email="Ana@HELIOS.Example").email == "Ana@helios.example"


@pytest.mark.parametrize(
    "column",
    [
        "invoice_number",
        "customer_id",
        "customer_name",
        "po_number",
        "email",
        "contact_first_name",
        "contact_last_name",
        "contact_role",
        "locale",
    ],
)
@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u202e"])
def test_a_control_character_in_a_text_is_a_problem(column: str, character: str) -> None:
    found = wrongs(**{column: f"fr{character}Bcc: all@evil.example"})

    assert found[-1] == (column, f"text with the control character U+{ord(character):04X}")
    assert [named for named, _ in found if named] == [column]


@pytest.mark.parametrize("character", ["\u200b", "\u00ad", "\ufeff", "\u00a0"])
def test_an_identifier_has_no_invisible_characters(character: str) -> None:
    assert wrongs(invoice_number=f"INV{character}1") == [
        ("invoice_number", "an identifier with invisible characters")
    ]


@pytest.mark.parametrize(
    ("column", "length_max"),
    [
        ("invoice_number", 64),
        ("customer_id", 64),
        ("po_number", 64),
        ("customer_name", 200),
        ("contact_first_name", 200),
        ("contact_last_name", 200),
    ],
)
def test_texts_are_bounded(column: str, length_max: int) -> None:
    a_row(**{column: "é" * length_max})

    assert wrongs(**{column: "é" * (length_max + 1)}) == [(column, f"too long ({length_max + 1} characters)")]


def test_spaces_around_a_cell_do_not_count() -> None:
    padded = {column: f"  {value}\u00a0 " for column, value in cells().items()}

    assert a_row(**padded) == a_row()


def test_texts_are_read_in_one_unicode_form() -> None:
    decomposed = unicodedata.normalize("NFD", "Société Hélios")

    assert a_row(customer_name=decomposed).customer.name == "Société Hélios"


@pytest.mark.parametrize("written", ["pt-BR", "pt_BR", "PT_br"])
def test_a_locale_is_stored_as_babel_writes_it(written: str) -> None:
    assert a_row(locale=written).customer.locale == "pt_BR"


@pytest.mark.parametrize("written", ["xx", "french", "de_US", "../../etc/passwd", "fr.UTF-8", "root"])
def test_an_unknown_locale_is_a_problem(written: str) -> None:
    assert wrongs(locale=written) == [("locale", "no known locale")]


def test_a_payment_term_is_whole_days_up_to_a_year() -> None:
    assert a_row(payment_term_days="0").customer.payment_term_days == 0
    assert a_row(payment_term_days="365").customer.payment_term_days == 365
    for written in ("366", "-1", "30.0", "net 30", "３０", "9" * 5000):
        assert wrongs(payment_term_days=written) == [("payment_term_days", "no payment term")]


def test_a_contact_role_is_one_word() -> None:
    assert contact_of(contact_role="Accounts Payable").role == "accounts_payable"
    assert wrongs(contact_role="<b>") == [("contact_role", "no role")]


def test_a_formula_is_text_like_any_other() -> None:
    assert a_row(customer_name='=HYPERLINK("x")').customer.name == '=HYPERLINK("x")'


def test_the_second_of_two_equal_rows_is_a_duplicate() -> None:
    reading = read(cells(), cells(total="10000.0", paid=""))

    assert [row.line for row in reading.invoices] == [2]
    assert [(p.line, p.column, p.wrong) for p in reading.problems] == [
        (3, "invoice_number", "a duplicate of line 2")
    ]


def test_a_number_used_twice_names_the_earlier_line() -> None:
    reading = read(cells(), cells(total="5"))

    assert [row.line for row in reading.invoices] == [2]
    assert [(p.line, p.wrong) for p in reading.problems] == [(3, "the number of line 2, with other contents")]


def test_a_number_used_twice_is_told_even_if_its_first_row_is_faulty() -> None:
    reading = read(cells(total="x"), cells())

    assert reading.invoices == ()
    assert [(p.line, p.column) for p in reading.problems] == [(2, "total"), (3, "invoice_number")]


@pytest.mark.parametrize(
    ("column", "other"),
    [("customer_name", "Helios Ltd"), ("locale", "de"), ("payment_term_days", "45")],
)
def test_a_customer_is_the_same_on_all_its_rows(column: str, other: str) -> None:
    reading = read(cells(), cells(**{"invoice_number": "INV-2", column: other}), cells(invoice_number="INV-3"))

    assert [row.line for row in reading.invoices] == [2, 4]
    assert [(p.line, p.column, p.value, p.wrong) for p in reading.problems] == [
        (3, column, other, "not what line 2 says of the same customer")
    ]


def test_a_repeated_contradiction_is_a_problem_each_time() -> None:
    others = [cells(invoice_number=f"INV-{n}", locale="de") for n in (2, 3)]

    assert [p.line for p in read(cells(), *others).problems] == [3, 4]


def test_a_row_that_leaves_a_customers_fact_empty_contradicts_nothing() -> None:
    reading = read(
        cells(locale=""),
        cells(invoice_number="INV-2", locale="fr"),
        cells(invoice_number="INV-3", locale=""),
        cells(invoice_number="INV-4", locale="de"),
    )

    assert [row.line for row in reading.invoices] == [2, 3, 4]
    assert [(p.line, p.wrong) for p in reading.problems] == [(5, "not what line 3 says of the same customer")]


def test_different_customers_may_differ() -> None:
    assert len(read(cells(), cells(invoice_number="INV-2", customer_id="C-2", locale="de")).invoices) == 2
