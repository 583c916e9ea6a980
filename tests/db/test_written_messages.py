"""Messages that people write to customers outside the cadence (rule 4.8)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from db.engine import Session
from db.operations.disputes import dispute
from db.operations.messages.drafts import Draft, approve, edit_draft
from db.operations.messages.recording import hand_over, record_deferred, record_unreachable
from db.operations.messages.sending import Claim
from db.operations.messages.writing import write_to_customer
from db.operations.refusal import Refused
from db.operations.settle import Settled
from db.operations.settlement.payments import pay
from db.operations.todos import Ending, complete_todo
from dunning.apply import apply
from dunning.cadence import Channel
from dunning.events import Contacted
from dunning.facts import InvoiceState
from dunning.writing import MESSAGE
from tests.db.book import Book, a_change, at, on
from tests.db.inbox import an_incoming, bounced, message_id, taken
from tests.db.test_drafts import mail_of, text_of
from tests.db.test_races import race
from tests.dunning.builders import a_cadence, a_step

FRIDAY = "2026-06-12 20:00"  # after the send hours, which are the product's and not people's
W = a_cadence([a_step("S0", -5), a_step("S1", 3), a_step("S2", 8), a_step("S3", 14)], name="W")


@pytest.fixture
def followed(book: Book) -> int:
    """An invoice under W, due Mon 2026-06-01, that was sent S0, S1 and S2 on its days."""
    book.publish(W)
    invoice_id = book.invoice()
    book.reassign(invoice_id, "W", "2026-05-05 09:00")
    for moment in ("2026-05-27 09:30", "2026-06-04 09:30", "2026-06-09 09:30"):
        book.send(invoice_id, moment)
    return invoice_id


def write(
    book: Book,
    invoice_id: int,
    as_step: str | None = None,
    moment: str = FRIDAY,
    by: str = "ana",
    event_id: str | None = None,
) -> bool:
    """Write to the customer."""
    message = Draft("As we said", "Dear Ana,\n\nplease **pay**.")
    written: bool = book.do(
        lambda session: write_to_customer(session, invoice_id, message, as_step, a_change(moment, by, event_id))
    )
    return written


def state_of(book: Book, occurrence: int = 1) -> tuple[str, str | None, str | None]:
    """Return the state of a message that was written, who said that it goes out, and why it did not."""
    state, approved_by, obstacle = book.one(
        "SELECT state, approved_by, obstacle FROM actions WHERE step_id = :step AND occurrence = :occurrence",
        step=MESSAGE,
        occurrence=occurrence,
    )
    return state, approved_by, obstacle


def test_a_message_goes_out_once_counts_as_a_contact_and_moves_the_next_step(book: Book, followed: int) -> None:
    write(book, followed)
    assert book.stage(followed) == "due"

    claimed = book.hand_over(followed, FRIDAY)
    mail = mail_of(book, claimed)
    book.accepted(claimed, FRIDAY)

    # EX: ad hoc Fri 06-12, S3 (raw 06-15) Wed 06-17.
    assert (book.last_contact(followed), book.next_step(followed)) == (on("2026-06-12"), ("S3", on("2026-06-17")))
    assert (mail["Subject"], text_of(mail).strip()) == ("As we said", "Dear Ana,\n\nplease **pay**.")
    assert mail["To"] == "Ana <ana@helios.example>"
    assert mail["In-Reply-To"] is not None
    assert state_of(book) == ("done", "ana", None)
    assert book.statuses(followed) == {"S0": "done", "S1": "done", "S2": "done"}
    assert isinstance(book.claim(followed, FRIDAY), Settled)
    assert book.messages(followed)[-1] == (MESSAGE, "sent")
    assert book.happened(followed)[-2:] == ["message written", "message sent"]


@pytest.mark.parametrize("as_step", [None, "S3"])
def test_the_ledger_follows_the_core(book: Book, followed: int, as_step: str | None) -> None:
    before = book.settle(followed, FRIDAY)
    assert before is not None

    write(book, followed, as_step)
    book.send(followed, FRIDAY)
    after = book.settle(followed, FRIDAY)

    assert after is not None
    expected = apply(before.collection.facts, Contacted(at(FRIDAY), Channel.EMAIL, as_step))
    assert after.collection.facts == expected


def test_a_message_that_is_used_as_a_step_does_that_step(book: Book, followed: int) -> None:
    write(book, followed, "S3")
    assert book.statuses(followed).get("S3") is None

    book.send(followed, FRIDAY)

    assert book.statuses(followed)["S3"] == "done"
    assert book.stage(followed) == "exhausted"
    assert book.rows("SELECT state, outcome, ended_by FROM actions WHERE step_id = 'S3'") == [
        ("done", "written", "ana")
    ]


def test_a_later_step_may_be_done_before_an_earlier_one(book: Book) -> None:
    book.publish(W)
    invoice_id = book.invoice()
    book.reassign(invoice_id, "W", "2026-05-05 09:00")

    write(book, invoice_id, "S2", "2026-05-20 10:00")
    book.send(invoice_id, "2026-05-20 10:00")

    assert book.statuses(invoice_id) == {"S2": "done"}
    assert book.next_step(invoice_id) == ("S0", on("2026-05-27"))


def test_a_message_goes_out_after_the_last_step_and_nobody_is_told_again(book: Book, followed: int) -> None:
    book.send(followed, "2026-06-15 09:30")
    assert book.stage(followed) == "exhausted"

    write(book, followed, moment="2026-06-16 10:00")
    book.send(followed, "2026-06-16 10:00")

    assert book.stage(followed) == "exhausted"
    assert book.happened(followed).count("collection exhausted") == 1


def test_a_step_that_is_due_waits_for_what_a_person_wrote(book: Book, followed: int) -> None:
    write(book, followed, moment="2026-06-15 09:30")

    assert book.send(followed, "2026-06-15 09:30").step.id == MESSAGE
    assert book.next_step(followed) == ("S3", on("2026-06-22"))


def test_a_message_that_was_written_twice_by_the_same_word_goes_out_once(book: Book, followed: int) -> None:
    assert write(book, followed, event_id="e1")
    assert not write(book, followed, event_id="e1")

    with pytest.raises(Refused, match="another message about the invoice is about to go out"):
        write(book, followed, by="bea")
    book.send(followed, FRIDAY)
    assert not write(book, followed, event_id="e1")
    assert write(book, followed, by="bea")
    second = book.send(followed, FRIDAY)

    assert book.messages(followed)[-2:] == [(MESSAGE, "sent"), (MESSAGE, "sent")]
    assert len(set(book.rows("SELECT message_id FROM messages"))) == 5
    assert second.occurrence == 2


def test_a_repeat_after_a_crash_is_the_same_to_the_byte(book: Book, followed: int) -> None:
    write(book, followed)
    first = book.message_of(book.hand_over(followed, FRIDAY))

    again = book.claim(followed, "2026-06-12 20:05")

    assert isinstance(again, Claim)
    assert again.message is not None
    assert (again.message.mime, again.message.message_id) == (first.mime, first.message_id)
    assert again.unanswered == 1


@pytest.mark.parametrize(
    ("before", "said"),
    [("dispute", "nothing goes out: dispute"), ("pause", "nothing goes out: pause"), ("hide", "is hidden"),
     ("paid", "nothing to collect"), ("void", "nothing to collect"), ("written off", "nothing to collect"),
     ("draft", "the invoice is draft"), ("address", "cannot be sent: 550 no"), ("sender", "is not verified"),
     ("no cadence", "no cadence follows it up")],
)  # fmt: skip
def test_what_must_not_or_cannot_be_written_is_refused(book: Book, followed: int, before: str, said: str) -> None:
    match before:
        case "dispute":
            book.do(lambda session: dispute(session, followed, "wrong price", a_change(FRIDAY)))
        case "pause":
            book.pause(followed, FRIDAY)
        case "hide":
            book.run("UPDATE invoices SET is_hidden = true")
        case "paid":
            book.pay(followed, "1000", FRIDAY)
        case "void":
            book.end(followed, InvoiceState.VOID, FRIDAY)
        case "written off":
            book.end(followed, InvoiceState.WRITTEN_OFF, FRIDAY)
        case "draft":
            book.run("UPDATE invoices SET state = 'draft'")
        case "address":
            book.run("UPDATE contacts SET unreachable_because = '550 no'")
        case "sender":
            book.run("INSERT INTO senders (email, name, is_default) VALUES ('new@us.example', 'New', true)")
        case _:
            book.reassign(followed, None, FRIDAY)

    with pytest.raises(Refused, match=said):
        write(book, followed)

    assert book.rows("SELECT id FROM actions WHERE step_id = :step", step=MESSAGE) == []


@pytest.mark.parametrize("step", ["S1", "S9", MESSAGE])
def test_a_step_that_is_not_to_come_cannot_be_done_by_it(book: Book, followed: int, step: str) -> None:
    with pytest.raises(Refused, match="is not to come"):
        write(book, followed, step)


@pytest.mark.parametrize(("subject", "body"), [("", "x"), ("x", " \n"), ("a\x1bb", "x")])
def test_what_cannot_be_a_message_is_refused(book: Book, followed: int, subject: str, body: str) -> None:
    message = Draft(subject, body)

    with pytest.raises(Refused):
        book.do(lambda session: write_to_customer(session, followed, message, None, a_change(FRIDAY)))


@pytest.mark.parametrize("when", ["before the claim", "deferred", "on its way"])
def test_what_something_stops_is_its_writers_again_and_never_goes_out_by_itself(
    book: Book, followed: int, when: str
) -> None:
    write(book, followed, "S3")
    if when != "before the claim":
        claimed = book.hand_over(followed, FRIDAY)
    if when == "deferred":
        book.do(lambda session: record_deferred(session, claimed.action_id, "451 later"))
    book.pause(followed, "2026-06-12 20:01")

    held = book.claim(followed, "2026-06-12 20:01")
    book.resume(followed, "2026-06-13 09:00")

    assert isinstance(held, Settled)
    state, approved_by, because = state_of(book)
    assert (state, approved_by) == ("open", None)
    said = {"before the claim": "pause", "deferred": "called off before", "on its way": "may have been delivered"}
    assert said[when] in str(because)
    assert isinstance(book.claim(followed, "2026-06-13 09:00"), Settled)
    assert book.statuses(followed).get("S3") is None

    # Its writer may say once more that it goes out.
    todo = book.one("SELECT id FROM actions WHERE step_id = :step", step=MESSAGE)
    book.do(lambda session: edit_draft(session, todo, Draft("Once more", None), a_change("2026-06-13 09:01")))
    book.do(lambda session: approve(session, todo, a_change("2026-06-13 09:02")))
    sent = book.send(followed, "2026-06-13 09:03")
    assert mail_of(book, sent)["Subject"] == "Once more"
    assert book.statuses(followed)["S3"] == "done"


@pytest.mark.parametrize("refusal", ["unreachable", "rejected"])
def test_what_the_mail_server_refuses_is_its_writers_again_with_the_reason(
    book: Book, followed: int, refusal: str
) -> None:
    write(book, followed)
    claimed = book.hand_over(followed, FRIDAY)

    if refusal == "unreachable":
        to = book.message_of(claimed).recipients
        book.do(lambda session: record_unreachable(session, claimed, to, "550 no such user", a_change(FRIDAY)))
    else:
        book.do(lambda session: hand_over(session, claimed, "554 no", a_change(FRIDAY)))

    assert state_of(book) == ("open", None, "550 no such user" if refusal == "unreachable" else "554 no")
    assert book.last_contact(followed) == on("2026-06-09")
    assert book.next_step(followed)[0] == "S3"
    todo = book.one("SELECT id FROM actions WHERE step_id = :step", step=MESSAGE)
    book.do(lambda session: complete_todo(session, todo, Ending("ignored"), a_change(FRIDAY)))
    assert book.statuses(followed) == {"S0": "done", "S1": "done", "S2": "done"}


@pytest.mark.parametrize("ending", ["paid", "reassigned", "restarted"])
def test_what_ends_the_collection_cancels_what_was_to_go_out(book: Book, followed: int, ending: str) -> None:
    write(book, followed)

    match ending:
        case "paid":
            book.pay(followed, "1000", FRIDAY)
        case "reassigned":
            book.reassign(followed, "Standard", FRIDAY)
        case _:
            book.reassign(followed, None, FRIDAY)

    claimed = book.claim(followed, FRIDAY)
    assert not isinstance(claimed, Claim)
    assert state_of(book)[0] == "canceled"
    assert "to-do canceled" in book.happened(followed)


def test_a_payment_and_the_claim_of_what_was_written_never_cross(book: Book) -> None:
    book.publish(W)
    granted = 0
    for number in range(8):
        invoice_id = book.invoice(f"INV-{number}")
        book.reassign(invoice_id, "W", "2026-05-05 09:00")
        write(book, invoice_id, moment="2026-05-06 09:00")

        paid, claimed = race(
            book,
            claiming(book, invoice_id),
            paying(invoice_id),
            delays_seconds=(number % 2 * number / 500, (1 - number % 2) * number / 500),
        )[::-1]

        assert paid.refusal is None
        if isinstance(claimed.result, Claim):
            granted += 1
            assert claimed.done_at is not None
            assert paid.done_at is not None
            assert claimed.done_at < paid.done_at
        assert book.claim(invoice_id, "2026-05-06 09:00") is None
    assert granted <= 8


def claiming(book: Book, invoice_id: int) -> Callable[[Session], Any]:
    """Claim what is due and store its message."""
    return lambda session: book.prepare(session, invoice_id, "2026-05-06 09:00")


def paying(invoice_id: int) -> Callable[[Session], Any]:
    """Pay in full."""
    return lambda session: pay(session, invoice_id, Decimal(1000), a_change("2026-05-06 09:00"))


def test_a_message_in_a_persons_words_is_about_its_invoice_alone(book: Book) -> None:
    book.set(merges_same_day=True, contact_delay_scope="customer")
    book.publish(W)
    ids = [book.invoice(number) for number in ("INV-1", "INV-2")]
    for invoice_id in ids:
        book.reassign(invoice_id, "W", "2026-05-05 09:00")
        write(book, invoice_id, moment="2026-05-27 09:30")

    claims = [book.hand_over(invoice_id, "2026-05-27 09:30") for invoice_id in ids]

    assert [(one.step.id, one.others) for one in claims] == [(MESSAGE, ()), (MESSAGE, ())]


def test_a_message_that_comes_back_is_no_contact_and_its_writers_again(book: Book, followed: int) -> None:
    """Rule 2.16; the step that it was used as stays done, and the to-do is what is left of it."""
    write(book, followed, "S3")
    sent = book.send(followed, FRIDAY)
    first = book.message_of(sent).message_id

    bounced(book, followed, "2026-06-12 20:05")

    assert book.last_contact(followed) == on("2026-06-09")
    state, approved_by, because = state_of(book)
    assert (state, approved_by) == ("open", None)
    assert "the address does not exist" in str(because)
    assert book.statuses(followed)["S3"] == "done"

    book.run("UPDATE contacts SET email = 'bo@helios.example', unreachable_because = NULL")
    todo = book.one("SELECT id FROM actions WHERE step_id = :step", step=MESSAGE)
    book.do(lambda session: approve(session, todo, a_change("2026-06-13 10:00")))
    again = book.send(followed, "2026-06-13 10:00")

    assert book.message_of(again).message_id != first
    assert book.last_contact(followed) == on("2026-06-13")
    assert book.statuses(followed)["S3"] == "done"


def test_a_reply_to_a_message_is_known_by_its_thread(book: Book, followed: int) -> None:
    write(book, followed)
    book.send(followed, FRIDAY)

    came = taken(book, an_incoming("reply", message_id(book, followed), "2026-06-12 21:00"), "2026-06-12 21:00")

    assert came.invoice_ids == (followed,)
