"""Due dates that move: by hand and by the accounts, a little and far enough for a new cycle."""

from collections.abc import Callable

import pytest

from db.operations.due_dates import change_due_date
from db.operations.refusal import Refused
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on

Move = Callable[[Book, int, str, str], None]


def by_hand(book: Book, invoice_id: int, day: str, moment: str) -> None:
    """Let a person change the due date."""
    book.do(lambda session: change_due_date(session, invoice_id, on(day), a_change(moment)))


def by_the_accounts(book: Book, invoice_id: int, day: str, moment: str) -> None:
    """Let the accounts state another due date."""
    book.take(an_invoice(due_on=on(day)), moment)


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01, announced on Fri 05-29."""
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    return invoice_id


@pytest.mark.parametrize("move", [by_hand, by_the_accounts])
def test_a_due_date_a_little_later_moves_what_is_pending(book: Book, invoice_id: int, move: Move) -> None:
    move(book, invoice_id, "2026-06-04", "2026-06-02 10:00")

    assert book.statuses(invoice_id) == {"upcoming": "done"}
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-08"))
    assert book.collections(invoice_id) == [("Standard", "active")]


@pytest.mark.parametrize("move", [by_hand, by_the_accounts])
def test_a_due_date_far_later_begins_a_new_cycle(book: Book, invoice_id: int, move: Move) -> None:
    move(book, invoice_id, "2026-06-30", "2026-06-02 10:00")

    assert book.collections(invoice_id) == [("Standard", "restarted"), ("Standard", "active")]
    assert book.one("SELECT cycle FROM collections WHERE closed_at IS NULL") == 2
    assert book.statuses(invoice_id) == {}
    assert book.last_contact(invoice_id) == on("2026-05-29")
    # Due −3 is Sat 06-27; the Monday after is not past the due date.
    assert book.next_step(invoice_id) == ("upcoming", on("2026-06-29"))
    assert book.happened(invoice_id)[-2:] == ["collection closed", "cycle begun"]


@pytest.mark.parametrize("move", [by_hand, by_the_accounts])
def test_a_due_date_that_is_past_already_begins_no_cycle(book: Book, invoice_id: int, move: Move) -> None:
    move(book, invoice_id, "2026-06-15", "2026-06-16 10:00")

    assert [state for _, state in book.collections(invoice_id)] == ["active"]


def test_the_todos_of_the_old_cycle_are_canceled(book: Book, invoice_id: int) -> None:
    book.send(invoice_id, "2026-06-04 08:30")
    book.send(invoice_id, "2026-06-11 08:30")
    book.settle(invoice_id, "2026-06-19 08:30")
    assert book.todos(invoice_id)[-1] == ("call", "open")

    by_hand(book, invoice_id, "2026-07-31", "2026-06-20 10:00")

    assert book.todos(invoice_id)[-1] == ("call", "canceled")
    canceled = "SELECT data ->> 'because' FROM timeline WHERE kind = 'to-do canceled'"
    assert book.one(canceled) == "new cycle"


@pytest.mark.parametrize(
    ("day", "said"),
    [("2026-05-01", "it was issued on 2026-05-02"), ("2026-06-01", "it is due on 2026-06-01 already")],
)
def test_a_due_date_that_makes_no_sense_leaves_no_trace(book: Book, invoice_id: int, day: str, said: str) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match=said):
        by_hand(book, invoice_id, day, "2026-06-02 10:00")

    assert book.happened(invoice_id) == before


def test_what_people_changed_stays_until_the_accounts_state_something_new(book: Book, invoice_id: int) -> None:
    by_hand(book, invoice_id, "2026-06-04", "2026-06-02 10:00")

    assert book.take(an_invoice(), "2026-06-03 10:00") == "unchanged"
    assert book.one("SELECT due_on FROM invoices") == on("2026-06-04")
    book.take(an_invoice(due_on=on("2026-06-03")), "2026-06-03 11:00")
    assert book.one("SELECT due_on FROM invoices") == on("2026-06-03")


def test_a_write_off_stays_until_the_accounts_state_something_new(book: Book, invoice_id: int) -> None:
    book.end(invoice_id, InvoiceState.WRITTEN_OFF, "2026-06-02 10:00")

    book.take(an_invoice(po_number="PO-1"), "2026-06-03 10:00")

    assert book.collections(invoice_id) == [("Standard", "written off")]


def test_the_due_date_that_the_payment_term_gives_is_the_one_that_moves(book: Book) -> None:
    invoice_id = book.invoice("INV-2", due_on=None, payment_term_days=30, customer_id="C-2", email="b@b.example")
    assert book.next_step(invoice_id)[0] == "upcoming"

    with pytest.raises(Refused, match="it is due on 2026-06-01 already"):
        by_hand(book, invoice_id, "2026-06-01", "2026-05-05 10:00")
    by_hand(book, invoice_id, "2026-06-08", "2026-05-05 10:00")

    assert [state for _, state in book.collections(invoice_id)] == ["restarted", "active"]
