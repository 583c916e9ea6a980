"""With the delay kept for the whole customer, one contact keeps all its invoices quiet (rule 2.14)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from activities.letters import write_message
from db.engine import LedgerUnavailable, Session
from db.operations.customer_delay import OTHERS_MAX, settle_others
from db.operations.messages.recording import hand_over, record_deferred
from db.operations.messages.sending import Claim, claim_step, store_message
from db.operations.settle import Settled, lock_invoice
from dunning.cadence import Channel
from dunning.decision import Because, Wait
from tests.db.book import Book, a_change, at, on
from tests.db.test_races import race
from tests.dunning.builders import a_step, reminders

# All are due Mon 2026-06-01, and their first mail goes out Thu 06-04 at 08:30; five days later is Tue 06-09.
SEND_TIME, LATER = "2026-06-04 08:30", "2026-06-04 08:40"
DELAYED = on("2026-06-09")
ROUNDS = 20


@pytest.fixture
def pair(book: Book) -> tuple[int, int]:
    """Two invoices of one customer, in an organization that keeps the delay for the customer."""
    book.set(contact_delay_scope="customer")
    return an_invoice(book, "INV-1"), an_invoice(book, "INV-2")


def an_invoice(book: Book, number: str, contact_delay_days_min: int = 5, **changed: Any) -> int:
    """Take in an invoice under a cadence of mails 3 and 10 days after the due date, and a call after 20."""
    mails = reminders(3, 10, name="A", contact_delay_days_min=contact_delay_days_min)
    book.publish(replace(mails, steps=(*mails.steps, a_step("CALL", 20, Channel.CALL))))
    invoice_id = book.invoice(number, **changed)
    book.reassign(invoice_id, "A", "2026-05-04 10:00")
    return invoice_id


def waits(claimed: Claim | Settled | None) -> Wait:
    """Return what the collection waits for."""
    assert isinstance(claimed, Settled)
    assert isinstance(claimed.decision, Wait)
    return claimed.decision


def the_others(book: Book, invoice_id: int, moment: str) -> int:
    """Settle the other collections of the customer; return how many next actions moved."""
    moved: int = book.do(lambda session: settle_others(session, invoice_id, a_change(moment, by="duewell")))
    return moved


def deferred(book: Book, claim: Claim) -> None:
    """Record that the mail server asked to wait."""
    book.do(lambda session: record_deferred(session, claim.action_id, "451 later"))


def test_of_two_invoices_that_are_sent_at_once_one_goes_out(book: Book) -> None:
    book.set(contact_delay_scope="customer")

    def sending(session: Session, invoice_id: int) -> bool:
        claim = claim_step(session, invoice_id, a_change(SEND_TIME, by="duewell"))
        if not isinstance(claim, Claim):
            return False
        store_message(session, write_message(session, claim, at(SEND_TIME)))
        return True

    for number in range(ROUNDS):
        ids = [an_invoice(book, f"INV-{number}-{part}", customer_id=f"C-{number}") for part in range(4)]

        raced = race(book, *[lambda session, one=one: sending(session, one) for one in ids])

        assert sorted(one.result for one in raced) == [False, False, False, True]


def test_a_message_that_is_being_sent_is_a_contact(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    book.hand_over(first, SEND_TIME)

    waiting = waits(book.claim(second, SEND_TIME))

    assert waiting.due_on == DELAYED
    assert waiting.because[-1].because is Because.ON_ITS_WAY
    assert book.messages(second) == []


def test_what_waits_for_a_message_on_its_way_looks_again_soon(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    claim = book.hand_over(first, SEND_TIME)
    assert waits(book.claim(second, SEND_TIME)).until == at(LATER)

    book.accepted(claim, LATER)

    assert waits(book.claim(second, LATER)).until == at("2026-06-09 08:30")
    assert book.send(second, "2026-06-09 08:30").step.id == "S0"


def test_the_delay_counts_from_the_contact_of_the_other_invoice(book: Book) -> None:
    book.set(contact_delay_scope="customer")
    first, second = (an_invoice(book, f"INV-{day}", due_on=on(f"2026-06-0{day}")) for day in (1, 2))

    book.send(first, SEND_TIME)

    # As in the rule's example: triggered on Fri 06-05, it goes out on Tue 06-09.
    book.settle(second, "2026-06-05 09:00")
    assert book.next_step(second) == ("S0", DELAYED)
    assert not isinstance(book.claim(second, "2026-06-08 17:00"), Claim)
    book.send(second, "2026-06-09 08:30")
    # The first one's second step triggers on 06-11; five days after 06-09 is Sun 06-14.
    book.settle(first, "2026-06-09 09:00")
    assert book.next_step(first) == ("S1", on("2026-06-15"))


def test_a_message_that_was_certainly_not_delivered_is_no_contact(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    deferred(book, book.hand_over(first, SEND_TIME))

    assert book.send(second, LATER).step.id == "S0"

    assert waits(book.claim(first, LATER)).due_on == DELAYED
    assert book.messages(first) == [("S0", "withdrawn")]


def test_a_message_that_may_have_been_delivered_is_one_although_it_was_deferred_since(
    book: Book, pair: tuple[int, int]
) -> None:
    first, second = pair
    book.hand_over(first, SEND_TIME)
    deferred(book, book.hand_over(first, "2026-06-04 08:31"))

    assert waits(book.claim(second, LATER)).due_on == DELAYED
    assert isinstance(book.claim(first, LATER), Claim)


def test_a_message_that_was_refused_keeps_nobody_waiting(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    claim = book.hand_over(first, SEND_TIME)
    assert waits(book.claim(second, SEND_TIME)).until == at(LATER)

    change = a_change("2026-06-04 08:31", by="duewell")
    book.do(lambda session: hand_over(session, claim, "554 looks like spam", change))

    assert book.send(second, LATER).step.id == "S0"


@pytest.mark.parametrize("end", ["given to a person", "called off"])
def test_a_message_that_may_have_been_delivered_counts_whatever_became_of_it(
    book: Book, pair: tuple[int, int], end: str
) -> None:
    first, second = pair
    claim = book.hand_over(first, SEND_TIME)
    # The ledger's own clock says when it was handed over.
    book.run("UPDATE messages SET handed_at = :at", at=at(SEND_TIME))

    if end == "called off":
        book.pause(first, "2026-06-04 08:31")
        assert not isinstance(book.claim(first, "2026-06-04 08:31"), Claim)
    else:
        doubtful, change = replace(claim, unanswered=1), a_change("2026-06-04 08:31", by="duewell")
        book.do(lambda session: hand_over(session, doubtful, "it may have been delivered", change))

    assert waits(book.claim(second, LATER)).until == at("2026-06-09 08:30")


def test_a_message_written_by_hand_about_another_invoice_counts(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    book.run("UPDATE invoices SET contacted_on = '2026-06-03' WHERE id = :id", id=first)

    assert waits(book.claim(second, SEND_TIME)).due_on == on("2026-06-08")


def test_a_call_waits_for_the_delay_too(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    book.send(first, SEND_TIME)
    book.send(first, "2026-06-11 08:30")
    book.run("UPDATE invoices SET contacted_on = '2026-06-18' WHERE id = :id", id=second)

    # It triggers on Sun 06-21.
    assert waits(book.settle(first, "2026-06-21 09:00")).due_on == on("2026-06-23")


def test_a_delay_of_nothing_lets_them_share_a_day(book: Book) -> None:
    book.set(contact_delay_scope="customer")
    first, second = (an_invoice(book, f"INV-{number}", contact_delay_days_min=0) for number in (1, 2))

    book.hand_over(first, SEND_TIME)

    assert isinstance(book.claim(second, SEND_TIME), Claim)


@pytest.mark.parametrize("what", ["another customer", "the scope is the collection"])
def test_nobody_else_is_kept_waiting(book: Book, what: str) -> None:
    is_other = what == "another customer"
    book.set(contact_delay_scope="customer" if is_other else "collection")
    first = an_invoice(book, "INV-1")
    second = an_invoice(book, "INV-2", customer_id="C-2" if is_other else "C-1")

    book.hand_over(first, SEND_TIME)

    assert isinstance(book.claim(second, SEND_TIME), Claim)


def test_after_a_contact_the_other_dates_move_and_only_their_processes_are_told(
    book: Book, pair: tuple[int, int]
) -> None:
    first, second = pair
    far = an_invoice(book, "INV-3", due_on=date(2026, 9, 1))
    book.run("DELETE FROM outbox")
    book.send(first, SEND_TIME)

    assert the_others(book, first, SEND_TIME) == 1

    assert book.owed() == [(second, "invoice_changed")]
    assert book.next_step(second) == ("S0", DELAYED)
    assert book.next_step(far) == ("S0", on("2026-09-04"))
    assert the_others(book, first, SEND_TIME) == 0


def test_a_customer_with_very_many_invoices_is_left_to_look_again(book: Book) -> None:
    book.set(contact_delay_scope="customer")
    first, second, *_ = (an_invoice(book, f"INV-{number}") for number in range(OTHERS_MAX + 2))
    book.send(first, SEND_TIME)

    assert the_others(book, first, SEND_TIME) == 0

    assert book.next_step(second) == ("S0", on("2026-06-04"))
    assert waits(book.claim(second, SEND_TIME)).due_on == DELAYED


def test_an_invoice_that_cannot_be_settled_harms_no_other(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    broken = an_invoice(book, "INV-3")
    book.run("UPDATE invoices SET due_on = '9999-12-31' WHERE id = :id", id=broken)
    book.send(first, SEND_TIME)

    assert the_others(book, first, SEND_TIME) == 1
    assert book.next_step(second) == ("S0", DELAYED)


def test_who_cannot_have_the_other_invoices_soon_gives_way(book: Book, pair: tuple[int, int]) -> None:
    first, second = pair
    book.send(first, SEND_TIME)

    def busy(session: Session) -> None:
        lock_invoice(session, second)
        with pytest.raises(LedgerUnavailable):
            the_others(book, first, SEND_TIME)

    book.do(busy)
