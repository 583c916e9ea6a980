"""`duewell address`: a dead address is shown with its reason, and mended for all that waits for it."""

import pytest

from db.engine import Engine
from tests.console.conftest import RunHere
from tests.db.book import Book
from tests.db.inbox import ANA, bounced

NEW = "ana.lima@helios.example"
SENT = "2026-05-29 08:30"


@pytest.fixture
def book(engine: Engine) -> Book:
    """A ledger with INV-1 of C-1, whose reminder came back."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    invoice_id = book.invoice()
    book.send(invoice_id, SENT)
    bounced(book, invoice_id, "2026-05-29 08:31")
    return book


def test_a_dead_address_is_shown_with_its_reason_and_replaced(book: Book, here: RunHere) -> None:
    assert "the address does not exist" in " ".join(here("address", "list", "C-1").out.split())

    order = here("address", "mend", "C-1", ANA, "--to", NEW, "--reason", "by phone")

    assert order.code == 0
    assert f"C-1: {NEW} is written to instead of {ANA}; 1 invoice is being followed up." in " ".join(
        order.out.split()
    )
    lines = here("address", "list", "C-1", "--json").data
    assert [(line["email"], line["role"], line["is_main"]) for line in lines] == [
        (NEW, "main", True),
        (ANA, "former", False),
    ]
    # Nothing says any more that the reminder cannot be sent; due before its due date, it has expired by now.
    assert book.rows("SELECT state FROM actions WHERE state = 'open' AND obstacle LIKE '%does not exist%'") == []


def test_an_address_stays_in_one_piece_for_whoever_copies_it(book: Book, here: RunHere) -> None:
    long = "anneliese.von-der-tann@nordlicht-solartechnik.example"
    here("address", "mend", "C-1", ANA, "--to", long)

    assert long in here("address", "list", "C-1").out


def test_an_address_is_good_again(book: Book, here: RunHere) -> None:
    told = here("address", "mend", "C-1", ANA, "--json").data

    assert (told["customer"], told["changed"], told["invoices"]) == ("C-1", True, 1)
    assert told["done"] == f"{ANA} is written to again"
    here("address", "mend", "C-1", ANA).failed(2, f"{ANA} is written to already")


def test_what_is_asked_wrongly_is_said_in_one_line(book: Book, here: RunHere) -> None:
    here("address", "list", "C-9").failed(2, "no customer 'C-9'")
    here("address", "mend", "C-9", ANA).failed(2, "no customer 'C-9'")
    here("address", "mend", "C-1", "cy@helios.example").failed(2, "no address of the customer")
    here("address", "mend", "C-1", ANA, "--to", "ana lima").failed(2, "'ana lima' is")
