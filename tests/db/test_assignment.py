"""Which cadence an invoice is under, and what moving it keeps: contacts, steps done, and nobody's to-dos."""

from decimal import Decimal

import pytest

from db.operations.assignment import restart
from db.operations.refusal import Refused
from dunning.cadence import Logic
from tests.db.book import Book, a_change, on
from tests.dunning.builders import reminders

TODO_DAY = "2026-06-19 08:30"


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01, under Standard; there is a cadence Other with a mail at +20."""
    book.publish(reminders(20, name="Other"))
    return book.invoice()


@pytest.fixture
def called_upon(book: Book, invoice_id: int) -> int:
    """The invoice when its to-do, a call, stands open; the last contact was Thu 06-11."""
    for moment in ("2026-05-29 08:30", "2026-06-04 08:30", "2026-06-11 08:30"):
        book.send(invoice_id, moment)
    book.settle(invoice_id, TODO_DAY)
    return invoice_id


@pytest.mark.parametrize(
    ("logic", "step", "day"), [(Logic.STANDARD, "S0", "2026-06-15"), (Logic.CONTEXTUAL, "S2", "2026-06-15")]
)
def test_the_contact_delay_counts_from_the_last_contact_under_the_old_cadence(
    book: Book, logic: Logic, step: str, day: str
) -> None:
    """EX: on 06-09, last contact Mon 06-08, new cadence due+2, +6, +12."""
    book.publish(reminders(7, name="Old"))
    book.publish(reminders(2, 6, 12, name="New", logic=logic))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "Old", "2026-05-05 09:00")
    book.send(invoice_id, "2026-06-08 08:30")

    assert book.reassign(invoice_id, "New", "2026-06-09 10:00")

    assert book.last_contact(invoice_id) == on("2026-06-08")
    assert book.next_step(invoice_id) == (step, on(day))
    assert book.collections(invoice_id) == [("Standard", "stopped"), ("Old", "stopped"), ("New", "active")]


def test_the_todos_of_the_old_cadence_are_canceled(book: Book, called_upon: int) -> None:
    book.reassign(called_upon, "Other", "2026-06-20 10:00")

    assert book.todos(called_upon)[-1] == ("call", "canceled")
    assert book.happened(called_upon)[-3:] == ["reassigned", "to-do canceled", "collection closed"]
    with pytest.raises(Refused, match="it has no open to-do"):
        book.complete(called_upon, "call", "reached", "2026-06-20 11:00")


def test_coming_back_to_a_cadence_resumes_what_was_done_under_it(book: Book, called_upon: int) -> None:
    book.reassign(called_upon, "Other", "2026-06-20 10:00")

    book.reassign(called_upon, "Standard", "2026-06-20 11:00")

    done = {"upcoming": "done", "reminder": "done", "second-reminder": "done", "call": "open"}
    assert book.statuses(called_upon) == done
    assert book.collections(called_upon) == [("Standard", "active"), ("Other", "stopped")]
    assert book.todos(called_upon).count(("call", "open")) == 1


def test_a_contact_meanwhile_counts_when_coming_back(book: Book, invoice_id: int) -> None:
    book.publish(reminders(7, name="Seven"))
    book.reassign(invoice_id, "Seven", "2026-06-05 10:00")
    book.send(invoice_id, "2026-06-08 08:30")

    book.reassign(invoice_id, "Standard", "2026-06-08 10:00")

    assert book.last_contact(invoice_id) == on("2026-06-08")
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-15"))


def test_the_same_cadence_changes_nothing(book: Book, called_upon: int) -> None:
    before = book.happened(called_upon)

    assert not book.reassign(called_upon, "Standard", "2026-06-20 10:00", event_id="e1")

    assert book.happened(called_upon) == before
    assert book.todos(called_upon)[-1] == ("call", "open")


def test_no_cadence_ends_the_collection_and_the_way_back_is_open(book: Book, called_upon: int) -> None:
    assert book.reassign(called_upon, None, "2026-06-20 10:00")

    assert book.stage(called_upon) is None
    assert book.todos(called_upon)[-1] == ("call", "canceled")
    assert book.claim(called_upon, "2026-07-01 08:30") is None
    assert not book.reassign(called_upon, None, "2026-06-20 11:00")
    assert book.reassign(called_upon, "Standard", "2026-06-20 12:00")
    assert book.stage(called_upon) == "todo"


def test_an_unknown_cadence_is_refused_by_naming_those_there_are(book: Book, invoice_id: int) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match="there is no cadence 'standard'; there is Other, Standard"):
        book.reassign(invoice_id, "standard", "2026-06-05 10:00")

    assert (book.stage(invoice_id), book.happened(invoice_id)) == ("waiting", before)


def test_a_cadence_that_was_never_published_is_unknown(book: Book, invoice_id: int) -> None:
    book.run("UPDATE cadence_versions SET state = 'draft' WHERE cadence_id = (SELECT max(id) FROM cadences)")

    with pytest.raises(Refused, match=r"there is Standard$"):
        book.reassign(invoice_id, "Other", "2026-06-05 10:00")


def test_an_invoice_with_nothing_to_collect_is_put_under_no_cadence(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "1000", "2026-06-05 10:00")

    with pytest.raises(Refused, match="it has nothing to collect"):
        book.reassign(invoice_id, "Other", "2026-06-05 11:00")

    assert book.collections(invoice_id) == [("Standard", "paid")]


def test_a_reassignment_that_is_told_twice_counts_once(book: Book, invoice_id: int) -> None:
    assert book.reassign(invoice_id, "Other", "2026-06-05 10:00", event_id="e1")
    assert book.reassign(invoice_id, "Standard", "2026-06-05 11:00", event_id="e2")

    assert not book.reassign(invoice_id, "Other", "2026-06-05 12:00", event_id="e1")

    assert book.collections(invoice_id) == [("Standard", "active"), ("Other", "stopped")]


def test_publishing_anew_governs_the_collections_that_run(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, "Other", "2026-06-05 10:00")

    book.publish(reminders(9, 20, name="Other"))
    book.settle(invoice_id, "2026-06-05 11:00")

    assert book.next_step(invoice_id) == ("S0", on("2026-06-10"))
    assert book.rows(
        "SELECT number, state FROM cadence_versions v JOIN cadences c ON c.id = v.cadence_id"
        " WHERE c.name = 'Other' ORDER BY number"
    ) == [(1, "retired"), (2, "published")]


def test_a_restart_begins_a_new_cycle_that_keeps_the_last_contact(book: Book, called_upon: int) -> None:
    book.do(lambda session: restart(session, called_upon, a_change("2026-06-20 10:00")))

    assert book.collections(called_upon) == [("Standard", "restarted"), ("Standard", "active")]
    assert book.todos(called_upon)[-1] == ("call", "canceled")
    assert book.last_contact(called_upon) == on("2026-06-11")
    # The step before the due date expires, and the first after it is next again.
    assert book.next_step(called_upon) == ("reminder", on("2026-06-22"))


def test_coming_back_resumes_the_latest_cycle(book: Book, called_upon: int) -> None:
    book.do(lambda session: restart(session, called_upon, a_change("2026-06-20 10:00")))
    book.send(called_upon, "2026-06-22 08:30")
    book.reassign(called_upon, "Other", "2026-06-23 10:00")

    book.reassign(called_upon, "Standard", "2026-06-23 11:00")

    assert book.collections(called_upon) == [
        ("Standard", "restarted"),
        ("Standard", "active"),
        ("Other", "stopped"),
    ]
    assert book.statuses(called_upon) == {"upcoming": "expired", "reminder": "done"}


def test_the_todos_of_the_cadence_that_is_left_say_why_they_were_canceled(book: Book, called_upon: int) -> None:
    book.reassign(called_upon, "Other", "2026-06-20 10:00")

    canceled = "SELECT data ->> 'because' FROM timeline WHERE kind = 'to-do canceled'"
    assert book.one(canceled) == "reassigned"


def test_within_the_tolerance_there_is_nothing_to_reassign_or_to_restart(book: Book, invoice_id: int) -> None:
    book.set(tolerance=Decimal("1.00"))
    book.pay(invoice_id, "999.50", "2026-06-05 10:00")

    with pytest.raises(Refused, match="it has nothing to collect"):
        book.reassign(invoice_id, "Other", "2026-06-05 11:00")
    with pytest.raises(Refused, match="it has nothing to collect"):
        book.do(lambda session: restart(session, invoice_id, a_change("2026-06-05 11:00")))


def test_without_a_cadence_there_is_nothing_to_restart(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-06-05 10:00")

    with pytest.raises(Refused, match="it is under no cadence"):
        book.do(lambda session: restart(session, invoice_id, a_change("2026-06-05 11:00")))
