"""Payments that are taken back: which ones, to the last cent, and what that reopens."""

from decimal import Decimal
from typing import Any

import pytest

from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.operations.settle import Settled
from db.operations.settlement.payments import resettle
from tests.db.book import Book, an_invoice, on


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice over 1,000 EUR, due Mon 2026-06-01, reminded twice."""
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    book.send(invoice_id, "2026-06-04 08:30")
    return invoice_id


def payments(book: Book) -> list[tuple[str, str, bool]]:
    """Return the payments as amount, what of it is allocated, and whether it was reversed, the oldest first."""
    rows = book.rows(
        "SELECT p.amount, coalesce(sum(a.amount), 0), p.reversed_on IS NOT NULL FROM payments p"
        " LEFT JOIN payment_allocations a ON a.payment_id = p.id GROUP BY p.id ORDER BY p.id"
    )
    return [(f"{amount:.2f}", f"{allocated:.2f}", reversed_) for amount, allocated, reversed_ in rows]


def test_a_reversal_reopens_the_same_cycle_and_holds_for_some_days(book: Book, invoice_id: int) -> None:
    """EX of rule 3.12: paid in full on 06-08, reversed on Tue 06-16: the next mail goes out on Fri 06-19."""
    book.pay(invoice_id, "1000", "2026-06-08 10:00")
    assert book.claim(invoice_id, "2026-06-12 08:30") is None

    outstanding = book.reverse(invoice_id, "1000", "2026-06-16 10:00")

    assert outstanding == 1000
    assert book.collections(invoice_id) == [("Standard", "active")]
    assert (book.stage(invoice_id), book.next_step(invoice_id)) == (
        "held",
        ("second-reminder", on("2026-06-19")),
    )
    assert isinstance(book.claim(invoice_id, "2026-06-18 08:30"), Settled)
    assert isinstance(book.claim(invoice_id, "2026-06-19 08:30"), Claim)
    assert book.happened(invoice_id).count("collection reopened") == 1


def test_a_reversal_of_a_part_while_money_is_open_holds_nothing(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "400", "2026-06-04 10:00")

    book.reverse(invoice_id, "100", "2026-06-09 10:00")

    assert book.amounts(invoice_id)[2] == 700
    assert book.rows("SELECT kind FROM holds WHERE kind = 'reversal'") == []


def test_the_newest_payments_are_taken_back_first_and_the_last_of_them_is_split(
    book: Book, invoice_id: int
) -> None:
    for amount, day in (("300", "2026-06-05"), ("200", "2026-06-08"), ("500", "2026-06-09")):
        book.pay(invoice_id, amount, f"{day} 10:00")

    book.reverse(invoice_id, "600.01", "2026-06-16 10:00")

    assert payments(book) == [
        ("300.00", "300.00", False),
        ("99.99", "99.99", False),
        ("500.00", "500.00", True),
        ("100.01", "100.01", True),
    ]
    assert book.amounts(invoice_id)[1] == Decimal("399.99")


def test_a_payment_that_settles_other_invoices_too_keeps_settling_them(book: Book, invoice_id: int) -> None:
    other = book.invoice("INV-2")
    book.pay(invoice_id, "400", "2026-06-08 10:00")
    book.run("UPDATE payments SET amount = 1000")
    book.run("INSERT INTO payment_allocations (payment_id, invoice_id, amount) VALUES (1, :id, 500)", id=other)
    book.do(lambda session: resettle(session, other))

    book.reverse(invoice_id, "400", "2026-06-16 10:00")

    assert [book.amounts(each)[1] for each in (invoice_id, other)] == [0, 500]
    # The 100 that nobody allocated stay with the customer.
    assert payments(book) == [("600.00", "500.00", False), ("400.00", "400.00", True)]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("400.01", "400.01 is more than the 400.00 EUR that was paid"),
        ("0", "a reversal is more than 0"),
        ("-1", "a reversal is more than 0"),
        ("NaN", "a reversal is more than 0"),
        ("0.001", "too exact: EUR has 2 decimals"),
    ],
)
def test_a_reversal_that_makes_no_sense_leaves_no_trace(
    book: Book, invoice_id: int, amount: str, said: str
) -> None:
    book.pay(invoice_id, "400", "2026-06-08 10:00")
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match=said):
        book.reverse(invoice_id, amount, "2026-06-09 10:00")

    assert book.amounts(invoice_id)[1] == 400
    assert book.happened(invoice_id) == before


def test_what_a_credit_note_settles_is_no_payment(book: Book, invoice_id: int) -> None:
    book.run(
        "INSERT INTO credit_notes (external_id, number, customer_id, currency, total, issued_on)"
        " SELECT 'CN-1', 'CN-1', customer_id, 'EUR', 100, '2026-06-05' FROM invoices"
    )
    book.run(
        "INSERT INTO credit_allocations (credit_note_id, invoice_id, amount) VALUES (1, :id, 100)", id=invoice_id
    )
    book.pay(invoice_id, "50", "2026-06-08 10:00")

    with pytest.raises(Refused, match=r"more than the 50\.00 EUR that was paid"):
        book.reverse(invoice_id, "50.01", "2026-06-09 10:00")


def test_an_invoice_that_came_paid_is_followed_up_once_its_payment_bounces(book: Book) -> None:
    invoice_id = book.invoice("INV-2", paid=Decimal(1000))

    book.reverse(invoice_id, "1000", "2026-06-16 10:00")

    assert book.collections(invoice_id) == [("Standard", "active")]
    assert book.stage(invoice_id) == "held"


def test_what_nobody_follows_up_is_not_reopened(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-06-05 10:00")
    book.pay(invoice_id, "1000", "2026-06-08 10:00")

    book.reverse(invoice_id, "1000", "2026-06-16 10:00")

    assert book.collections(invoice_id) == [("Standard", "stopped")]
    assert book.rows("SELECT kind FROM holds WHERE kind = 'reversal'") == []


def stated(book: Book, paid: str, moment: str = "2026-06-20 10:00", **changed: Any) -> Any:
    """Let the accounts state INV-1 with what is paid."""
    return book.take(an_invoice(paid=Decimal(paid), **changed), moment)


def test_an_imported_payment_that_was_reversed_is_not_booked_again(book: Book, invoice_id: int) -> None:
    stated(book, "400", "2026-06-05 10:00")
    book.reverse(invoice_id, "400", "2026-06-16 10:00")

    assert stated(book, "400") == "unchanged"
    assert book.amounts(invoice_id)[1] == 0
    # The accounts have noticed too, and then the customer pays after all.
    stated(book, "0", "2026-06-21 10:00")
    assert book.amounts(invoice_id)[1] == 0
    stated(book, "1000", "2026-06-22 10:00")
    assert book.amounts(invoice_id)[1] == 1000


def test_what_the_accounts_state_beyond_a_reversed_payment_is_booked(book: Book, invoice_id: int) -> None:
    stated(book, "400", "2026-06-05 10:00")
    book.reverse(invoice_id, "300", "2026-06-16 10:00")

    stated(book, "500")

    assert book.amounts(invoice_id)[1] == 200
