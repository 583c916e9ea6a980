"""What people do about the steps that wait for them."""

import pytest

from db.operations.refusal import Refused
from dunning.cadence import Channel
from tests.db.book import Book, on
from tests.dunning.builders import a_cadence, a_step

STEP_DAY = "2026-06-04 08:30"


@pytest.fixture
def asked(book: Book) -> int:
    """An invoice whose to-do, a call at due+3, stands open; a task and a mail follow at +4 and +8."""
    steps = [a_step("CALL", 3, Channel.CALL), a_step("TASK", 4, Channel.TASK), a_step("MAIL", 8)]
    book.publish(a_cadence(steps, name="Calls"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Calls", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)
    assert book.stage(invoice_id) == "todo"
    return invoice_id


@pytest.mark.parametrize("outcome", ["done", "reached", "no answer", "voicemail", "wrong number"])
def test_a_call_that_was_made_is_a_contact(book: Book, asked: int, outcome: str) -> None:
    book.complete(asked, "CALL", outcome, "2026-06-05 15:00")

    assert book.last_contact(asked) == on("2026-06-05")
    assert book.statuses(asked)["CALL"] == "done"
    assert book.one("SELECT outcome, state, ended_by, ended_on FROM actions WHERE step_id = 'CALL'") == (
        outcome,
        "done",
        "ana",
        on("2026-06-05"),
    )
    assert book.next_step(asked) == ("TASK", on("2026-06-10"))


def test_a_task_is_no_contact(book: Book, asked: int) -> None:
    book.complete(asked, "CALL", "ignored", "2026-06-05 15:00")
    assert book.next_step(asked)[0] == "TASK"

    book.complete(asked, "TASK", "done", "2026-06-05 16:00")

    assert book.last_contact(asked) is None
    assert book.next_step(asked) == ("MAIL", on("2026-06-09"))


def test_what_is_ignored_is_no_contact_and_jumps_to_the_next_step(book: Book, asked: int) -> None:
    book.complete(asked, "CALL", "ignored", "2026-06-04 15:00")

    assert book.last_contact(asked) is None
    assert book.statuses(asked) == {"CALL": "ignored"}
    assert book.todos(asked)[0] == ("CALL", "ignored")
    assert book.next_step(asked) == ("TASK", on("2026-06-05"))


def test_the_first_to_end_a_todo_wins_and_the_other_is_told(book: Book, asked: int) -> None:
    book.complete(asked, "CALL", "reached", "2026-06-04 15:00", by="ana")

    said = r"it has no open to-do of step CALL; to-do \d+ was done by ana \(reached\) on 2026-06-04 at 15:00"
    with pytest.raises(Refused, match=said):
        book.complete(asked, "CALL", "ignored", "2026-06-04 15:01", by="bea")

    assert book.one("SELECT outcome, ended_by FROM actions WHERE step_id = 'CALL'") == ("reached", "ana")
    assert book.happened(asked).count("to-do ended") == 1


def test_the_only_todo_needs_no_name(book: Book, asked: int) -> None:
    book.complete(asked, None, "reached", "2026-06-04 15:00")

    assert book.statuses(asked)["CALL"] == "done"


def test_an_outcome_that_is_told_twice_counts_once(book: Book, asked: int) -> None:
    book.complete(asked, None, "ignored", "2026-06-05 15:00", event_id="e1")
    assert book.statuses(asked) == {"CALL": "ignored", "TASK": "open"}

    book.complete(asked, None, "ignored", "2026-06-05 15:01", event_id="e1")

    assert book.statuses(asked) == {"CALL": "ignored", "TASK": "open"}


@pytest.mark.parametrize(
    ("step", "outcome", "said"),
    [
        ("CALL", "reached him", "an outcome is one of done, reached"),
        ("CALL", "", "an outcome is one of"),
        ("MAIL", "done", "no open to-do of step MAIL"),
        ("TASK", "done", "no open to-do of step TASK"),
    ],
)
def test_what_is_no_outcome_or_no_open_todo_is_refused(
    book: Book, asked: int, step: str, outcome: str, said: str
) -> None:
    before = book.happened(asked)

    with pytest.raises(Refused, match=said):
        book.complete(asked, step, outcome, "2026-06-04 15:00", event_id="e1")

    assert book.happened(asked) == before
    book.complete(asked, "CALL", "done", "2026-06-04 15:00", event_id="e1")


def test_the_timeline_says_which_step_ended_and_how(book: Book, asked: int) -> None:
    book.complete(asked, None, "voicemail", "2026-06-04 15:00")

    data = book.one("SELECT data FROM timeline WHERE kind = 'to-do ended'")
    todo = book.one("SELECT id FROM actions WHERE step_id = 'CALL'")
    assert data == {"todo": todo, "step": "CALL", "outcome": "voicemail"}
    assert book.one("SELECT collection_id IS NOT NULL FROM timeline WHERE kind = 'to-do ended'")


def test_a_todo_of_a_paid_invoice_cannot_be_ended(book: Book, asked: int) -> None:
    book.pay(asked, "1000", "2026-06-04 15:00")

    with pytest.raises(Refused, match="it has no open to-do"):
        book.complete(asked, None, "reached", "2026-06-04 16:00")
