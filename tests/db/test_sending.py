"""A step is sent once: what is claimed, what a repeat gets, and what is recorded whatever came in between."""

from email import message_from_bytes
from email.policy import SMTP

import pytest

from activities.letters import write_message
from db.operations.messages.recording import hand_over, record_deferred, record_sent, record_unreachable
from db.operations.messages.sending import Claim, StoredMessage
from db.operations.settle import Settled
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, at, on
from tests.dunning.builders import reminders

SEND_TIME = "2026-05-29 08:30"


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01, whose first mail goes out Fri 05-29 at 08:30."""
    return book.invoice()


def deferred(book: Book, claim: Claim) -> None:
    """Record that the mail server asked to wait."""
    book.do(lambda session: record_deferred(session, claim.action_id, "451 later"))


def text_of(message: StoredMessage) -> str:
    """Return what the message says, in one line."""
    body = message_from_bytes(message.mime, policy=SMTP).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_a_step_is_claimed_once_it_is_due(book: Book, invoice_id: int) -> None:
    assert isinstance(book.claim(invoice_id, "2026-05-29 08:29"), Settled)

    claim = book.claim(invoice_id, SEND_TIME)

    assert isinstance(claim, Claim)
    assert (claim.step.id, claim.occurrence, claim.message, claim.unanswered) == ("upcoming", 1, None, 0)
    assert book.todos(invoice_id) == [("upcoming", "sending")]


def test_an_invoice_that_does_not_exist_is_not_claimed(book: Book) -> None:
    assert book.claim(4711, SEND_TIME) is None


@pytest.mark.parametrize("what", ["paused", "paid", "void", "unassigned", "switched off", "disputed"])
def test_nothing_is_claimed_that_is_not_due_any_more(book: Book, invoice_id: int, what: str) -> None:
    before = "2026-05-29 08:00"
    match what:
        case "paused":
            book.pause(invoice_id, before)
        case "paid":
            book.pay(invoice_id, "1000", before)
        case "void":
            book.take(an_invoice(state=InvoiceState.VOID), before)
        case "unassigned":
            book.reassign(invoice_id, None, before)
        case "switched off":
            book.set(sends_automatically=False)
        case "disputed":
            book.take(an_invoice(is_disputed=True), before)

    assert not isinstance(book.claim(invoice_id, SEND_TIME), Claim)
    assert book.messages(invoice_id) == []


@pytest.mark.parametrize("was_deferred", [True, False])
@pytest.mark.parametrize("what", ["paused", "paid", "unassigned", "reassigned"])
def test_what_was_claimed_and_not_accepted_is_withdrawn_when_it_is_not_due_any_more(
    book: Book, invoice_id: int, what: str, was_deferred: bool
) -> None:
    book.publish(reminders(20, name="Other"))
    claim = book.hand_over(invoice_id, SEND_TIME)
    if was_deferred:
        deferred(book, claim)
    match what:
        case "paused":
            book.pause(invoice_id, "2026-05-29 08:31")
        case "paid":
            book.pay(invoice_id, "1000", "2026-05-29 08:31")
        case "unassigned":
            book.reassign(invoice_id, None, "2026-05-29 08:31")
        case "reassigned":
            book.reassign(invoice_id, "Other", "2026-05-29 08:31")

    assert not isinstance(book.claim(invoice_id, "2026-05-29 08:32"), Claim)

    assert book.messages(invoice_id) == [("upcoming", "withdrawn")]
    assert book.todos(invoice_id) == [("upcoming", "canceled")]
    assert book.happened(invoice_id).count("message withdrawn") == 1


@pytest.mark.parametrize("what", ["paid", "unassigned"])
def test_what_waits_for_another_attempt_is_withdrawn_as_the_collection_closes(
    book: Book, invoice_id: int, what: str
) -> None:
    """Its process may not come back to it: a signal calls the attempts off."""
    deferred(book, book.hand_over(invoice_id, SEND_TIME))

    if what == "paid":
        book.pay(invoice_id, "1000", "2026-05-29 08:31")
    else:
        book.reassign(invoice_id, None, "2026-05-29 08:31")

    assert book.messages(invoice_id) == [("upcoming", "withdrawn")]


def test_a_step_that_another_has_overtaken_is_withdrawn(book: Book, invoice_id: int) -> None:
    deferred(book, book.hand_over(invoice_id, SEND_TIME))

    claim = book.hand_over(invoice_id, "2026-06-04 08:30")

    assert claim.step.id == "reminder"
    assert book.messages(invoice_id) == [("upcoming", "withdrawn"), ("reminder", "sending")]


def test_a_repeat_gets_the_message_that_may_have_been_delivered_to_the_byte(book: Book, invoice_id: int) -> None:
    first = book.hand_over(invoice_id, SEND_TIME)
    stored = book.message_of(first)

    again = book.claim(invoice_id, "2026-05-29 09:30")

    assert isinstance(again, Claim)
    assert again.message == stored
    assert (again.action_id, again.unanswered) == (first.action_id, 1)


def test_attempts_without_an_answer_are_counted(book: Book, invoice_id: int) -> None:
    counts = [book.hand_over(invoice_id, f"2026-05-29 08:3{minute}").unanswered for minute in range(4)]

    assert counts == [0, 1, 2, 3]
    assert book.one("SELECT attempts, unanswered FROM messages") == (4, 3)


def test_a_message_that_was_certainly_not_delivered_is_written_anew(book: Book, invoice_id: int) -> None:
    """Amounts and days may be others by now; the Message-ID stays."""
    book.set(partial_payment_hold_days=0)
    first = book.hand_over(invoice_id, SEND_TIME)
    stored = book.message_of(first)
    deferred(book, first)
    book.pay(invoice_id, "600", "2026-05-29 08:40")

    again = book.hand_over(invoice_id, "2026-05-29 09:30")

    written = book.message_of(again)
    assert again.unanswered == 0
    assert (written.action_id, written.message_id) == (stored.action_id, stored.message_id)
    assert "€400.00 is still open" in text_of(written)
    assert "still open" not in text_of(stored)


def test_a_message_that_may_have_been_delivered_once_is_never_written_anew(book: Book, invoice_id: int) -> None:
    first = book.hand_over(invoice_id, SEND_TIME)
    stored = book.message_of(first)
    deferred(book, book.hand_over(invoice_id, "2026-05-29 08:31"))

    again = book.claim(invoice_id, "2026-05-29 08:32")

    assert isinstance(again, Claim)
    assert (again.message, again.unanswered) == (stored, 1)


def test_a_withdrawn_message_remembers_how_often_it_may_have_been_delivered(book: Book, invoice_id: int) -> None:
    book.hand_over(invoice_id, SEND_TIME)
    book.pause(invoice_id, "2026-05-29 08:31")
    book.claim(invoice_id, "2026-05-29 08:32")
    book.resume(invoice_id, "2026-05-29 08:33")

    assert book.hand_over(invoice_id, "2026-06-01 08:30").unanswered == 1


def test_the_message_id_is_the_same_for_every_attempt_and_another_for_every_step(
    book: Book, invoice_id: int
) -> None:
    ids = []
    for moment in ("2026-05-29 08:30", "2026-05-29 08:31"):
        ids.append(book.message_of(book.hand_over(invoice_id, moment)).message_id)
    book.accepted(book.hand_over(invoice_id, "2026-05-29 08:32"), "2026-05-29 08:32")
    ids.append(book.message_of(book.hand_over(invoice_id, "2026-06-04 08:30")).message_id)

    assert ids[0] == ids[1] != ids[2]


def test_an_accepted_message_is_a_contact_and_its_step_is_done(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, SEND_TIME)

    settled = book.accepted(claim, "2026-05-29 08:31")

    assert settled is not None
    assert book.messages(invoice_id) == [("upcoming", "sent")]
    assert book.todos(invoice_id) == [("upcoming", "done")]
    assert book.statuses(invoice_id) == {"upcoming": "done"}
    assert book.last_contact(invoice_id) == on("2026-05-29")
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-04"))
    assert book.one("SELECT response, attempts FROM messages") == ("250 OK", 1)


def test_a_message_accepted_while_the_invoice_was_paid_was_sent_all_the_same(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, SEND_TIME)
    book.pay(invoice_id, "1000", "2026-05-29 08:31")

    assert book.accepted(claim, "2026-05-29 08:32") is None

    assert book.messages(invoice_id) == [("upcoming", "sent")]
    assert book.collections(invoice_id) == [("Standard", "paid")]
    assert book.one("SELECT last_contact_on FROM collections") == on("2026-05-29")
    assert book.happened(invoice_id)[-1] == "message sent"


def test_a_message_accepted_after_a_reassignment_counts_for_the_new_cadence_too(
    book: Book, invoice_id: int
) -> None:
    book.publish(reminders(1, name="Other"))
    claim = book.hand_over(invoice_id, SEND_TIME)
    book.reassign(invoice_id, "Other", "2026-05-29 08:31")

    book.accepted(claim, "2026-05-29 08:32")

    assert book.last_contact(invoice_id) == on("2026-05-29")
    assert book.statuses(invoice_id) == {}
    assert book.rows("SELECT last_contact_on FROM collections") == [on("2026-05-29")] * 2
    # It triggers on 06-02 and waits for the minimum contact delay.
    assert book.next_step(invoice_id) == ("S0", on("2026-06-03"))


def test_a_record_of_the_same_answer_twice_tells_one_contact(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, SEND_TIME)

    for _ in range(2):
        book.do(lambda session: record_sent(session, claim, "250 OK", a_change(SEND_TIME)))

    assert book.messages(invoice_id) == [("upcoming", "sent")]
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-04"))


def test_an_address_refused_for_good_makes_a_todo_until_it_is_mended(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, SEND_TIME)
    recipients = book.message_of(claim).recipients

    change = a_change("2026-05-29 08:31", by="duewell")
    book.do(lambda session: record_unreachable(session, claim, recipients, "550 no such user", change))

    assert book.stage(invoice_id) == "todo"
    assert book.messages(invoice_id) == [("upcoming", "failed")]
    assert book.one("SELECT state, obstacle, mends FROM actions") == ("open", "550 no such user", True)
    book.run("UPDATE contacts SET unreachable_because = NULL")
    again = book.hand_over(invoice_id, "2026-05-29 08:32")
    assert again.action_id == claim.action_id
    book.accepted(again, "2026-05-29 08:32")
    assert book.todos(invoice_id) == [("upcoming", "done")]


def test_a_message_refused_for_good_is_handed_to_a_person_and_never_mends_by_itself(
    book: Book, invoice_id: int
) -> None:
    claim = book.hand_over(invoice_id, SEND_TIME)

    change = a_change("2026-05-29 08:31", by="duewell")
    book.do(lambda session: hand_over(session, claim, "554 looks like spam", change))

    assert book.one("SELECT state, obstacle, mends FROM actions") == ("open", "554 looks like spam", False)
    assert isinstance(book.claim(invoice_id, "2026-05-29 08:32"), Settled)
    assert book.todos(invoice_id) == [("upcoming", "open")]
    book.complete(invoice_id, "upcoming", "done", "2026-05-29 10:00")
    assert book.last_contact(invoice_id) == on("2026-05-29")


def test_what_has_no_recipient_is_a_todo_at_its_send_time(book: Book) -> None:
    invoice_id = book.invoice(email=None)

    assert isinstance(book.claim(invoice_id, SEND_TIME), Settled)

    obstacle = "the customer has no e-mail address that can be written to"
    assert book.one("SELECT state, obstacle, mends FROM actions") == ("open", obstacle, True)
    book.take(an_invoice(), "2026-05-29 09:00")
    assert isinstance(book.claim(invoice_id, "2026-05-29 09:01"), Claim)


def test_later_messages_answer_those_that_were_sent(book: Book, invoice_id: int) -> None:
    first = book.message_of(book.send(invoice_id, SEND_TIME))

    second = book.message_of(book.hand_over(invoice_id, "2026-06-04 08:30"))

    assert f"In-Reply-To: {first.message_id}".encode() in second.mime
    assert f"References: {first.message_id}".encode() in second.mime


def test_a_message_is_kept_as_it_is_handed_over(book: Book, invoice_id: int) -> None:
    written: list[StoredMessage] = []
    claim = book.claim(invoice_id, SEND_TIME)
    assert isinstance(claim, Claim)
    book.do(lambda session: written.append(write_message(session, claim, at(SEND_TIME))))

    handed_over = book.hand_over(invoice_id, SEND_TIME)

    assert book.message_of(handed_over) == written[0]


@pytest.mark.parametrize("was_deferred", [True, False])
def test_what_was_mended_is_tried_again_like_everything_else(book: Book, was_deferred: bool) -> None:
    """Rule 4.4: once it goes out by itself, nobody is asked any more, however many attempts it takes."""
    invoice_id = book.invoice(email=None)
    book.settle(invoice_id, SEND_TIME)
    assert book.todos(invoice_id) == [("upcoming", "open")]
    book.take(an_invoice(email="bo@helios.example"), "2026-05-29 10:00")

    claim = book.hand_over(invoice_id, "2026-05-29 10:01")
    if was_deferred:
        deferred(book, claim)

    assert isinstance(book.claim(invoice_id, "2026-05-29 10:05"), Claim)


def test_what_was_mended_and_withdrawn_goes_out_when_it_is_due_again(book: Book) -> None:
    invoice_id = book.invoice(email=None)
    book.settle(invoice_id, SEND_TIME)
    book.take(an_invoice(email="bo@helios.example"), "2026-05-29 10:00")
    deferred(book, book.hand_over(invoice_id, "2026-05-29 10:01"))
    book.pause(invoice_id, "2026-05-29 10:02", until="2026-06-01")
    assert not isinstance(book.claim(invoice_id, "2026-05-29 10:05"), Claim)

    assert isinstance(book.claim(invoice_id, "2026-06-01 08:30"), Claim)
