"""Two who act at the same moment, in real threads and real transactions."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier
from time import sleep
from typing import Any

from sqlalchemy import text

from db.engine import Session, transaction
from db.operations.arrival.invoices import take_invoice
from db.operations.assignment import reassign
from db.operations.messages.sending import Claim, claim_step
from db.operations.refusal import Refused
from db.operations.settlement.payments import pay
from db.operations.todos import complete_action
from tests.db.book import Book, a_change, an_invoice
from tests.dunning.builders import reminders

SEND_TIME = "2026-05-29 08:30"
ROUNDS = 40


class Raced:
    """What came of a transaction: its result or its refusal, and when its work was done, before the commit."""

    def __init__(self, book: Book, work: Callable[[Session], Any], barrier: Barrier, delay_seconds: float) -> None:
        self.result: Any = None
        self.refusal: Refused | None = None
        self.done_at: datetime | None = None
        barrier.wait()
        sleep(delay_seconds)
        try:
            with transaction(book.engine) as session:
                self.result = work(session)
                # The database's clock is the same for both.
                self.done_at = session.scalar(text("SELECT clock_timestamp()"))
        except Refused as refusal:
            self.refusal = refusal


def race(book: Book, *works: Callable[[Session], Any], delays_seconds: Sequence[float] = ()) -> list[Raced]:
    """Let all of them begin at one moment, or with a delay, each in a thread and a transaction of its own."""
    barrier = Barrier(len(works))
    delays = [*delays_seconds, *[0.0] * (len(works) - len(delays_seconds))]
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(lambda work, delay: Raced(book, work, barrier, delay), works, delays))


def claiming(invoice_id: int) -> Callable[[Session], Any]:
    """Claim what is due."""
    return lambda session: claim_step(session, invoice_id, a_change(SEND_TIME, by="duewell"))


def paying(invoice_id: int, amount: str = "1000", event_id: str | None = None) -> Callable[[Session], Any]:
    """Pay."""
    change = a_change(SEND_TIME, event_id=event_id)
    return lambda session: pay(session, invoice_id, Decimal(amount), change)


def test_no_claim_is_granted_after_a_payment_was_committed(book: Book) -> None:
    granted = 0
    for number in range(ROUNDS):
        invoice_id = book.invoice(f"INV-{number}")
        delays = (number // 2 / 1000, 0) if number % 2 else (0, number // 2 / 1000)

        claimed, paid = race(book, claiming(invoice_id), paying(invoice_id), delays_seconds=delays)

        assert paid.result == 0
        assert claimed.done_at is not None
        assert paid.done_at is not None
        if isinstance(claimed.result, Claim):
            granted += 1
            # Both hold the invoice's lock until they have committed, so the payment cannot have been there before.
            assert claimed.done_at < paid.done_at
        else:
            assert claimed.result is None
            assert book.messages(invoice_id) == []
        assert book.claim(invoice_id, SEND_TIME) is None
        assert book.collections(invoice_id) == [("Standard", "paid")]
    # Each was ahead by up to 20 ms in half of the rounds: a race that always ends in one way is none.
    assert 0 < granted < ROUNDS


def test_a_claim_that_waits_for_a_payment_sees_it(book: Book) -> None:
    """The same without luck: the payment holds the lock while the claim begins."""
    invoice_id = book.invoice()
    barrier = Barrier(2)

    def slowly(session: Session) -> Decimal:
        outstanding = pay(session, invoice_id, Decimal(1000), a_change(SEND_TIME))
        barrier.wait()
        return outstanding

    def afterwards(session: Session) -> Any:
        barrier.wait()
        return claim_step(session, invoice_id, a_change(SEND_TIME, by="duewell"))

    paid, claimed = race(book, slowly, afterwards)

    assert (paid.result, claimed.result) == (0, None)
    assert book.messages(invoice_id) == []


def test_two_claims_at_once_are_one_action(book: Book) -> None:
    for number in range(10):
        invoice_id = book.invoice(f"INV-{number}")

        claims = race(book, *[claiming(invoice_id)] * 4)

        assert len({claim.result.action_id for claim in claims}) == 1
        assert book.todos(invoice_id) == [("upcoming", "sending")]


def test_payments_at_once_never_settle_more_than_the_total(book: Book) -> None:
    for number in range(10):
        invoice_id = book.invoice(f"INV-{number}")

        paid = race(book, *[paying(invoice_id, "400")] * 4)

        assert sorted(one.refusal is None for one in paid) == [False, False, True, True]
        assert book.amounts(invoice_id)[1] == 800


def test_the_same_event_told_by_many_at_once_counts_once(book: Book) -> None:
    for number in range(10):
        invoice_id = book.invoice(f"INV-{number}")

        race(book, *[paying(invoice_id, "100", event_id=f"e{number}")] * 4)

        assert book.amounts(invoice_id)[1] == 100


def test_of_many_who_end_a_todo_one_wins(book: Book) -> None:
    for number in range(10):
        invoice_id = book.invoice(f"INV-{number}", email=None)
        book.settle(invoice_id, SEND_TIME)

        def ending(session: Session, invoice_id: int = invoice_id) -> None:
            complete_action(session, invoice_id, None, "done", a_change(SEND_TIME))

        ended = race(book, *[ending] * 4)

        assert [one.refusal is None for one in ended].count(True) == 1


def test_reassignments_at_once_leave_one_open_collection(book: Book) -> None:
    for name in ("A", "B", "C"):
        book.publish(reminders(3, 10, name=name))
    for number in range(10):
        invoice_id = book.invoice(f"INV-{number}")

        def under(name: str, invoice_id: int = invoice_id) -> Callable[[Session], Any]:
            return lambda session: reassign(session, invoice_id, name, a_change(SEND_TIME))

        race(book, under("A"), under("B"), under("C"), claiming(invoice_id), paying(invoice_id, "10"))

        states = [state for _, state in book.collections(invoice_id)]
        assert states.count("active") == 1


def test_statements_and_payments_at_once_end_in_no_deadlock(book: Book) -> None:
    numbers = [f"INV-{number}" for number in range(5)]
    ids = [book.invoice(number) for number in numbers]

    def stating(session: Session) -> None:
        for number in numbers:
            take_invoice(session, an_invoice(number, po_number="PO-1"), a_change(SEND_TIME, by="import"))

    def paying_all(session: Session) -> None:
        for invoice_id in ids:
            pay(session, invoice_id, Decimal(100), a_change(SEND_TIME))

    raced = race(book, stating, paying_all, *[paying(invoice_id, "50") for invoice_id in ids[::-1]])

    assert [one.refusal for one in raced] == [None] * len(raced)
    assert {book.amounts(invoice_id)[1] for invoice_id in ids} == {Decimal(150)}
