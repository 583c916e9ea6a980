"""What payments settle, to the last digit, and what they do to the collection."""

from decimal import Decimal

import pytest

from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.operations.settle import Settled
from dunning.facts import InvoiceState
from tests.db.book import Book, an_invoice, on


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice over 1,000 EUR, due Mon 2026-06-01."""
    return book.invoice()


def test_a_partial_payment_holds_contact_for_three_days_and_skips_nothing(book: Book, invoice_id: int) -> None:
    """EX: 6,000 of 10,000 paid Mon 06-08: the next reminder goes out 06-11 and says 4,000."""
    book.send(invoice_id, "2026-05-29 08:30")
    book.send(invoice_id, "2026-06-04 08:30")

    outstanding = book.pay(invoice_id, "600", "2026-06-08 10:00")

    assert outstanding == 400
    assert book.stage(invoice_id) == "held"
    assert book.one("SELECT until_on FROM holds WHERE kind = 'partial_payment'") == on("2026-06-11")
    assert isinstance(book.claim(invoice_id, "2026-06-10 08:30"), Settled)
    claim = book.hand_over(invoice_id, "2026-06-11 08:30")
    assert b"=E2=82=AC400.00" in book.message_of(claim).mime


def test_a_second_partial_payment_holds_anew(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "100", "2026-06-08 10:00")
    book.pay(invoice_id, "100", "2026-06-10 10:00")

    assert book.rows("SELECT until_on FROM holds WHERE ended_at IS NULL") == [on("2026-06-13")]


def test_without_hold_days_a_partial_payment_holds_nothing(book: Book, invoice_id: int) -> None:
    book.set(partial_payment_hold_days=0)

    book.pay(invoice_id, "100", "2026-06-02 10:00")

    assert book.stage(invoice_id) == "waiting"


def test_a_full_payment_closes_the_collection_and_cancels_its_todos(book: Book, invoice_id: int) -> None:
    for moment in ("2026-05-29 08:30", "2026-06-04 08:30", "2026-06-11 08:30"):
        book.send(invoice_id, moment)
    book.settle(invoice_id, "2026-06-19 08:30")
    assert book.todos(invoice_id)[-1] == ("call", "open")

    assert book.pay(invoice_id, "1000", "2026-06-20 10:00") == 0

    assert book.collections(invoice_id) == [("Standard", "paid")]
    assert book.todos(invoice_id)[-1] == ("call", "canceled")
    assert book.happened(invoice_id)[-3:] == ["paid", "to-do canceled", "collection closed"]
    assert book.claim(invoice_id, "2026-07-01 08:30") is None
    assert book.one("SELECT stage FROM next_actions") == "closed"


def test_what_is_within_the_tolerance_counts_as_paid(book: Book, invoice_id: int) -> None:
    book.set(tolerance=Decimal("0.50"))

    assert book.pay(invoice_id, "999.50", "2026-06-08 10:00") == Decimal("0.50")

    assert book.collections(invoice_id) == [("Standard", "paid")]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1000.01", "is more than the .* outstanding"),
        ("1E+30", "is more than the .* outstanding"),
        ("0", "more than 0"),
        ("-1", "more than 0"),
        ("NaN", "more than 0"),
        ("Infinity", "more than 0"),
        ("0.001", "too exact: EUR has 2 decimals"),
        ("0.00001", "too exact: EUR has 2 decimals"),
        ("99.99999999999999999999999999999999", "too exact: EUR has 2 decimals"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_and_leaves_no_trace(
    book: Book, invoice_id: int, amount: str, said: str
) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match=said):
        book.pay(invoice_id, amount, "2026-06-08 10:00")

    assert book.rows("SELECT id FROM payments") == []
    assert (book.amounts(invoice_id)[1], book.happened(invoice_id)) == (Decimal(0), before)


def test_more_than_the_rest_is_refused(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "999.99", "2026-06-08 10:00")

    with pytest.raises(Refused, match=r"0\.02 is more than the .* outstanding"):
        book.pay(invoice_id, "0.02", "2026-06-08 10:00")
    assert book.pay(invoice_id, "0.01", "2026-06-08 10:00") == 0
    with pytest.raises(Refused, match=r"0\.01 is more than the .* outstanding"):
        book.pay(invoice_id, "0.01", "2026-06-08 10:00")


@pytest.mark.parametrize(
    ("currency", "total", "parts"),
    [
        ("EUR", "0.30", ["0.10", "0.10", "0.10"]),
        ("TND", "1.000", ["0.333", "0.333", "0.334"]),
        ("JPY", "100", ["33", "33", "34"]),
        ("KWD", "999999999999.999", ["0.001", "999999999999.998"]),
        ("EUR", "1.10", ["1.1"]),
        ("EUR", "5.00", ["5E+0"]),
    ],
)
def test_money_is_exact_in_every_currency(book: Book, currency: str, total: str, parts: list[str]) -> None:
    invoice_id = book.invoice("INV-9", currency=currency, total=Decimal(total))
    left = Decimal(total)

    for part in parts:
        left -= Decimal(part)
        assert book.pay(invoice_id, part, "2026-06-08 10:00") == left

    assert book.amounts(invoice_id) == (Decimal(total), Decimal(total), Decimal(0))
    assert book.collections(invoice_id) == [("Standard", "paid")]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "0.5"), ("TND", "0.0005"), ("USD", "0.005")])
def test_no_payment_is_more_exact_than_its_currency(book: Book, currency: str, amount: str) -> None:
    invoice_id = book.invoice("INV-9", currency=currency, total=Decimal(100))

    with pytest.raises(Refused, match="too exact"):
        book.pay(invoice_id, amount, "2026-06-08 10:00")


def test_a_payment_that_is_told_twice_counts_once(book: Book, invoice_id: int) -> None:
    assert book.pay(invoice_id, "400", "2026-06-08 10:00", event_id="e1") == 600
    assert book.pay(invoice_id, "400", "2026-06-08 10:00", event_id="e1") == 600
    assert book.pay(invoice_id, "400", "2026-06-08 10:00", event_id="e2") == 200

    assert book.one("SELECT count(*) FROM payments") == 2


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.WRITTEN_OFF, InvoiceState.DRAFT])
def test_only_an_open_invoice_is_paid(book: Book, invoice_id: int, state: InvoiceState) -> None:
    book.take(an_invoice(state=state), "2026-05-05 09:00")

    with pytest.raises(Refused, match=f"it is {state.value.replace('_', ' ')}; a payment needs an open invoice"):
        book.pay(invoice_id, "1", "2026-06-08 10:00")


def test_a_payment_before_the_send_takes_the_message_back(book: Book, invoice_id: int) -> None:
    assert isinstance(book.claim(invoice_id, "2026-05-29 08:30"), Claim)

    book.pay(invoice_id, "1000", "2026-05-29 08:31")

    assert book.claim(invoice_id, "2026-05-29 08:32") is None


def test_an_invoice_without_a_cadence_can_be_paid(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-05-05 09:00")

    assert book.pay(invoice_id, "1000", "2026-05-06 09:00") == 0
    assert book.collections(invoice_id) == [("Standard", "stopped")]
