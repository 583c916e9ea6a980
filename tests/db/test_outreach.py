"""Contacts outside the cadence, and to-dos put off."""

import pytest

from db.operations.messages.recording import record_deferred
from db.operations.messages.sending import Claim
from db.operations.outreach import log_contact
from db.operations.refusal import Refused
from db.operations.todos import snooze
from dunning.cadence import Channel
from tests.db.book import Book, a_change, on
from tests.dunning.builders import reminders


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01, announced on Fri 05-29; the reminder goes out on Thu 06-04."""
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    return invoice_id


@pytest.fixture
def called_upon(book: Book, invoice_id: int) -> int:
    """The invoice when its to-do, a call, stands open since Fri 06-19."""
    book.send(invoice_id, "2026-06-04 08:30")
    book.send(invoice_id, "2026-06-11 08:30")
    book.settle(invoice_id, "2026-06-19 08:30")
    return invoice_id


def contacted(
    book: Book, invoice_id: int, moment: str, as_step: str | None = None, channel: Channel = Channel.EMAIL
) -> None:
    """Log a contact."""
    change = a_change(moment)
    book.do(lambda session: log_contact(session, invoice_id, channel, as_step, "at the fair", change))


def test_a_contact_counts_for_the_delay_under_whatever_cadence(book: Book, invoice_id: int) -> None:
    book.publish(reminders(3, name="Other"))

    contacted(book, invoice_id, "2026-06-03 10:00")

    assert book.next_step(invoice_id) == ("reminder", on("2026-06-08"))
    book.reassign(invoice_id, "Other", "2026-06-03 11:00")
    assert book.next_step(invoice_id) == ("S0", on("2026-06-08"))
    entry = "SELECT data FROM timeline WHERE kind = 'contacted'"
    assert book.one(entry) == {"channel": "email", "note": "at the fair"}


def test_a_contact_while_no_cadence_follows_the_invoice_up_counts_later(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-06-02 10:00")
    contacted(book, invoice_id, "2026-06-03 10:00")

    book.reassign(invoice_id, "Standard", "2026-06-03 11:00")

    assert book.next_step(invoice_id) == ("reminder", on("2026-06-08"))


def test_a_contact_may_be_a_step_that_is_done_then(book: Book, invoice_id: int) -> None:
    contacted(book, invoice_id, "2026-06-03 10:00", "reminder", Channel.CALL)

    assert book.statuses(invoice_id) == {"upcoming": "done", "reminder": "done"}
    assert book.next_step(invoice_id) == ("second-reminder", on("2026-06-11"))
    done = "SELECT channel, state, outcome, ended_on FROM actions WHERE step_id = 'reminder'"
    assert book.one(done) == ("call", "done", "contacted", on("2026-06-03"))


def test_a_contact_as_the_open_step_ends_its_todo(book: Book, called_upon: int) -> None:
    contacted(book, called_upon, "2026-06-22 10:00", "call", Channel.CALL)

    assert book.todos(called_upon)[-1] == ("call", "done")
    assert book.next_step(called_upon)[0] == "final-notice"


def test_a_message_that_waits_for_another_attempt_does_not_follow_a_contact(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, "2026-06-04 08:30")
    book.do(lambda session: record_deferred(session, claim.action_id, "451 later"))

    contacted(book, invoice_id, "2026-06-04 09:00", "reminder")

    assert not isinstance(book.claim(invoice_id, "2026-06-04 09:30"), Claim)
    assert book.messages(invoice_id)[-1] == ("reminder", "withdrawn")
    assert book.todos(invoice_id)[-1] == ("reminder", "done")


def test_a_message_being_handed_over_tells_by_itself_that_it_went_out(book: Book, invoice_id: int) -> None:
    claim = book.hand_over(invoice_id, "2026-06-04 08:30")

    contacted(book, invoice_id, "2026-06-04 08:30", "reminder")
    book.accepted(claim, "2026-06-04 08:31")

    assert book.messages(invoice_id)[-1] == ("reminder", "sent")
    assert book.statuses(invoice_id)["reminder"] == "done"


@pytest.mark.parametrize(
    ("step", "channel", "said"),
    [
        ("upcoming", Channel.EMAIL, "step upcoming is not to come"),
        ("nope", Channel.EMAIL, "step nope is not to come"),
        (None, Channel.TASK, "a task is no contact"),
    ],
)
def test_a_contact_that_makes_no_sense_leaves_no_trace(
    book: Book, invoice_id: int, step: str | None, channel: Channel, said: str
) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match=said):
        contacted(book, invoice_id, "2026-06-03 10:00", step, channel)

    assert book.happened(invoice_id) == before


def snoozed(book: Book, invoice_id: int, until: str, moment: str = "2026-06-20 10:00", step: str = "call") -> None:
    """Snooze."""
    book.do(lambda session: snooze(session, invoice_id, step, on(until), a_change(moment)))


def test_a_snoozed_todo_stays_open_and_comes_back_on_its_day(book: Book, called_upon: int) -> None:
    snoozed(book, called_upon, "2026-06-25")

    assert book.todos(called_upon)[-1] == ("call", "open")
    settled = book.settle(called_upon, "2026-06-24 10:00")
    assert settled is not None
    assert any("2026-06-25" in str(reason) for reason in settled.projection.because)
    book.complete(called_upon, "call", "reached", "2026-06-24 11:00")
    assert book.next_step(called_upon)[0] == "final-notice"


@pytest.mark.parametrize(
    ("until", "step", "said"),
    [
        ("2026-06-20", "call", "a to-do is put off until a day after today"),
        ("2026-06-25", "reminder", "it has no open to-do of step reminder"),
    ],
)
def test_a_snooze_that_makes_no_sense_is_refused(
    book: Book, called_upon: int, until: str, step: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        snoozed(book, called_upon, until, step=step)
