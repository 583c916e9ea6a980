"""Messages that people write: the draft of a to-do, and their word that it goes out."""

from collections.abc import Callable
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from activities.drafts import DraftText, draft_text
from db.engine import Session
from db.operations.messages.drafts import Draft, approve, draft_of, edit_draft
from db.operations.messages.recording import hand_over, record_deferred, record_unreachable
from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.operations.settle import Settled
from db.operations.settlement.payments import pay
from db.operations.todos import Ending, complete_todo, snooze_todo
from db.queries.todos import action_line
from dunning.cadence import Channel
from dunning.decision import Send
from tests.db.book import Book, a_change, at, on
from tests.db.test_races import race
from tests.dunning.builders import a_cadence, a_step

STEP_DAY = "2026-06-04 08:30"
LATER = "2026-06-04 20:00"  # after the send hours, which are the product's and not people's


@pytest.fixture
def asked(book: Book) -> int:
    """An invoice whose manual mail at due+3 stands open; a mail that goes out by itself follows at +8."""
    book.publish(a_cadence([a_step("HAND", 3, manual=True), a_step("MAIL", 8)], name="Hands"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Hands", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)
    assert book.stage(invoice_id) == "todo"
    return invoice_id


@pytest.fixture
def todo(book: Book, asked: int) -> int:
    """The number of the manual mail."""
    return int(book.one("SELECT id FROM actions WHERE step_id = 'HAND'"))


def say_send(book: Book, todo: int, moment: str = LATER, by: str = "ana", event_id: str | None = None) -> None:
    """Let the message of the to-do go out."""
    book.do(lambda session: approve(session, todo, a_change(moment, by, event_id)))


def edit(book: Book, todo: int, subject: str | None, body: str | None, moment: str = LATER) -> None:
    """Change the draft."""
    book.do(lambda session: edit_draft(session, todo, Draft(subject, body), a_change(moment)))


def shown(book: Book, todo: int) -> DraftText | None:
    """Return the draft as it is shown."""

    def read(session: Session) -> DraftText | None:
        line = action_line(session, todo)
        assert line is not None
        return draft_text(session, line, draft_of(session, todo), at(LATER))

    text: DraftText | None = book.do(read)
    return text


def mail_of(book: Book, claim: Claim) -> EmailMessage:
    """Return the stored message, parsed."""
    parsed = message_from_bytes(book.message_of(claim).mime, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage) -> str:
    """Return its plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def claim(book: Book, invoice_id: int, moment: str = LATER) -> Claim:
    """Claim what is due and store its message."""
    return book.hand_over(invoice_id, moment)


def test_the_draft_is_the_template_with_its_tags_filled_in(book: Book, todo: int) -> None:
    text = shown(book, todo)

    assert text is not None
    assert not text.is_edited
    assert "INV-1" in text.subject + text.body
    assert "{{" not in text.subject + text.body


def test_what_a_person_changed_is_kept_and_the_rest_follows_the_template(book: Book, todo: int) -> None:
    before = shown(book, todo)
    edit(book, todo, "  Our\n call ", None)
    after = shown(book, todo)

    assert before is not None
    assert after == DraftText("Our call", before.body, is_edited=True)


@pytest.mark.parametrize(
    ("subject", "body", "said"),
    [(" ", None, "needs a subject"), ("x" * 251, None, "one line"), (None, "\n ", "needs a text"),
     (None, "a\x00b", "NUL"), (None, "a\udcffb", "UTF-8"), (None, "x" * 50_001, "at most"),
     ("a\x1bb", None, "a control")],
)  # fmt: skip
def test_what_cannot_be_a_message_is_refused(
    book: Book, todo: int, subject: str | None, body: str | None, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        edit(book, todo, subject, body)

    assert book.one("SELECT draft_subject IS NULL AND draft_body IS NULL FROM actions")


def test_what_a_person_wrote_goes_out_once_and_completes_the_todo(book: Book, asked: int, todo: int) -> None:
    edit(book, todo, "As we said", "Dear Ana,\n\nplease **pay**.\n")
    say_send(book, todo)
    assert book.stage(asked) == "due"

    claimed = claim(book, asked)
    mail = mail_of(book, claimed)
    book.accepted(claimed, LATER)

    assert mail["Subject"] == "As we said"
    assert text_of(mail).strip() == "Dear Ana,\n\nplease **pay**."
    html = mail.get_body(("html",))
    assert html is not None
    assert "please <strong>pay</strong>.</p>" in html.get_content()
    assert claimed.action_id == todo
    assert book.one("SELECT state, outcome, ended_by FROM actions WHERE id = :id", id=todo) == (
        "done",
        "sent",
        "ana",
    )
    assert book.statuses(asked) == {"HAND": "done"}
    assert book.last_contact(asked) == on("2026-06-04")
    assert book.next_step(asked) == ("MAIL", on("2026-06-09"))
    assert isinstance(book.claim(asked, LATER), Settled)
    assert book.messages(asked) == [("HAND", "sent")]


def test_the_same_word_counts_once_and_the_second_person_is_told(book: Book, asked: int, todo: int) -> None:
    say_send(book, todo, event_id="e1")
    say_send(book, todo, event_id="e1")

    with pytest.raises(Refused, match="ana said so already"):
        say_send(book, todo, by="bea")
    with pytest.raises(Refused, match="ana said that its message goes out"):
        book.do(lambda session: complete_todo(session, todo, Ending(), a_change(LATER, by="bea")))
    claim(book, asked)
    with pytest.raises(Refused, match=f"to-do {todo} is being sent"):
        book.do(lambda session: complete_todo(session, todo, Ending(), a_change(LATER, by="bea")))
    assert book.happened(asked).count("message approved") == 1


@pytest.mark.parametrize("takes_back", ["edit", "snooze"])
def test_an_edit_or_a_snooze_takes_the_word_back(book: Book, asked: int, todo: int, takes_back: str) -> None:
    say_send(book, todo)

    if takes_back == "edit":
        edit(book, todo, "Other", None)
    else:
        book.do(lambda session: snooze_todo(session, todo, on("2026-06-08"), a_change(LATER)))

    assert book.stage(asked) == "todo"
    assert isinstance(book.claim(asked, LATER), Settled)
    assert book.messages(asked) == []


def test_nothing_goes_out_once_the_invoice_is_paid(book: Book, asked: int, todo: int) -> None:
    say_send(book, todo)
    book.pay(asked, "1000", LATER)

    assert book.claim(asked, LATER) is None
    assert book.messages(asked) == []
    assert book.todos(asked) == [("HAND", "canceled")]
    with pytest.raises(Refused, match="was canceled"):
        say_send(book, todo)


def claiming(book: Book, invoice_id: int) -> Callable[[Session], Any]:
    """Claim what is due and store its message."""
    return lambda session: book.prepare(session, invoice_id, LATER)


def paying(invoice_id: int) -> Callable[[Session], Any]:
    """Pay in full."""
    return lambda session: pay(session, invoice_id, Decimal(1000), a_change(LATER))


def test_a_payment_and_the_claim_of_what_was_approved_never_cross(book: Book) -> None:
    book.publish(a_cadence([a_step("HAND", 3, manual=True)], name="Hands"))
    granted = 0
    for number in range(20):
        invoice_id = book.invoice(f"INV-{number}")
        book.reassign(invoice_id, "Hands", "2026-05-05 09:00")
        book.settle(invoice_id, STEP_DAY)
        say_send(book, book.one("SELECT max(id) FROM actions"))

        paid, claimed = race(
            book,
            claiming(book, invoice_id),
            paying(invoice_id),
            delays_seconds=(number % 2 * number / 1000, (1 - number % 2) * number / 1000),
        )[::-1]

        assert paid.refusal is None
        if isinstance(claimed.result, Claim):
            granted += 1
            assert claimed.done_at is not None
            assert paid.done_at is not None
            assert claimed.done_at < paid.done_at
        assert book.claim(invoice_id, LATER) is None
    assert 0 < granted < 20


@pytest.mark.parametrize("before_the_claim", [True, False])
def test_a_pause_in_between_keeps_it_in_and_after_it_the_message_goes_out(
    book: Book, asked: int, todo: int, before_the_claim: bool
) -> None:
    say_send(book, todo)
    if not before_the_claim:
        claimed = claim(book, asked)
        book.do(lambda session: record_deferred(session, claimed.action_id, "451 later"))
    book.pause(asked, LATER)

    held = book.claim(asked, LATER)
    assert isinstance(held, Settled)
    assert not isinstance(held.decision, Send)
    assert book.todos(asked) == [("HAND", "open")]
    with pytest.raises(Refused, match="ana said that its message goes out"):
        book.do(lambda session: complete_todo(session, todo, Ending(), a_change(LATER)))

    book.resume(asked, "2026-06-05 09:00")
    book.send(asked, "2026-06-05 09:00")
    assert book.messages(asked) == [("HAND", "sent")]
    assert book.todos(asked) == [("HAND", "done")]


def test_what_was_deferred_when_the_invoice_was_paid_asks_again_after_a_reversal(
    book: Book, asked: int, todo: int
) -> None:
    say_send(book, todo)
    claimed = claim(book, asked)
    book.do(lambda session: record_deferred(session, claimed.action_id, "451 later"))
    book.pay(asked, "1000", LATER)
    assert book.todos(asked) == [("HAND", "canceled")]

    book.reverse(asked, "1000", "2026-06-05 09:00")
    book.settle(asked, "2026-06-08 09:00")

    assert book.todos(asked) == [("HAND", "open")]
    assert book.stage(asked) == "todo"
    assert isinstance(book.claim(asked, "2026-06-08 09:00"), Settled)


@pytest.mark.parametrize("refusal", ["unreachable", "rejected"])
def test_a_message_that_is_refused_is_the_persons_again_with_the_reason(
    book: Book, asked: int, todo: int, refusal: str
) -> None:
    edit(book, todo, "As we said", None)
    say_send(book, todo)
    claimed = claim(book, asked)

    if refusal == "unreachable":
        to = book.message_of(claimed).recipients
        book.do(lambda session: record_unreachable(session, claimed, to, "550 no such user", a_change(LATER)))
    else:
        book.do(lambda session: hand_over(session, claimed, "554 no", a_change(LATER)))

    assert book.todos(asked) == [("HAND", "open")]
    assert book.stage(asked) == "todo"
    assert book.one("SELECT obstacle FROM actions") == (
        "550 no such user" if refusal == "unreachable" else "554 no"
    )
    assert book.one("SELECT approved_by IS NULL AND draft_subject = 'As we said' FROM actions")
    assert isinstance(book.claim(asked, LATER), Settled)


def test_a_repeat_after_a_crash_is_the_same_to_the_byte(book: Book, asked: int, todo: int) -> None:
    say_send(book, todo)
    first = claim(book, asked)
    before = book.message_of(first)

    again = book.claim(asked, "2026-06-04 20:05")

    assert isinstance(again, Claim)
    assert again.message is not None
    assert (again.message.mime, again.message.message_id) == (before.mime, before.message_id)
    assert again.unanswered == 1


def test_an_automatic_step_that_could_not_be_written_goes_out_in_a_persons_words(book: Book, asked: int) -> None:
    book.do(lambda session: complete_todo(session, 1, Ending("ignored"), a_change(LATER)))
    claimed = claim(book, asked, "2026-06-09 08:30")
    book.do(lambda session: hand_over(session, claimed, "unknown tag", a_change("2026-06-09 08:30")))
    todo = book.one("SELECT id FROM actions WHERE step_id = 'MAIL'")

    edit(book, todo, "By hand", "Please pay.", "2026-06-09 10:00")
    say_send(book, todo, "2026-06-09 10:00")
    mail = mail_of(book, claim(book, asked, "2026-06-09 10:00"))

    assert (mail["Subject"], text_of(mail).strip()) == ("By hand", "Please pay.")
    assert mail["Message-ID"] == book.one("SELECT message_id FROM messages")


@pytest.mark.parametrize(
    ("obstacle", "said"),
    [("pause", "nothing goes out: pause"), ("hide", "hidden from its customer"), ("address", "cannot be sent")],
)
def test_what_must_not_or_cannot_go_out_is_refused(
    book: Book, asked: int, todo: int, obstacle: str, said: str
) -> None:
    match obstacle:
        case "pause":
            book.pause(asked, "2026-06-04 12:00")
        case "hide":
            book.run("UPDATE invoices SET is_hidden = true")
        case _:
            book.run("UPDATE contacts SET unreachable_because = '550 no'")

    with pytest.raises(Refused, match=said):
        say_send(book, todo)

    assert book.one("SELECT approved_by IS NULL FROM actions WHERE id = :id", id=todo)


def test_only_an_email_of_the_cadence_is_sent_from_here(book: Book) -> None:
    steps = [a_step("SMS", 3, Channel.SMS, manual=True), a_step("CALL", 5, Channel.CALL)]
    book.publish(a_cadence(steps, name="Others"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Others", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)

    with pytest.raises(Refused, match="of the channel sms cannot be sent from here"):
        say_send(book, 1)
    edit(book, 1, None, "Please pay.")
    book.do(lambda session: complete_todo(session, 1, Ending("ignored"), a_change(LATER)))
    book.settle(invoice_id, "2026-06-06 09:00")
    with pytest.raises(Refused, match="a call has no message"):
        edit(book, 2, "x", None)


def test_messages_in_persons_words_are_not_merged(book: Book) -> None:
    book.set(merges_same_day=True)
    book.publish(a_cadence([a_step("HAND", 3, manual=True)], name="Hands"))
    ids = [book.invoice(number) for number in ("INV-1", "INV-2")]
    for invoice_id in ids:
        book.reassign(invoice_id, "Hands", "2026-05-05 09:00")
        book.settle(invoice_id, STEP_DAY)
    for todo in book.rows("SELECT id FROM actions ORDER BY id"):
        edit(book, todo, f"About {todo}", None)
        say_send(book, todo)

    claims = [claim(book, invoice_id) for invoice_id in ids]

    assert [mail_of(book, one)["Subject"] for one in claims] == [f"About {one.action_id}" for one in claims]
    assert [one.others for one in claims] == [(), ()]
