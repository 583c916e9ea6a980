"""Promises to pay: how long they hold contact, and what becomes of them."""

from decimal import Decimal

import pytest

from db.operations.promises import promise
from db.operations.refusal import Refused
from db.operations.settle import settle_many
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice over 1,000 EUR, due Mon 2026-06-01, whose reminder goes out on Thu 06-04."""
    return book.invoice()


def promised(
    book: Book, invoice_id: int, day: str, moment: str = "2026-06-02 10:00", amount: str | None = None
) -> None:
    """Promise."""
    how_much = None if amount is None else Decimal(amount)
    book.do(lambda session: promise(session, invoice_id, on(day), how_much, a_change(moment)))


def outcomes(book: Book, invoice_id: int) -> list[str]:
    """Return what became of the invoice's promises, the oldest first."""
    return book.rows("SELECT outcome FROM promises WHERE invoice_id = :id ORDER BY id", id=invoice_id)


def test_a_promise_holds_until_its_days_of_grace_are_over(book: Book, invoice_id: int) -> None:
    promised(book, invoice_id, "2026-06-12")

    assert book.stage(invoice_id) == "held"
    # Fri 06-12 and two days of grace: Sun 06-14 is the first active day, Mon 06-15 the first for a mail.
    assert book.one("SELECT until_on FROM holds WHERE kind = 'promise'") == on("2026-06-14")
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-15"))


@pytest.mark.parametrize(
    ("paid", "amount", "expected"),
    [
        ([], None, "broken"),
        (["300"], None, "partially kept"),
        (["1000"], None, "kept"),
        (["400"], "400", "kept"),
        (["200", "200"], "400", "kept"),
        (["399.99"], "400", "partially kept"),
    ],
)
def test_what_was_paid_since_decides(
    book: Book, invoice_id: int, paid: list[str], amount: str | None, expected: str
) -> None:
    book.pay(invoice_id, "0.01", "2026-06-01 10:00")
    book.pay(invoice_id, "0.01", "2026-06-01 10:00")
    promised(book, invoice_id, "2026-06-12", amount=amount)

    for part in paid:
        book.pay(invoice_id, "999.98" if part == "1000" else part, "2026-06-08 10:00")
    is_early = outcomes(book, invoice_id) == ["kept"]
    book.settle(invoice_id, "2026-06-13 23:00")
    before = outcomes(book, invoice_id)
    book.settle(invoice_id, "2026-06-14 00:00")

    assert is_early == (expected == "kept")
    assert before == ["kept" if is_early else "open"]
    assert outcomes(book, invoice_id) == [expected]
    assert book.happened(invoice_id).count(f"promise {expected}") == 1


def test_a_promise_is_decided_late_if_nobody_looked_in_time(book: Book, invoice_id: int) -> None:
    promised(book, invoice_id, "2026-06-12")

    book.do(lambda session: settle_many(session, [invoice_id], a_change("2026-08-01 10:00", by="ana")))

    assert outcomes(book, invoice_id) == ["broken"]
    told = "SELECT actor, data FROM timeline WHERE kind = 'promise broken'"
    assert book.one(told) == ("duewell", {"promised_for": "2026-06-12", "paid": "0.00 EUR"})


def test_a_promise_about_an_invoice_under_no_cadence_is_kept_too(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-06-01 10:00")
    promised(book, invoice_id, "2026-06-12")

    book.pay(invoice_id, "1000", "2026-06-08 10:00")

    assert outcomes(book, invoice_id) == ["kept"]


def test_a_new_promise_takes_the_place_of_the_one_that_stands(book: Book, invoice_id: int) -> None:
    promised(book, invoice_id, "2026-06-12")

    promised(book, invoice_id, "2026-06-05", "2026-06-03 10:00")

    assert outcomes(book, invoice_id) == ["replaced", "open"]
    assert book.rows("SELECT until_on FROM holds WHERE ended_at IS NULL") == [on("2026-06-07")]
    assert book.happened(invoice_id)[-2:] == ["promised", "promise replaced"]


def test_a_promise_once_decided_stays_so_when_the_payment_bounces(book: Book, invoice_id: int) -> None:
    promised(book, invoice_id, "2026-06-12")
    book.pay(invoice_id, "1000", "2026-06-08 10:00")

    book.reverse(invoice_id, "1000", "2026-06-16 10:00")

    assert outcomes(book, invoice_id) == ["kept"]


@pytest.mark.parametrize(
    ("day", "amount", "said"),
    [
        ("2026-06-01", None, "a promise is for today"),
        ("2026-06-12", "1000.01", "more than the 1000.00 EUR outstanding"),
        ("2026-06-12", "0", "a promise is more than 0"),
        ("2026-06-12", "0.001", "too exact"),
    ],
)
def test_a_promise_that_makes_no_sense_leaves_no_trace(
    book: Book, invoice_id: int, day: str, amount: str | None, said: str
) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match=said):
        promised(book, invoice_id, day, amount=amount)

    assert (outcomes(book, invoice_id), book.happened(invoice_id)) == ([], before)


def test_nothing_is_promised_of_what_is_void(book: Book, invoice_id: int) -> None:
    book.take(an_invoice(state=InvoiceState.VOID), "2026-05-05 09:00")

    with pytest.raises(Refused, match="it has nothing to collect"):
        promised(book, invoice_id, "2026-06-12")
