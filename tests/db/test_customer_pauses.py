"""The pause of a customer: it holds all of its invoices, also those that come later."""

from collections.abc import Sequence

import pytest

from db.operations.customer_holds import pause_customer, resume_customer
from db.operations.refusal import Refused
from tests.db.book import Book, a_change, on
from tests.db.test_races import race


@pytest.fixture
def invoice_ids(book: Book) -> tuple[int, int, int]:
    """Two invoices of one customer, and one of another."""
    book.invoice("INV-1")
    stranger = book.invoice("INV-2", customer_id="C-2", email="bea@other.example")
    return book.id_of("INV-1"), book.invoice("INV-3"), stranger


def customer_of(book: Book, external_id: str = "C-1") -> int:
    """Return the customer's id."""
    return int(book.one("SELECT id FROM customers WHERE external_id = :number", number=external_id))


def pause_all(book: Book, moment: str, until: str | None = None, event_id: str | None = None) -> Sequence[int]:
    """Pause C-1."""
    customer_id, change = customer_of(book), a_change(moment, event_id=event_id)
    day = None if until is None else on(until)
    paused: Sequence[int] = book.do(lambda session: pause_customer(session, customer_id, day, "merger", change))
    return paused


def resume_all(book: Book, moment: str, event_id: str | None = None) -> Sequence[int]:
    """Resume C-1."""
    customer_id, change = customer_of(book), a_change(moment, event_id=event_id)
    resumed: Sequence[int] = book.do(lambda session: resume_customer(session, customer_id, change))
    return resumed


def test_all_invoices_of_the_customer_are_held_at_once_and_later_ones_too(
    book: Book, invoice_ids: tuple[int, int, int]
) -> None:
    one, two, stranger = invoice_ids

    paused = pause_all(book, "2026-05-05 10:00")
    later = book.invoice("INV-4", moment="2026-05-06 10:00")

    assert paused == [one, two]
    assert [book.stage(each) for each in (one, two, later, stranger)] == ["held", "held", "held", "waiting"]
    assert [book.happened(each)[-1] for each in (one, two)] == ["customer paused"] * 2


def test_a_pause_of_the_invoice_itself_outlasts_that_of_its_customer(
    book: Book, invoice_ids: tuple[int, int, int]
) -> None:
    one, two, _ = invoice_ids
    book.pause(one, "2026-05-05 09:00")
    pause_all(book, "2026-05-05 10:00", until="2026-07-01")

    resumed = resume_all(book, "2026-05-06 10:00")

    assert resumed == [one, two]
    assert [book.stage(each) for each in (one, two)] == ["held", "waiting"]


def test_only_what_is_being_collected_is_settled_and_told(book: Book, invoice_ids: tuple[int, int, int]) -> None:
    one, two, _ = invoice_ids
    book.pay(two, "1000", "2026-05-05 09:00")
    book.reassign(one, None, "2026-05-05 09:00")

    assert pause_all(book, "2026-05-05 10:00", event_id="e1") == []
    assert resume_all(book, "2026-05-05 11:00", event_id="e2") == []
    assert book.happened(one)[-2:] == ["customer paused", "customer resumed"]


def test_what_is_told_twice_counts_once(book: Book, invoice_ids: tuple[int, int, int]) -> None:
    pause_all(book, "2026-05-05 10:00", event_id="e1")
    resume_all(book, "2026-05-05 11:00", event_id="e2")

    assert pause_all(book, "2026-05-05 12:00", event_id="e1") == ()
    assert resume_all(book, "2026-05-05 12:00", event_id="e2") == ()

    assert book.stage(invoice_ids[0]) == "waiting"


def test_a_paused_customer_is_not_paused_again_and_another_is_not_resumed(
    book: Book, invoice_ids: tuple[int, int, int]
) -> None:
    with pytest.raises(Refused, match="the customer is not paused"):
        resume_all(book, "2026-05-05 09:00")
    with pytest.raises(Refused, match="a pause ends after today"):
        pause_all(book, "2026-05-05 09:00", until="2026-05-05")
    pause_all(book, "2026-05-05 10:00", until="2026-05-10")

    with pytest.raises(Refused, match="the customer is paused already, until 2026-05-10; resume it first"):
        pause_all(book, "2026-05-05 11:00")

    # It has run out on its day, and may be paused anew.
    pause_all(book, "2026-05-10 11:00")
    assert book.stage(invoice_ids[0]) == "held"


def test_of_many_who_pause_a_customer_one_wins(book: Book, invoice_ids: tuple[int, int, int]) -> None:
    book.reassign(invoice_ids[0], None, "2026-05-05 09:00")
    book.reassign(invoice_ids[1], None, "2026-05-05 09:00")
    customer_id = customer_of(book)

    raced = race(book, *[lambda s: pause_customer(s, customer_id, None, None, a_change("2026-05-05 10:00"))] * 4)

    assert [one.refusal is None for one in raced].count(True) == 1
