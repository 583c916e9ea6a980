"""Money that moves at the same moment, in real threads and real transactions."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from db.engine import Session
from db.operations.arrival.invoices import take_invoice
from db.operations.settlement.settlements import allocate_payment, reverse_payment, take_payment, take_payments
from db.queries.settled import mistaken_page
from tests.db.book import Book, a_change, an_invoice
from tests.db.test_races import paying, race
from tests.db.test_settlements import MOMENT, TODAY, a_payment, take, to

NUMBERS = ("INV-1", "INV-2", "INV-3", "INV-4")


def taking(name: str, numbers: Sequence[str], amount: str = "400") -> Callable[[Session], Any]:
    """Take a payment in that goes to these invoices, 100 to each, and be slow about it."""
    stated = a_payment(*(to(number, "100") for number in numbers), amount=amount, external_id=name)

    def work(session: Session) -> Any:
        taken = take_payment(session, stated, a_change(MOMENT), "api")
        session.execute(text("SELECT pg_sleep(0.02)"))
        return taken

    return work


def test_payments_of_the_same_invoices_in_any_order_end_in_no_deadlock(book: Book) -> None:
    ids = [book.invoice(number) for number in NUMBERS]

    def stating(session: Session) -> None:
        for number in NUMBERS:
            take_invoice(session, an_invoice(number, po_number="PO-1"), a_change(MOMENT, by="import"))

    def importing(session: Session) -> None:
        stated = a_payment(to("INV-4"), to("INV-1"), external_id="P-4", amount="10")
        take_payments(session, [stated], a_change(MOMENT))

    taken = [taking("P-1", NUMBERS), taking("P-2", NUMBERS[::-1]), taking("P-3", NUMBERS[::2])]
    raced = race(book, *taken, importing, stating, *[paying(id_, "50") for id_ in ids[::-1]])

    assert [one.refusal for one in raced] == [None] * len(raced)
    assert sum(book.amounts(id_)[1] for id_ in ids) == 400 + 400 + 200 + 10 + 4 * 50
    assert book.do(lambda session: mistaken_page(session, 0, 100))[0] == []


def test_one_payment_stated_by_many_at_once_is_one(book: Book) -> None:
    book.invoice()

    raced = race(book, *[taking("P-1", ["INV-1"])] * 5)

    assert sorted(one.result.outcome for one in raced) == ["created", *["unchanged"] * 4]
    assert book.one("SELECT count(*) FROM payments") == 1


def test_what_is_left_of_a_payment_is_allocated_once(book: Book) -> None:
    ids = [book.invoice(number) for number in NUMBERS]
    payment_id = take(book, a_payment(amount="1500")).id

    def allocating(number: str) -> Callable[[Session], Any]:
        return lambda session: allocate_payment(session, payment_id, [to(number)], a_change(MOMENT))

    def reversing(session: Session) -> Any:
        return reverse_payment(session, payment_id, TODAY, a_change(MOMENT))

    race(book, *[allocating(number) for number in NUMBERS])
    assert sum(book.amounts(id_)[1] for id_ in ids) == 1500

    race(book, reversing, *[allocating(number) for number in NUMBERS], *[paying(id_, "1") for id_ in ids])
    assert book.do(lambda session: mistaken_page(session, 0, 100))[0] == []
    assert sum(book.amounts(id_)[1] for id_ in ids) in (3, 4)
