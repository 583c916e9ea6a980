"""What people say of a to-do, by its number: outcomes with their effects, hand-overs, and who was faster."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from db.engine import Session
from db.operations.refusal import Refused
from db.operations.todos import Ending, assign_todo, complete_todo, outcomes_of, snooze_todo
from dunning.cadence import Channel, Logic
from tests.db.book import Book, a_change, on
from tests.db.test_races import race
from tests.dunning.builders import a_cadence, a_step

STEP_DAY = "2026-06-04 08:30"
LATER = "2026-06-04 15:00"


@pytest.fixture
def asked(book: Book) -> int:
    """An invoice whose call at due+3 stands open; a mail follows at +8."""
    book.publish(a_cadence([a_step("CALL", 3, Channel.CALL), a_step("MAIL", 8)], name="Calls"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Calls", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)
    return invoice_id


@pytest.fixture
def todo(book: Book, asked: int) -> int:
    """The number of the call."""
    return int(book.one("SELECT id FROM actions WHERE step_id = 'CALL'"))


def end(
    book: Book, todo: int, ending: Ending, moment: str = LATER, by: str = "ana", event: str | None = None
) -> None:
    """End a to-do by its number."""
    book.do(lambda session: complete_todo(session, todo, ending, a_change(moment, by, event)))


def test_a_promise_on_the_phone_is_made_with_the_end_of_the_call(book: Book, asked: int, todo: int) -> None:
    end(book, todo, Ending("promised", on("2026-06-12")), event="e1")
    end(book, todo, Ending("promised", on("2026-06-12")), event="e1")

    assert book.rows("SELECT promised_for, outcome, made_by FROM promises") == [(on("2026-06-12"), "open", "ana")]
    assert book.last_contact(asked) == on("2026-06-04")
    assert (book.stage(asked), book.next_step(asked)) == ("held", ("MAIL", on("2026-06-15")))
    assert book.happened(asked)[-2:] == ["to-do ended", "promised"]


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending("promised"), "needs the day"),
        (Ending("promised", on("2026-06-03")), "a promise is for today"),
        (Ending("promised", on("2026-06-12"), amount=Decimal(2000)), "outstanding"),
        (Ending("reached", on("2026-06-12")), "goes with the outcome promised"),
        (Ending("sent"), "ends as one of done, reached"),
    ],
)
def test_a_promise_that_cannot_be_made_ends_nothing(
    book: Book, asked: int, todo: int, ending: Ending, said: str
) -> None:
    before = book.happened(asked)

    with pytest.raises(Refused, match=said):
        end(book, todo, ending)

    assert book.todos(asked) == [("CALL", "open")]
    assert book.happened(asked) == before
    assert book.rows("SELECT id FROM promises") == []


def test_a_dispute_on_the_phone_holds_contact(book: Book, asked: int, todo: int) -> None:
    end(book, todo, Ending("disputed", text="never delivered"))

    assert book.rows("SELECT kind, reason FROM holds") == [("dispute", "never delivered")]
    assert book.stage(asked) == "held"


def test_who_disputes_it_again_has_not_raised_a_second_dispute(book: Book, asked: int, todo: int) -> None:
    book.run(
        "INSERT INTO holds (invoice_id, kind, started_at, started_by) VALUES (:id, 'dispute', now(), 'bea')",
        id=asked,
    )

    end(book, todo, Ending("disputed"))

    assert book.rows("SELECT started_by FROM holds") == ["bea"]
    assert book.todos(asked) == [("CALL", "done")]


def test_only_a_call_is_reached_and_only_customers_promise() -> None:
    assert "voicemail" in outcomes_of("step", Channel.CALL)
    assert outcomes_of("step", Channel.LETTER) == ("done", "ignored")
    assert outcomes_of("parked", Channel.TASK) == ("done", "ignored")
    assert outcomes_of("reply", Channel.EMAIL) == ("done", "promised", "disputed", "ignored")


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER])
def test_what_was_written_by_hand_is_a_contact(book: Book, channel: Channel) -> None:
    book.publish(a_cadence([a_step("HAND", 3, channel, manual=True), a_step("MAIL", 8)], name="Hands"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Hands", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)

    end(book, book.one("SELECT id FROM actions"), Ending(), "2026-06-08 15:00")

    assert book.last_contact(invoice_id) == on("2026-06-08")
    assert book.next_step(invoice_id) == ("MAIL", on("2026-06-15"))  # 06-13 is a Saturday


def test_the_second_owner_is_told_who_was_first_and_when(book: Book, asked: int, todo: int) -> None:
    end(book, todo, Ending("voicemail"))
    before = book.happened(asked)
    later: list[Callable[[Session], int]] = [
        lambda session: complete_todo(session, todo, Ending("reached"), a_change(LATER, by="bea")),
        lambda session: complete_todo(session, todo, Ending("ignored"), a_change(LATER, by="bea")),
        lambda session: snooze_todo(session, todo, on("2026-06-20"), a_change(LATER, by="bea")),
        lambda session: assign_todo(session, todo, "Cash Collectors", a_change(LATER, by="bea")),
    ]

    for order in later:
        said = rf"to-do {todo} was done by ana \(voicemail\) on 2026-06-04 at 15:00"
        with pytest.raises(Refused, match=said):
            book.do(order)

    assert book.happened(asked) == before
    assert book.one("SELECT outcome, ended_by FROM actions") == ("voicemail", "ana")


def test_of_owners_at_the_same_moment_one_wins_and_the_others_know_who(book: Book) -> None:
    book.publish(a_cadence([a_step("CALL", 3, Channel.CALL)], name="Calls"))
    for number in range(15):
        invoice_id = book.invoice(f"INV-{number}")
        book.reassign(invoice_id, "Calls", "2026-05-05 09:00")
        book.settle(invoice_id, STEP_DAY)
        todo = book.one("SELECT max(id) FROM actions")

        def ending(by: str, outcome: str, todo: int = todo) -> Callable[[Session], int]:
            return lambda session: complete_todo(session, todo, Ending(outcome), a_change(LATER, by))

        people = {"ana": "reached", "bea": "voicemail", "cid": "ignored", "dot": "no answer"}
        ended = race(book, *(ending(by, outcome) for by, outcome in people.items()))

        winner, outcome = book.one("SELECT ended_by, outcome FROM actions WHERE id = :id", id=todo)
        assert people[winner] == outcome
        refusals = [str(one.refusal) for one in ended if one.refusal is not None]
        assert len(refusals) == 3
        assert all(f"by {winner}" in refusal for refusal in refusals)
        assert book.happened(invoice_id).count("to-do ended") == 1


def giving(todo: int, owner: str) -> Callable[[Session], int]:
    """Give the to-do to somebody."""
    return lambda session: assign_todo(session, todo, owner, a_change(LATER))


def test_a_todo_is_handed_to_a_user_or_a_group(book: Book, asked: int, todo: int) -> None:
    book.run("INSERT INTO users (email, name) VALUES ('Bea@duewell.example', 'Bea')")
    book.run("INSERT INTO users (email, name, is_active) VALUES ('old@duewell.example', 'Old', false)")
    book.run("INSERT INTO groups (name) VALUES ('Disputes')")

    for owner, known_as in [("bea@duewell.example", "Bea@duewell.example"), (" disputes", "Disputes")]:
        book.do(giving(todo, owner))
        assert book.one("SELECT owner FROM actions") == known_as
    for nobody, said in [("old@duewell.example", "not active"), ("Nobody", "no user .* no group")]:
        with pytest.raises(Refused, match=said):
            book.do(giving(todo, nobody))

    assert book.happened(asked).count("to-do assigned") == 2
    assert book.one("SELECT owner FROM actions") == "Disputes"


def test_what_is_superseded_names_whose_it_was(book: Book) -> None:
    steps = [a_step("CALL", 3, Channel.CALL), a_step("MAIL", 8)]
    book.publish(a_cadence(steps, name="Calls", logic=Logic.CONTEXTUAL))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Calls", "2026-05-05 09:00")
    book.settle(invoice_id, STEP_DAY)

    book.settle(invoice_id, "2026-06-09 09:00")

    data = book.one("SELECT data FROM timeline WHERE kind = 'step expired'")
    assert data == {"step": "CALL", "because": "superseded", "owners": ["Cash Collectors"]}
    with pytest.raises(Refused, match="has expired: a later step"):
        end(book, book.one("SELECT id FROM actions WHERE step_id = 'CALL'"), Ending())


def test_there_is_no_other_todo(book: Book) -> None:
    with pytest.raises(Refused, match="there is no to-do 17"):
        end(book, 17, Ending())
