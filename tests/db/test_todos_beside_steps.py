"""Work beside the steps of a cadence: replies that ask for an answer, and parked collections."""

import pytest

from db.operations.park import park
from db.operations.refusal import Refused
from db.operations.todos import Ending, complete_todo, snooze_todo
from dunning.cadence import Channel
from tests.db.book import Book, a_change, at, on
from tests.dunning.builders import a_cadence, a_step

STEP_DAY = "2026-06-04 08:30"
_ADD = """
INSERT INTO actions
       (collection_id, invoice_id, customer_id, cadence_id, kind, step_id, channel, execution, state, owner,
        due_on)
SELECT c.id, i.id, i.customer_id, c.cadence_id, :kind, :step, :channel, 'manual', 'open', 'Cash Collectors',
       :due_on
  FROM collections c JOIN invoices i ON i.id = c.invoice_id WHERE i.id = :invoice_id AND c.closed_at IS NULL
"""


def add(book: Book, invoice_id: int, kind: str, channel: str, due: str = "2026-06-02") -> int:
    """Add a to-do beside the steps, and return its id."""
    book.run(_ADD, kind=kind, step=f"({kind})", channel=channel, due_on=on(due), invoice_id=invoice_id)
    return int(book.one("SELECT max(id) FROM actions"))


@pytest.fixture
def asked(book: Book) -> int:
    """An invoice with a reply to answer, and then a call at due+3 that stands open."""
    book.publish(a_cadence([a_step("CALL", 3, Channel.CALL), a_step("MAIL", 8)], name="Calls"))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Calls", "2026-05-05 09:00")
    add(book, invoice_id, "reply", "email")
    book.settle(invoice_id, STEP_DAY)
    return invoice_id


@pytest.mark.parametrize("kind", ["reply", "parked"])
def test_ending_what_is_no_step_touches_no_step_and_no_plan(book: Book, kind: str) -> None:
    invoice_id = book.invoice()
    add(book, invoice_id, kind, "email" if kind == "reply" else "task")
    before = book.next_step(invoice_id)

    book.complete(invoice_id, f"({kind})", "done", "2026-06-03 15:00")

    assert book.statuses(invoice_id) == {}
    assert book.last_contact(invoice_id) is None
    assert book.next_step(invoice_id) == before
    assert book.todos(invoice_id) == [(f"({kind})", "done")]


def test_a_step_is_meant_before_what_is_none(book: Book, asked: int) -> None:
    book.complete(asked, None, "reached", "2026-06-04 15:00")

    assert book.todos(asked) == [("(reply)", "open"), ("CALL", "done")]


@pytest.mark.parametrize(("kind", "channel"), [("reply", "email"), ("parked", "task")])
def test_putting_off_what_is_no_step_touches_no_plan(book: Book, asked: int, kind: str, channel: str) -> None:
    todo = (
        add(book, asked, kind, channel)
        if kind == "parked"
        else book.one("SELECT id FROM actions WHERE kind = 'reply'")
    )
    before = book.next_step(asked), book.stage(asked)

    book.do(lambda session: snooze_todo(session, todo, on("2026-06-12"), a_change("2026-06-04 15:00")))

    assert (book.next_step(asked), book.stage(asked)) == before
    assert book.one("SELECT listed_on FROM actions WHERE id = :id", id=todo) == on("2026-06-12")
    with pytest.raises(Refused, match="put off until a day after today"):
        book.do(lambda session: snooze_todo(session, todo, on("2026-06-04"), a_change("2026-06-04 15:00")))


def test_a_promise_in_a_reply_holds_contact(book: Book, asked: int) -> None:
    book.complete(asked, "(reply)", Ending("promised", on("2026-06-12")), "2026-06-04 15:00")

    assert book.one("SELECT promised_for, outcome FROM promises") == (on("2026-06-12"), "open")
    # The to-do of the step stands open all the same, with the promise among its reasons.
    assert book.todos(asked) == [("(reply)", "done"), ("CALL", "open")]


def test_a_reply_of_a_paid_invoice_can_still_be_answered(book: Book, asked: int) -> None:
    todo = book.one("SELECT id FROM actions WHERE kind = 'reply'")
    book.pay(asked, "1000", "2026-06-04 15:00")

    book.do(lambda session: complete_todo(session, todo, Ending(), a_change("2026-06-05 15:00")))

    assert book.todos(asked) == [("(reply)", "done"), ("CALL", "canceled")]


def test_ending_a_step_of_a_parked_collection_leaves_the_plan_to_its_process(book: Book, asked: int) -> None:
    book.do(lambda session: park(session, asked, "no business day", at("2026-06-04 10:00"), a_change(STEP_DAY)))

    book.complete(asked, "CALL", "reached", "2026-06-04 15:00")

    assert book.stage(asked) == "blocked"
    assert book.statuses(asked)["CALL"] == "done"
    assert book.settle(asked, "2026-06-04 16:00") is not None
    assert book.next_step(asked) == ("MAIL", on("2026-06-09"))


def test_a_parked_collection_that_is_looked_at_again_stays_put_off(book: Book, asked: int) -> None:
    def park_again(moment: str) -> None:
        book.do(lambda session: park(session, asked, "no business day", at(moment), a_change(moment)))

    park_again("2026-06-04 10:00")
    todo = book.one("SELECT id FROM actions WHERE kind = 'parked'")
    book.do(lambda session: snooze_todo(session, todo, on("2026-06-12"), a_change("2026-06-04 15:00")))
    park_again("2026-06-05 10:00")
    assert book.one("SELECT due_on, snoozed_until FROM actions WHERE id = :id", id=todo) == (
        on("2026-06-04"),
        on("2026-06-12"),
    )

    book.do(lambda session: complete_todo(session, todo, Ending(), a_change("2026-06-05 15:00")))
    park_again("2026-06-06 10:00")

    shown = book.one("SELECT state, due_on, snoozed_until, outcome FROM actions WHERE id = :id", id=todo)
    assert shown == ("open", on("2026-06-06"), None, None)
