"""What a new version makes of running collections: the ledger and the pure core say the same."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dunning.cadence import Cadence, Execution, Logic
from dunning.edition import edited
from dunning.facts import Facts, StepStatus
from tests.db.book import Book, on
from tests.db.versions import NAME, a_version, at_rest, call, collection_of, facts_of, is_in_force, mail, repeating

# INV-1 is issued 2026-05-02 and due Mon 2026-06-01.
FIRST, LAST = mail("first", 3), mail("last", 20)
BASE = a_version(FIRST, call("call", 8), LAST)
TODO_DAY = "2026-06-09 09:00"
EDITED = "cadence edited"


def begun(book: Book, cadence: Cadence = BASE) -> int:
    """Return an invoice under the cadence, whose first step went out on Thu 06-04."""
    book.publish(cadence)
    invoice_id = book.invoice()
    book.reassign(invoice_id, NAME, "2026-05-05 09:00")
    book.send(invoice_id, "2026-06-04 08:30")
    return invoice_id


def called_upon(book: Book, cadence: Cadence = BASE) -> int:
    """Return an invoice under the cadence when its to-do, the second step, stands open."""
    invoice_id = begun(book, cadence)
    book.settle(invoice_id, TODO_DAY)
    assert StepStatus.OPEN in facts_of(book, invoice_id).statuses.values()
    return invoice_id


def why(book: Book, invoice_id: int, kind: str) -> list[tuple[str, str]]:
    """Return step and reason of the timeline's entries of a kind."""
    return book.rows(
        "SELECT data->>'step', data->>'because' FROM timeline WHERE invoice_id = :id AND kind = :kind ORDER BY id",
        id=invoice_id,
        kind=kind,
    )


@dataclass(frozen=True)
class Edit:
    """A new version, of a collection that stands somewhere at a moment."""

    stands: Callable[[Book], int]
    moment: str
    then: Cadence


EDITS = {
    "a step inserted before the last done one": Edit(
        begun, "2026-06-05 09:00", a_version(mail("new", 1), FIRST, call("call", 8), LAST)
    ),
    "a step inserted on the day of the last done one": Edit(
        begun, "2026-06-05 09:00", a_version(FIRST, mail("new", 3), call("call", 8), LAST)
    ),
    "a step inserted after the last done one": Edit(
        begun, "2026-06-05 09:00", a_version(FIRST, mail("new", 5), call("call", 8), LAST)
    ),
    "a step inserted while a to-do is open": Edit(
        called_upon, "2026-06-10 09:00", a_version(FIRST, mail("new", 5), call("call", 8), LAST)
    ),
    "the step of an open to-do removed": Edit(called_upon, "2026-06-10 09:00", a_version(FIRST, LAST)),
    "a pending step removed": Edit(begun, "2026-06-05 09:00", a_version(FIRST, call("call", 8))),
    "the step that is done removed": Edit(begun, "2026-06-05 09:00", a_version(call("call", 8), LAST)),
    "every step replaced": Edit(called_upon, "2026-06-10 09:00", a_version(mail("x", 12), mail("y", 25))),
    "an open to-do made automatic": Edit(
        lambda book: called_upon(book, a_version(FIRST, mail("letter", 8, manual=True), LAST)),
        "2026-06-10 07:00",
        a_version(FIRST, mail("letter", 8), LAST),
    ),
    "a step made manual that is due": Edit(
        begun, "2026-06-22 10:00", a_version(FIRST, mail("call", 8, manual=True), LAST)
    ),
    "an offset changed": Edit(begun, "2026-06-05 09:00", a_version(FIRST, call("call", 11), LAST)),
    "the offset of an open to-do changed": Edit(
        called_upon, "2026-06-10 09:00", a_version(FIRST, call("call", 15), LAST)
    ),
    "the minimum contact delay changed": Edit(
        begun, "2026-06-05 09:00", a_version(FIRST, call("call", 8), LAST, delay_days=12)
    ),
    "the logic changed": Edit(
        called_upon, "2026-06-22 07:00", a_version(FIRST, call("call", 8), LAST, logic=Logic.CONTEXTUAL)
    ),
    "the last step repeats": Edit(
        begun, "2026-06-05 09:00", a_version(FIRST, call("call", 8), repeating(LAST, 7, 2))
    ),
    "the steps turned around": Edit(begun, "2026-06-05 09:00", a_version(LAST, call("call", 8), FIRST)),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_ledger_makes_of_an_edit_what_the_core_does(book: Book, name: str) -> None:
    """Rules 6.3 to 6.5."""
    edit = EDITS[name]
    invoice_id = edit.stands(book)
    before = facts_of(book, invoice_id)

    book.publish(edit.then)
    book.settle(invoice_id, edit.moment)

    expected = at_rest(edited(before, edit.then), edit.moment)
    assert facts_of(book, invoice_id) == expected
    assert collection_of(book, invoice_id).version_id == collection_of(book, invoice_id).published_version_id
    assert open_todos(book, invoice_id) == todos(expected)


def open_todos(book: Book, invoice_id: int) -> set[str]:
    """Return the steps with an open action."""
    return {step for step, state in book.todos(invoice_id) if state == "open"}


def todos(facts: Facts) -> set[str]:
    """Return the steps whose to-do is open."""
    return {step_id for step_id, status in facts.statuses.items() if status is StepStatus.OPEN}


def test_nothing_changes_until_a_collection_is_settled_and_then_at_once(book: Book) -> None:
    """Rule 6.3: what is sent is decided by the version in force, whether anybody came by before or not."""
    invoice_id = begun(book, a_version(FIRST, mail("second", 10), LAST))
    before = facts_of(book, invoice_id)

    book.publish(a_version(FIRST, mail("second", 30), LAST))

    assert facts_of(book, invoice_id) == before
    assert book.next_step(invoice_id) == ("second", on("2026-06-11"))
    claim = book.claim(invoice_id, "2026-06-11 08:30")
    assert claim is not None
    assert book.messages(invoice_id) == [("first", "sent")]
    assert book.next_step(invoice_id) == ("last", on("2026-06-22"))


def test_an_inserted_step_is_skipped_before_the_last_done_one_and_the_timeline_says_so(book: Book) -> None:
    """Rule 6.4."""
    invoice_id = begun(book)

    book.publish(a_version(mail("new", 1), FIRST, mail("later", 5), call("call", 8), LAST))
    book.settle(invoice_id, "2026-06-05 09:00")

    assert book.statuses(invoice_id) == {"first": "done", "new": "skipped"}
    assert book.next_step(invoice_id) == ("later", on("2026-06-09"))
    assert why(book, invoice_id, "step skipped") == [("new", EDITED)]


def test_the_to_do_of_a_removed_step_is_canceled_with_its_action_and_the_timeline_says_why(book: Book) -> None:
    """Rule 6.5."""
    invoice_id = called_upon(book)

    book.publish(a_version(FIRST, LAST))
    book.settle(invoice_id, "2026-06-10 09:00")

    assert book.todos(invoice_id) == [("first", "done"), ("call", "canceled")]
    assert why(book, invoice_id, "to-do canceled") == [("call", EDITED)]
    assert book.next_step(invoice_id) == ("last", on("2026-06-22"))


def test_a_step_made_automatic_goes_out_by_itself_and_its_to_do_is_canceled(book: Book) -> None:
    """Rule 6.5."""
    invoice_id = called_upon(book, a_version(FIRST, mail("letter", 8, manual=True), LAST))

    book.publish(a_version(FIRST, mail("letter", 8), LAST))
    book.settle(invoice_id, "2026-06-10 07:00")

    assert book.todos(invoice_id) == [("first", "done"), ("letter", "canceled")]
    book.send(invoice_id, "2026-06-10 08:30")
    assert book.messages(invoice_id) == [("first", "sent"), ("letter", "sent")]


def test_a_step_made_manual_asks_a_person_at_the_next_run(book: Book) -> None:
    """Rule 6.5."""
    invoice_id = begun(book, a_version(FIRST, mail("second", 10), LAST))

    book.publish(a_version(FIRST, mail("second", 10, manual=True), LAST))
    book.settle(invoice_id, "2026-06-11 08:30")

    assert open_todos(book, invoice_id) == {"second"}
    assert book.messages(invoice_id) == [("first", "sent")]


def test_a_to_do_of_an_obstacle_stays_when_its_step_is_made_manual(book: Book) -> None:
    """Rules 4.4 and 6.5: it does not go out by itself any more, although its obstacle is gone."""
    invoice_id = begun(book, a_version(FIRST, mail("second", 10), LAST))
    book.run("UPDATE contacts SET unreachable_because = '550 no such user'")
    book.settle(invoice_id, "2026-06-11 08:30")
    before = facts_of(book, invoice_id)
    manual = a_version(FIRST, mail("second", 10, manual=True), LAST)

    book.publish(manual)
    book.run("UPDATE contacts SET unreachable_because = NULL")
    book.settle(invoice_id, "2026-06-12 09:00")

    assert before.handed_over == {"second"}
    assert open_todos(book, invoice_id) == {"second"}
    assert book.stage(invoice_id) == "todo"
    assert manual.steps[1].execution is Execution.MANUAL


def test_a_repetition_that_is_open_keeps_its_run_when_its_step_is_removed_and_comes_back(book: Book) -> None:
    """Rules 2.13 and 6.5."""
    again = repeating(call("again", 5), 7, 3)
    invoice_id = begun(book, a_version(FIRST, again))
    book.settle(invoice_id, "2026-06-09 09:00")
    book.complete(invoice_id, "again", "reached", "2026-06-09 10:00")
    book.settle(invoice_id, "2026-06-16 09:00")
    before = facts_of(book, invoice_id)
    without, back = a_version(FIRST, mail("far", 90)), a_version(FIRST, mail("far", 90), again)

    book.publish(without)
    book.settle(invoice_id, "2026-06-17 09:00")
    book.publish(back)
    book.settle(invoice_id, "2026-06-18 09:00")

    gone = at_rest(edited(before, without), "2026-06-17 09:00")
    assert facts_of(book, invoice_id) == at_rest(edited(gone, back), "2026-06-18 09:00")
    assert facts_of(book, invoice_id).runs["again"].occurrence == 1


def test_going_back_and_forth_between_versions_is_what_the_core_makes_of_it(book: Book) -> None:
    """Rules 6.3 to 6.5."""
    other = a_version(mail("early", 2), FIRST, mail("call", 12), repeating(LAST, 5, 1), logic=Logic.CONTEXTUAL)
    invoice_id = called_upon(book)
    facts = facts_of(book, invoice_id)

    for day, version in enumerate([other, BASE, other, BASE, other], start=10):
        moment = f"2026-06-{day} 07:00"
        book.publish(version)
        book.settle(invoice_id, moment)
        facts = at_rest(edited(facts, version), moment)
        assert facts_of(book, invoice_id) == facts, moment
        assert open_todos(book, invoice_id) == todos(facts), moment


def test_versions_that_nobody_settled_under_leave_no_trace(book: Book) -> None:
    """Rule 6.3: the to-do's step was gone for a moment in between."""
    invoice_id = called_upon(book)

    book.publish(a_version(FIRST, LAST))
    book.publish(a_version(FIRST, call("call", 9), LAST))
    book.settle(invoice_id, "2026-06-10 09:00")

    assert open_todos(book, invoice_id) == {"call"}
    assert why(book, invoice_id, "to-do canceled") == []


def test_coming_back_to_a_cadence_that_was_edited_meanwhile_skips_what_was_inserted_before(book: Book) -> None:
    """Rules 5.3 and 6.4."""
    invoice_id = begun(book)
    book.reassign(invoice_id, "Standard", "2026-06-05 09:00")
    then = a_version(mail("new", 1), FIRST, call("call", 8), LAST)

    book.publish(then)
    book.reassign(invoice_id, NAME, "2026-06-05 10:00")

    assert book.statuses(invoice_id) == {"first": "done", "new": "skipped"}
    assert book.do(lambda session: is_in_force(session, then))


@pytest.mark.parametrize("outcome", ["reached", "ignored"])
def test_a_to_do_whose_step_was_removed_can_be_ended_until_its_collection_takes_the_edition_up(
    book: Book, outcome: str
) -> None:
    # Who called was in time: what they did is kept, and what follows is as the new edition has it.
    invoice_id = called_upon(book)
    book.publish(a_version(FIRST, LAST))

    book.complete(invoice_id, "call", outcome, "2026-06-10 09:00")

    assert book.rows("SELECT outcome FROM actions WHERE step_id = 'call'") == [outcome]
    facts = facts_of(book, invoice_id)
    assert facts.cadence is not None
    assert [step.id for step in facts.cadence.steps] == ["first", "last"]
    assert StepStatus.OPEN not in facts.statuses.values()
