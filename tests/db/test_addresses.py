"""A dead or complaining address is good again once a person says so, and what waited for it goes out."""

from typing import Any

import pytest

from db.operations.change import Change
from db.operations.messages.addresses import mend_address
from db.operations.refusal import Refused
from db.queries.customers import contact_lines, customer_id_of
from tests.db.book import Book, a_change, an_invoice, at
from tests.db.inbox import ANA, an_incoming, bounced, message_id, taken

NEW = "ana.lima@helios.example"
SENT, AFTERWARDS = "2026-05-29 08:30", "2026-05-29 10:00"


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01 whose first mail went out Fri 05-29 at 08:30."""
    invoice_id = book.invoice()
    book.send(invoice_id, SENT)
    return invoice_id


def mend(book: Book, email: str = ANA, to: str | None = None, change: Change | None = None) -> list[int]:
    """Let Bo mend the address of C-1 by the word of somebody on the phone."""
    change = change or a_change(AFTERWARDS, by="bo", event_id=f"mend {email} {to}")

    def work(session: Any) -> list[int]:
        customer_id = customer_id_of(session, "C-1")
        assert customer_id is not None
        return list(mend_address(session, customer_id, email, to, "by phone", change))

    found: list[int] = book.do(work)
    return found


def addresses(book: Book) -> list[tuple[str | None, str, bool, str | None]]:
    """Return the addresses of C-1: each with its role, whether it is the main one, and why nobody writes to it."""
    lines = book.do(lambda session: contact_lines(session, customer_id_of(session, "C-1") or 0))
    return [(line.email, line.role, line.is_main, line.unreachable_because) for line in lines]


def test_an_address_that_is_good_again_lets_out_what_waited_for_it(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31")

    assert mend(book, ANA.upper()) == [invoice_id]

    assert addresses(book) == [(ANA, "main", True, None)]
    claim = book.send(invoice_id, AFTERWARDS)
    assert book.message_of(claim).recipients == (ANA,)
    noted = book.rows("SELECT actor || data::text FROM timeline WHERE kind = 'address mended'")
    assert noted == [f'bo{{"reason": "by phone", "address": "{ANA.upper()}"}}']


def test_the_accounts_do_not_bring_back_an_address_that_was_replaced(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31")

    mend(book, to=NEW)
    book.take(an_invoice("INV-1", po_number="PO-9"), "2026-05-29 11:00")

    assert addresses(book) == [(NEW, "main", True, None), (ANA, "former", False, f"{NEW} took its place")]
    claim = book.send(invoice_id, "2026-05-29 11:01")
    assert book.message_of(claim).recipients == (NEW,)

    book.take(an_invoice("INV-1", email="third@helios.example"), "2026-05-30 09:00")
    assert addresses(book)[0] == ("third@helios.example", "main", True, None)


def test_going_back_to_the_address_before_undoes_it(book: Book, invoice_id: int) -> None:
    mend(book, to=NEW)

    with pytest.raises(Refused, match=f"{NEW} took its place; to go back, mend that one --to {ANA}"):
        mend(book)
    mend(book, NEW, to=ANA)

    assert addresses(book) == [(ANA, "main", True, None), (NEW, "former", False, f"{ANA} took its place")]


def test_who_complained_may_be_written_to_again(book: Book, invoice_id: int) -> None:
    taken(book, an_incoming("complaint", message_id(book, invoice_id), AFTERWARDS), AFTERWARDS)
    assert addresses(book)[0][3] == f"{ANA}: asked not to be written to"

    mend(book)

    assert addresses(book)[0][3] is None


def test_the_same_order_twice_counts_once(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31")
    order = Change(at(AFTERWARDS), at(AFTERWARDS).date(), "bo", "one-order")

    assert (mend(book, to=NEW, change=order), mend(book, to=NEW, change=order)) == ([invoice_id], [])


def test_what_is_no_address_or_needs_no_mending_is_refused(book: Book, invoice_id: int) -> None:
    book.take(an_invoice("INV-2", email="bea@helios.example", contact_role="billing"), SENT)

    with pytest.raises(Refused, match=r"cy@helios\.example is no address of the customer"):
        mend(book, "cy@helios.example")
    with pytest.raises(Refused, match=f"{ANA} is written to already"):
        mend(book)
    with pytest.raises(Refused, match=r"bea@helios\.example is an address of the customer already"):
        mend(book, to="bea@helios.example")

    assert [reason for _, _, _, reason in addresses(book)] == [None, None]
