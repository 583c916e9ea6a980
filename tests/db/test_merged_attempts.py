"""What becomes of a message about several invoices between its claim and the answer: nobody is told twice."""

import pytest

from db.engine import Session
from db.operations.messages.recording import hand_over, record_unreachable
from db.operations.messages.sending import Claim, claim_alone, claim_step
from db.operations.settle import Settled
from tests.db.book import Book, a_change, on
from tests.db.group import LATER, MOMENTS_LATER, SEND_TIME, a_group, calls_off, deferred, left_to, listed, states


@pytest.fixture
def ids(book: Book) -> tuple[int, int, int]:
    """Three invoices of one customer, in an organization that merges."""
    return a_group(book)


def test_the_process_of_another_invoice_leaves_the_message_to_the_one_that_has_it(
    book: Book, ids: tuple[int, int, int]
) -> None:
    claim = book.hand_over(ids[0], SEND_TIME)

    assert left_to(book.claim(ids[1], MOMENTS_LATER)) == "with INV-1"

    assert book.one("SELECT attempts, unanswered FROM messages") == (1, 0)
    book.run("DELETE FROM outbox")
    book.accepted(claim, LATER)
    # They were awake already and wait; now they are told.
    assert book.owed() == [(ids[1], "invoice_changed"), (ids[2], "invoice_changed")]
    assert isinstance(book.claim(ids[1], LATER), Settled)
    assert len(book.rows("SELECT id FROM messages")) == 1


def test_after_a_crash_the_same_bytes_are_repeated_by_the_process_that_has_them(
    book: Book, ids: tuple[int, int, int]
) -> None:
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    for other in ids[1:]:
        assert left_to(book.claim(other, MOMENTS_LATER)) == "with INV-1"

    again = book.hand_over(ids[0], MOMENTS_LATER)

    assert (again.message, again.unanswered) == (stored, 1)
    book.accepted(again, LATER)
    assert [state for _, state in states(book)] == ["done"] * 3


def test_who_is_not_due_any_more_is_left_out_of_a_message_that_was_not_delivered(
    book: Book, ids: tuple[int, int, int]
) -> None:
    first = book.hand_over(ids[0], SEND_TIME)
    stored = book.message_of(first)
    deferred(book, first)
    book.pay(ids[1], "1000", MOMENTS_LATER)
    book.pay(ids[2], "400", MOMENTS_LATER)

    again = book.hand_over(ids[0], LATER)

    written = book.message_of(again)
    assert (written.message_id, listed(written)) == (stored.message_id, ["INV-1", "INV-3"])
    assert "€1,600.00" in written.subject
    book.accepted(again, LATER)
    assert states(book) == [("INV-1", "done"), ("INV-2", "canceled"), ("INV-3", "done")]
    assert "message sent" not in book.happened(ids[1])


def test_who_is_due_by_now_joins_a_message_that_was_not_delivered(book: Book, ids: tuple[int, int, int]) -> None:
    book.pause(ids[1], "2026-05-20 09:00", until="2026-06-01")
    deferred(book, book.hand_over(ids[0], SEND_TIME))
    book.invoice("INV-4", moment=MOMENTS_LATER)

    assert listed(book.message_of(book.hand_over(ids[0], LATER))) == ["INV-1", "INV-3", "INV-4"]


@pytest.mark.parametrize("what", ["paid", "paused"])
def test_what_may_have_been_delivered_is_repeated_to_the_byte_for_all(
    book: Book, ids: tuple[int, int, int], what: str
) -> None:
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    if what == "paid":
        book.pay(ids[1], "1000", MOMENTS_LATER)
    else:
        book.pause(ids[1], MOMENTS_LATER)
    calls_off(book, ids[1], MOMENTS_LATER)

    again = book.hand_over(ids[0], LATER)

    assert again.message == stored
    book.accepted(again, LATER)
    # The message told the customer of it, and that counts.
    assert [state for _, state in states(book)] == ["done"] * 3
    assert book.rows("SELECT last_contact_on FROM collections") == [on("2026-05-29")] * 3


def test_when_the_one_that_has_it_is_paid_the_others_go_on_without_it(
    book: Book, ids: tuple[int, int, int]
) -> None:
    deferred(book, book.hand_over(ids[0], SEND_TIME))
    assert left_to(book.claim(ids[1], SEND_TIME)) == "with INV-1"

    book.pay(ids[0], "1000", MOMENTS_LATER)
    assert [state for _, state in states(book)] == ["canceled"] * 3

    claim = book.hand_over(ids[2], LATER)
    assert listed(book.message_of(claim)) == ["INV-2", "INV-3"]
    book.accepted(claim, LATER)
    assert states(book) == [("INV-1", "canceled"), ("INV-2", "done"), ("INV-3", "done")]


def test_when_the_one_that_has_it_is_paid_another_repeats_what_may_have_been_delivered(
    book: Book, ids: tuple[int, int, int]
) -> None:
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    book.pay(ids[0], "1000", MOMENTS_LATER)
    # Its last attempt may be on its way: nobody else hands the message over until its process has come to rest.
    assert left_to(book.claim(ids[1], MOMENTS_LATER)) == "with INV-1"
    calls_off(book, ids[0], MOMENTS_LATER)

    claim = book.hand_over(ids[1], LATER)

    repeated = book.message_of(claim)
    assert (repeated.message_id, repeated.mime) == (stored.message_id, stored.mime)
    assert claim.unanswered == 1
    assert left_to(book.claim(ids[2], LATER)) == "with INV-2"
    book.accepted(claim, LATER)
    assert [state for _, state in states(book)] == ["done"] * 3
    assert book.rows("SELECT message_id, state FROM messages") == [(stored.message_id, "sent")]


def test_a_process_that_is_gone_for_good_keeps_no_other_waiting(book: Book, ids: tuple[int, int, int]) -> None:
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    book.pay(ids[0], "1000", MOMENTS_LATER)
    assert left_to(book.claim(ids[1], "2026-05-29 08:40")) == "with INV-1"

    claim = book.hand_over(ids[1], "2026-05-29 08:42")

    assert book.message_of(claim).mime == stored.mime


def test_one_that_is_due_no_more_does_not_take_over(book: Book, ids: tuple[int, int, int]) -> None:
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    book.pay(ids[0], "1000", MOMENTS_LATER)
    calls_off(book, ids[0], MOMENTS_LATER)
    book.pause(ids[1], MOMENTS_LATER)
    assert not isinstance(book.claim(ids[1], LATER), Claim)

    claim = book.hand_over(ids[2], LATER)

    assert book.message_of(claim).mime == stored.mime
    assert ("INV-2", "canceled") in states(book)


def test_nothing_stays_on_its_way_where_nothing_is_collected_any_more(
    book: Book, ids: tuple[int, int, int]
) -> None:
    book.hand_over(ids[0], SEND_TIME)
    for invoice_id in (ids[1], ids[0]):
        book.pay(invoice_id, "1000", MOMENTS_LATER)
        calls_off(book, invoice_id, MOMENTS_LATER)

    assert states(book) == [("INV-1", "canceled"), ("INV-2", "canceled"), ("INV-3", "sending")]
    assert isinstance(book.claim(ids[2], LATER), Claim)


def test_outside_the_send_hours_everyone_lets_go(book: Book, ids: tuple[int, int, int]) -> None:
    """What may have been delivered on Friday is not repeated on Monday: that day's text is worth more."""
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    for invoice_id in ids:
        assert not isinstance(book.claim(invoice_id, "2026-05-29 19:00"), Claim)
    assert [state for _, state in states(book)] == ["canceled"] * 3

    claim = book.hand_over(ids[1], "2026-06-01 08:30")

    written = book.message_of(claim)
    assert listed(written) == ["INV-1", "INV-2", "INV-3"]
    assert written.message_id != stored.message_id


def test_a_refusal_is_a_todo_for_each(book: Book, ids: tuple[int, int, int]) -> None:
    claim = book.hand_over(ids[0], SEND_TIME)

    change = a_change(SEND_TIME, by="duewell")
    book.do(lambda session: hand_over(session, claim, "554 looks like spam", change))

    assert [book.todos(invoice_id) for invoice_id in ids] == [[("upcoming", "open")]] * 3
    assert book.rows("SELECT DISTINCT obstacle, mends, merged_into FROM actions") == [
        ("554 looks like spam", False, None)
    ]
    assert [book.stage(invoice_id) for invoice_id in ids] == ["todo"] * 3


def test_an_address_refused_for_good_is_a_todo_for_each(book: Book, ids: tuple[int, int, int]) -> None:
    claim = book.hand_over(ids[0], SEND_TIME)
    recipients = book.message_of(claim).recipients

    change = a_change(SEND_TIME, by="duewell")
    book.do(lambda session: record_unreachable(session, claim, recipients, "550 no such user", change))

    assert [book.todos(invoice_id) for invoice_id in ids] == [[("upcoming", "open")]] * 3
    book.run("UPDATE contacts SET unreachable_because = NULL")
    assert isinstance(book.claim(ids[1], LATER), Claim)


def test_a_todo_is_opened_for_nobody_who_paid_meanwhile(book: Book, ids: tuple[int, int, int]) -> None:
    claim = book.hand_over(ids[0], SEND_TIME)
    book.pay(ids[1], "1000", SEND_TIME)

    book.do(lambda session: hand_over(session, claim, "554 looks like spam", a_change(SEND_TIME)))

    assert states(book) == [("INV-1", "open"), ("INV-2", "canceled"), ("INV-3", "open")]


def test_a_message_that_cannot_be_merged_goes_out_by_itself(book: Book, ids: tuple[int, int, int]) -> None:
    def work(session: Session) -> Claim:
        claim = claim_step(session, ids[0], a_change(SEND_TIME, by="duewell"))
        assert isinstance(claim, Claim)
        return claim_alone(session, claim)

    alone: Claim = book.do(work)

    assert alone.others == ()
    assert states(book) == [("INV-1", "sending"), ("INV-2", "canceled"), ("INV-3", "canceled")]


def test_with_the_setting_switched_off_each_is_written_to_alone(book: Book, ids: tuple[int, int, int]) -> None:
    claim = book.hand_over(ids[0], SEND_TIME)
    book.set(merges_same_day=False)
    assert left_to(book.claim(ids[1], MOMENTS_LATER)) == "with INV-1"
    deferred(book, claim)

    assert listed(book.message_of(book.hand_over(ids[0], MOMENTS_LATER))) == ["INV-1"]
    assert listed(book.message_of(book.hand_over(ids[1], MOMENTS_LATER))) == ["INV-2"]


def test_what_was_tried_alone_before_the_setting_was_switched_on_stays_alone(book: Book) -> None:
    ids = [book.invoice(f"INV-{number}") for number in (1, 2, 3)]
    stored = book.message_of(book.hand_over(ids[0], SEND_TIME))
    deferred(book, book.hand_over(ids[1], SEND_TIME))
    book.set(merges_same_day=True)

    claim = book.hand_over(ids[2], MOMENTS_LATER)

    # The first may have been delivered; the second certainly was not.
    assert listed(book.message_of(claim)) == ["INV-2", "INV-3"]
    assert book.messages(ids[1]) == [("upcoming", "withdrawn")]
    again = book.claim(ids[0], MOMENTS_LATER)
    assert isinstance(again, Claim)
    assert again.message == stored


def test_later_messages_answer_the_one_that_listed_the_invoice(book: Book, ids: tuple[int, int, int]) -> None:
    first = book.hand_over(ids[0], SEND_TIME)
    book.accepted(first, SEND_TIME)
    book.pause(ids[0], "2026-06-01 09:00")
    book.pause(ids[2], "2026-06-01 09:00")

    second = book.message_of(book.hand_over(ids[1], "2026-06-04 08:30"))

    assert listed(second) == ["INV-2"]
    assert f"In-Reply-To: {book.message_of(first).message_id}".encode() in second.mime
