"""One message about several invoices of a customer: who is in it (rule 2.15)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from db.engine import LedgerUnavailable, Session
from db.operations.messages.sending import Claim
from db.operations.settle import Settled, lock_invoice
from dunning.facts import InvoiceState
from tests.db.book import Book, an_invoice, at, on
from tests.db.group import LATER, MOMENTS_LATER, SEND_TIME, a_group, listed, states
from tests.db.test_races import paying, race
from tests.dunning.builders import reminders


@pytest.fixture
def ids(book: Book) -> tuple[int, int, int]:
    """Three invoices of one customer, in an organization that merges."""
    return a_group(book)


def test_three_invoices_of_a_customer_are_one_message(book: Book, ids: tuple[int, int, int]) -> None:
    claim = book.hand_over(ids[1], SEND_TIME)

    assert claim.others == (ids[0], ids[2])
    assert listed(book.message_of(claim)) == ["INV-1", "INV-2", "INV-3"]
    assert states(book) == [("INV-1", "sending"), ("INV-2", "sending"), ("INV-3", "sending")]
    assert book.rows("SELECT DISTINCT merged_into FROM actions WHERE merged_into IS NOT NULL") == [claim.action_id]
    assert len(book.rows("SELECT id FROM messages")) == 1


def test_once_it_is_accepted_the_step_of_each_is_done(book: Book, ids: tuple[int, int, int]) -> None:
    book.accepted(book.hand_over(ids[0], SEND_TIME), SEND_TIME)

    assert [state for _, state in states(book)] == ["done"] * 3
    for invoice_id in ids:
        assert book.statuses(invoice_id) == {"upcoming": "done"}
        assert book.last_contact(invoice_id) == on("2026-05-29")
        assert book.next_step(invoice_id) == ("reminder", on("2026-06-04"))
        assert book.happened(invoice_id)[-1] == "message sent"
    together = "SELECT data->'together_with' FROM timeline WHERE kind = 'message sent' AND invoice_id = :id"
    assert book.one(together, id=ids[1]) == ["INV-1", "INV-3"]


def test_the_others_find_the_step_done_at_their_own_moment(book: Book, ids: tuple[int, int, int]) -> None:
    book.set(jitter_minutes=60)
    first, *others = sorted(ids, key=lambda one: sends_at(book, one))
    moment = sends_at(book, first)
    book.run("DELETE FROM outbox")
    claim = book.hand_over(first, moment)
    assert claim.others == tuple(sorted(others))
    book.accepted(claim, moment)

    assert book.owed() == []
    for other in others:
        assert sends_at(book, other) > moment
        assert isinstance(book.claim(other, sends_at(book, other)), Settled)
        assert book.next_step(other) == ("reminder", on("2026-06-04"))
    assert len(book.rows("SELECT id FROM messages")) == 1


def sends_at(book: Book, invoice_id: int) -> str:
    """Return the invoice's own moment of Fri 2026-05-29."""
    settled = book.settle(invoice_id, "2026-05-29 08:29")
    assert settled is not None
    moment = settled.collection.facts.calendar.sends_at(on("2026-05-29"), invoice_id)
    return f"{moment.astimezone(at(SEND_TIME).tzinfo):%Y-%m-%d %H:%M:%S}"


def test_amounts_are_summed_up_for_each_currency(book: Book, ids: tuple[int, int, int]) -> None:
    """Rule 8.1."""
    book.invoice("INV-4", currency="USD", total=Decimal("50.00"))
    book.pay(ids[0], "600", "2026-05-20 10:00")

    message = book.message_of(book.hand_over(ids[0], SEND_TIME))

    assert message.subject == "4 invoices over €2,400.00 and $50.00 fall due soon"


def test_an_invoice_alone_gets_the_same_message_as_ever(book: Book) -> None:
    book.set(merges_same_day=True)
    alone = book.message_of(book.hand_over(book.invoice("INV-1"), SEND_TIME))

    assert alone.subject == "Invoice INV-1 is due on June 1, 2026"


OTHERS: dict[str, Callable[[Book, int], Any]] = {
    "paused": lambda book, one: book.pause(one, "2026-05-20 09:00"),
    "paid": lambda book, one: book.pay(one, "1000", "2026-05-20 09:00"),
    "hidden": lambda book, one: book.run("UPDATE invoices SET is_hidden = true WHERE id = :id", id=one),
    "void": lambda book, one: book.take(an_invoice("INV-2", state=InvoiceState.VOID), "2026-05-20 09:00"),
    "under another cadence": lambda book, one: book.reassign(one, "Other", "2026-05-20 09:00"),
    "at another step": lambda book, one: book.take(an_invoice("INV-2", due_on=on("2026-05-26"))),
    "due on another day": lambda book, one: book.take(an_invoice("INV-2", due_on=on("2026-06-03"))),
    "parked": lambda book, one: book.run("UPDATE next_actions SET stage = 'blocked' WHERE collection_id = 2"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_does_not_send_the_same_step_today_is_left_out(
    book: Book, ids: tuple[int, int, int], what: str
) -> None:
    book.publish(reminders(-3, name="Other"))
    OTHERS[what](book, ids[1])

    assert listed(book.message_of(book.hand_over(ids[0], SEND_TIME))) == ["INV-1", "INV-3"]


def test_another_customer_is_left_out(book: Book, ids: tuple[int, int, int]) -> None:
    other = book.invoice("INV-4", customer_id="C-2", email="bo@other.example")

    assert listed(book.message_of(book.hand_over(ids[0], SEND_TIME))) == ["INV-1", "INV-2", "INV-3"]
    assert listed(book.message_of(book.hand_over(other, SEND_TIME))) == ["INV-4"]


def test_the_whole_customer_is_contacted_once_where_both_settings_are_on(
    book: Book, ids: tuple[int, int, int]
) -> None:
    book.set(contact_delay_scope="customer")
    late = book.invoice("INV-4", due_on=on("2026-05-26"))
    claim = book.hand_over(ids[0], SEND_TIME)

    assert listed(book.message_of(claim)) == ["INV-1", "INV-2", "INV-3"]
    assert not isinstance(book.claim(late, SEND_TIME), Claim)
    again = book.claim(ids[0], MOMENTS_LATER)
    assert isinstance(again, Claim)
    assert again.message == book.message_of(claim)
    book.accepted(claim, MOMENTS_LATER)
    assert not isinstance(book.claim(late, LATER), Claim)


def test_of_processes_that_wake_at_once_one_has_the_message(book: Book) -> None:
    book.set(merges_same_day=True)
    for number in range(15):
        ids = [book.invoice(f"INV-{number}-{part}", customer_id=f"C-{number}") for part in range(4)]

        raced = race(book, *[sending(book, one) for one in ids])

        claims = [one.result for one in raced if isinstance(one.result, Claim)]
        assert [len(claim.others) for claim in claims] == [3]
        assert book.one("SELECT count(*) FROM messages") == number + 1


def sending(book: Book, invoice_id: int) -> Callable[[Session], Any]:
    """Claim what is due and store its message."""
    return lambda session: book.prepare(session, invoice_id, SEND_TIME)


def test_payments_and_claims_at_once_end_in_no_deadlock_and_in_no_message_about_a_paid_invoice(book: Book) -> None:
    book.set(merges_same_day=True)
    for number in range(15):
        ids = [book.invoice(f"INV-{number}-{part}", customer_id=f"C-{number}") for part in range(4)]
        delays = (number % 3 / 100, number % 5 / 100)

        raced = race(book, sending(book, ids[2]), paying(ids[1]), paying(ids[3], "100"), delays_seconds=delays)

        claimed, paid, _ = raced
        assert isinstance(claimed.result, Claim)
        assert claimed.done_at is not None
        assert paid.done_at is not None
        # Whoever had the invoice's lock first.
        assert (ids[1] in claimed.result.others) == (claimed.done_at < paid.done_at)


def test_a_claim_gives_way_to_who_locks_in_another_order(book: Book, ids: tuple[int, int, int]) -> None:
    """An import locks in the order of its file; it is the claim that is undone, and tried again."""

    def importing(session: Session) -> None:
        lock_invoice(session, ids[2])
        with pytest.raises(LedgerUnavailable):
            book.claim(ids[0], SEND_TIME)
        lock_invoice(session, ids[0])

    book.do(importing)

    assert states(book) == []
    assert isinstance(book.claim(ids[0], SEND_TIME), Claim)
