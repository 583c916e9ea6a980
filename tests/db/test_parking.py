"""A collection that cannot be decided is parked, with a reason; and many are settled as one is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from db.engine import Session, make_engine
from db.operations.messages.sending import Claim
from db.operations.park import park
from db.operations.settle import settle_many
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, at, on
from tests.db.databases import a_copy_of
from tests.dunning.builders import reminders

SEND_TIME = "2026-05-29 08:30"


@pytest.fixture
def parked(book: Book) -> int:
    """An invoice that is parked at its send time, for an hour."""
    invoice_id = book.invoice()
    book.do(lambda session: park_it(session, invoice_id, SEND_TIME))
    return invoice_id


def park_it(session: Session, invoice_id: int, moment: str) -> str:
    """Park the invoice's collection for an hour."""
    wake_at = at(moment) + timedelta(hours=1)
    return park(session, invoice_id, "ZeroDivisionError: oops", wake_at, a_change(moment, by="duewell"))


def test_a_parked_collection_says_why_and_asks_a_person(book: Book, parked: int) -> None:
    assert book.one("SELECT stage, acts_at, sentence FROM next_actions") == (
        "blocked",
        at("2026-05-29 09:30"),
        "Blocked: ZeroDivisionError: oops",
    )
    assert book.one("SELECT step_id, state, channel, owner, obstacle FROM actions") == (
        "(parked)",
        "open",
        "task",
        "Cash Collectors",
        "ZeroDivisionError: oops",
    )
    assert book.happened(parked)[-1] == "collection parked"


def test_parking_again_keeps_one_todo(book: Book, parked: int) -> None:
    book.do(lambda session: park_it(session, parked, "2026-05-29 09:30"))

    assert book.todos(parked) == [("(parked)", "open")]


def test_a_parked_collection_goes_on_as_soon_as_it_can_be_decided(book: Book, parked: int) -> None:
    claim = book.claim(parked, "2026-05-29 09:30")

    assert isinstance(claim, Claim)
    assert claim.step.id == "upcoming"
    assert book.todos(parked) == [("(parked)", "canceled"), ("upcoming", "sending")]
    assert book.stage(parked) == "due"


def test_a_collection_may_be_parked_after_it_was_released(book: Book, parked: int) -> None:
    book.settle(parked, "2026-05-29 09:30")

    book.do(lambda session: park_it(session, parked, "2026-05-29 10:30"))

    assert book.todos(parked) == [("(parked)", "open")]
    assert book.stage(parked) == "blocked"


@pytest.mark.parametrize("what", ["paid", "reassigned", "unassigned"])
def test_what_ends_a_parked_collection_ends_its_todo(book: Book, parked: int, what: str) -> None:
    book.publish(reminders(3, name="Other"))
    match what:
        case "paid":
            book.pay(parked, "1000", "2026-05-29 10:00")
        case "reassigned":
            book.reassign(parked, "Other", "2026-05-29 10:00")
        case "unassigned":
            book.reassign(parked, None, "2026-05-29 10:00")

    assert book.todos(parked) == [("(parked)", "canceled")]


def test_without_an_open_collection_nothing_is_parked(book: Book) -> None:
    invoice_id = book.invoice()
    book.pay(invoice_id, "1000", "2026-05-05 09:00")

    assert book.do(lambda session: park_it(session, invoice_id, SEND_TIME)).startswith("Blocked")

    assert book.todos(invoice_id) == []
    assert book.do(lambda session: park_it(session, 4711, SEND_TIME)).startswith("Blocked")


# Many at once.


def a_motley_book(book: Book) -> list[int]:
    """Take in invoices of all ages and fates, and return their ids."""
    book.publish(reminders(3, 10, name="Other"))
    ages: list[dict[str, Any]] = [
        {"issued_on": on("2026-04-01"), "due_on": on(f"2026-05-{day:02}")} for day in range(1, 29)
    ]
    ids = [book.invoice(f"INV-{number}", **dates) for number, dates in enumerate(ages)]
    book.pause(ids[1], "2026-05-04 10:00")
    book.pause(ids[2], "2026-05-04 10:00", until="2026-05-30")
    book.pay(ids[3], "1000", "2026-05-04 10:00")
    book.pay(ids[4], "10", "2026-05-28 10:00")
    book.reassign(ids[5], None, "2026-05-04 10:00")
    book.reassign(ids[6], "Other", "2026-05-04 10:00")
    book.take(an_invoice("INV-7", state=InvoiceState.VOID, **ages[7]))
    book.do(lambda session: park_it(session, ids[8], "2026-05-05 08:30"))
    book.settle(ids[9], "2026-05-29 08:30")
    return ids


def everything(book: Book) -> dict[str, list[Any]]:
    """Return all that settling changes."""
    return {
        "next": book.rows(
            "SELECT collection_id, stage, step_id, channel, execution, due_on, acts_at, because::text, sentence,"
            " decided_at FROM next_actions ORDER BY collection_id"
        ),
        "collections": book.rows("SELECT id, state, last_contact_on, closed_at FROM collections ORDER BY id"),
        "steps": book.rows("SELECT * FROM step_statuses ORDER BY collection_id, step_id"),
        "actions": book.rows(
            "SELECT collection_id, step_id, state, owner, due_on, obstacle, ended_at FROM actions"
            " ORDER BY collection_id, step_id"
        ),
        "timeline": book.rows("SELECT invoice_id, kind, actor, data::text FROM timeline ORDER BY invoice_id, id"),
    }


def settled_many(book: Book, ids: Sequence[int], moment: str) -> int:
    """Settle all of them at once, and return how many had an open collection."""
    count: int = book.do(lambda session: len(settle_many(session, ids, a_change(moment, by="duewell"))))
    return count


def test_settling_many_is_settling_each(book: Book, template: str) -> None:
    ids = a_motley_book(book)
    with a_copy_of(template) as url:
        engine = make_engine(url)
        other = Book(engine)
        other.set(time_zone="Europe/Paris", jitter_minutes=0)
        assert a_motley_book(other) == ids
        assert everything(other) == everything(book)

        for moment in ("2026-05-29 07:00", "2026-05-29 08:30", "2026-06-20 12:00"):
            for invoice_id in ids:
                book.settle(invoice_id, moment)
            assert settled_many(other, ids[::-1], moment) == len(ids) - 3
            assert everything(other) == everything(book)
        engine.dispose()


def test_settling_again_changes_nothing_but_the_moment(book: Book) -> None:
    ids = a_motley_book(book)
    settled_many(book, ids, "2026-05-29 08:30")
    before = everything(book)

    settled_many(book, ids, "2026-05-29 08:30")

    assert everything(book) == before


def test_settling_nobody_is_fine(book: Book) -> None:
    assert settled_many(book, [], "2026-05-29 08:30") == 0
    assert settled_many(book, [4711], "2026-05-29 08:30") == 0
