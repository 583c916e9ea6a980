"""The sample book has all it promises, on whatever day it is made."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.files.reading import read_file
from intake.files.rows import InvoiceRow
from intake.sample_book import sample_book
from tests.intake.invoice_files import COLUMNS

TODAY = date(2026, 11, 22)


def book(today: date = TODAY, invoices: int = 200, customers: int = 40, seed: int = 1) -> tuple[InvoiceRow, ...]:
    """Return the rows of a sample book, which must be without problems."""
    reading = read_file(sample_book(today, invoices=invoices, customers=customers, seed=seed).encode())
    assert reading.problems == ()
    assert reading.notes == ()
    return reading.invoices


def days_overdue(row: InvoiceRow, today: date = TODAY) -> int:
    """Return how many days after its due date the invoice is today."""
    assert row.due_on is not None
    return (today - row.due_on).days


def test_the_sample_book_is_the_same_for_the_same_day_and_seed() -> None:
    assert sample_book(TODAY) == sample_book(TODAY)
    assert sample_book(TODAY) != sample_book(TODAY, seed=2)
    assert sample_book(TODAY) != sample_book(TODAY + timedelta(days=1))


def test_the_sample_book_is_in_the_canonical_columns() -> None:
    assert set(sample_book(TODAY).splitlines()[0].split(",")) == set(COLUMNS)


def test_the_sample_book_has_the_invoices_and_customers_asked_for() -> None:
    rows = book(invoices=200, customers=40)

    assert [row.invoice_number for row in rows] == [f"INV-{n:04}" for n in range(1, 201)]
    assert {row.customer.customer_id for row in rows} == {f"C-{n:03}" for n in range(1, 41)}


@given(
    st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(20, 80), st.integers(8, 19), st.integers(0, 2**32)
)
@settings(max_examples=40, deadline=None)
def test_every_sample_book_has_each_kind_of_invoice(today: date, invoices: int, customers: int, seed: int) -> None:
    rows = book(today, invoices, customers, seed)
    unpaid = [row for row in rows if row.state == "open"]

    assert any(row.paid == 0 and days_overdue(row, today) < 0 for row in unpaid)
    assert any(row.paid == 0 and days_overdue(row, today) == 0 for row in unpaid)
    assert any(row.paid == 0 and days_overdue(row, today) > 0 for row in unpaid)
    assert any(0 < row.paid < row.total for row in unpaid)
    assert any(row.state == "paid" for row in rows)
    assert any(row.state == "disputed" for row in rows)
    assert all(row.issued_on <= today and -45 <= days_overdue(row, today) <= 90 for row in rows)
    assert {row.currency for row in rows} == {"EUR", "USD", "GBP", "CHF", "JPY"}
    assert {row.customer.locale for row in rows} == {"en", "fr", "de", "es"}


def test_due_dates_are_spread_on_both_sides() -> None:
    overdue = {days_overdue(row) for row in book() if row.state == "open"}

    assert min(overdue) <= -40
    assert max(overdue) >= 80
    assert len(overdue) > 60


def test_one_customer_cannot_be_written_to() -> None:
    addresses = defaultdict(set)
    for row in book():
        addresses[row.customer.customer_id].add(row.contact and row.contact.email)
    (silent,) = [customer for customer, known in addresses.items() if known == {None}]

    unpaid = [
        row for row in book() if row.customer.customer_id == silent and row.state == "open" and row.paid == 0
    ]

    assert len(unpaid) >= 2
    assert any(days_overdue(row) > 0 for row in unpaid)
    assert any(days_overdue(row) <= 0 for row in unpaid)


def test_a_sample_address_belongs_to_nobody() -> None:
    assert all(
        row.contact is None or row.contact.email is None or row.contact.email.endswith(".example")
        for row in book()
    )


def test_most_of_the_sample_book_is_in_euros() -> None:
    currencies = Counter(row.currency for row in book())

    assert currencies["EUR"] > sum(currencies.values()) / 2


def test_sample_customers_have_names_of_their_own_some_not_ascii() -> None:
    names = {row.customer.customer_id: row.customer.name for row in book(invoices=301, customers=300)}

    assert len(set(names.values())) == 300
    assert any(not name.isascii() for name in names.values())


def test_sample_payment_terms_are_the_usual_ones() -> None:
    rows = book()

    assert {row.customer.payment_term_days for row in rows} == {14, 30, 45}
    assert all(row.due_on == row.issued_on + timedelta(days=row.customer.payment_term_days or 0) for row in rows)


@pytest.mark.parametrize(("invoices", "customers"), [(19, 8), (40, 7), (30, 30)])
def test_a_book_too_small_for_its_promises_is_refused(invoices: int, customers: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        sample_book(TODAY, invoices=invoices, customers=customers)
