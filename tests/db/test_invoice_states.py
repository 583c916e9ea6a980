"""Invoices that are hidden, written off or void, and the way back."""

import pytest

from db.operations.invoice_states import set_hidden
from db.operations.refusal import Refused
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on

ENDS = [(InvoiceState.VOID, "void", "voided"), (InvoiceState.WRITTEN_OFF, "written off", "written off")]


@pytest.fixture
def called_upon(book: Book) -> int:
    """An invoice whose to-do, a call, stands open since Fri 2026-06-19."""
    invoice_id = book.invoice()
    for moment in ("2026-05-29 08:30", "2026-06-04 08:30", "2026-06-11 08:30"):
        book.send(invoice_id, moment)
    book.settle(invoice_id, "2026-06-19 08:30")
    return invoice_id


@pytest.mark.parametrize(("state", "said", "noted"), ENDS)
def test_what_ends_an_invoice_closes_its_collection_and_can_be_taken_back(
    book: Book, called_upon: int, state: InvoiceState, said: str, noted: str
) -> None:
    assert book.end(called_upon, state, "2026-06-20 10:00")
    assert book.collections(called_upon) == [("Standard", said)]
    assert book.todos(called_upon)[-1] == ("call", "canceled")
    assert noted in book.happened(called_upon)

    book.reinstate(called_upon, "2026-06-22 10:00")

    assert book.collections(called_upon) == [("Standard", "active")]
    assert book.todos(called_upon)[-1] == ("call", "open")
    assert book.one("SELECT cycle FROM collections") == 1


@pytest.mark.parametrize(("state", "said", "noted"), ENDS)
def test_a_second_time_changes_nothing(
    book: Book, called_upon: int, state: InvoiceState, said: str, noted: str
) -> None:
    book.end(called_upon, state, "2026-06-20 10:00")
    before = book.happened(called_upon)

    assert not book.end(called_upon, state, "2026-06-20 11:00")

    assert (book.happened(called_upon), said, noted) == (before, said, noted)


def test_a_void_invoice_is_not_written_off_and_one_in_force_is_not_reinstated(
    book: Book, called_upon: int
) -> None:
    with pytest.raises(Refused, match="it is neither void nor written off"):
        book.reinstate(called_upon, "2026-06-20 10:00")
    book.end(called_upon, InvoiceState.VOID, "2026-06-20 10:00")

    with pytest.raises(Refused, match="it is void; reinstate it first"):
        book.end(called_upon, InvoiceState.WRITTEN_OFF, "2026-06-20 11:00")


def test_there_is_nothing_to_write_off_of_a_paid_invoice(book: Book, called_upon: int) -> None:
    book.pay(called_upon, "1000", "2026-06-20 10:00")

    with pytest.raises(Refused, match="it is paid, there is nothing to write off"):
        book.end(called_upon, InvoiceState.WRITTEN_OFF, "2026-06-20 11:00")


def test_what_nobody_followed_up_is_not_followed_up_once_it_is_reinstated(book: Book, called_upon: int) -> None:
    book.reassign(called_upon, None, "2026-06-20 09:00")
    book.end(called_upon, InvoiceState.VOID, "2026-06-20 10:00")

    book.reinstate(called_upon, "2026-06-22 10:00")

    assert book.collections(called_upon) == [("Standard", "stopped")]


def test_an_invoice_that_came_void_gets_the_default_cadence_once_it_is_reinstated(book: Book) -> None:
    book.take(an_invoice(state=InvoiceState.VOID))

    book.reinstate(book.id_of(), "2026-05-05 10:00")

    assert book.collections(book.id_of()) == [("Standard", "active")]


def test_nothing_is_written_about_a_hidden_invoice_until_it_is_shown(book: Book) -> None:
    invoice_id = book.invoice()

    assert book.do(lambda session: set_hidden(session, invoice_id, True, a_change("2026-05-28 10:00")))
    assert not book.do(lambda session: set_hidden(session, invoice_id, True, a_change("2026-05-28 11:00")))
    assert (book.stage(invoice_id), book.next_step(invoice_id)[1]) == ("held", None)

    assert book.do(lambda session: set_hidden(session, invoice_id, False, a_change("2026-05-28 12:00")))
    assert (book.stage(invoice_id), book.next_step(invoice_id)) == ("waiting", ("upcoming", on("2026-05-29")))
    assert book.happened(invoice_id)[-2:] == ["hidden", "shown"]
