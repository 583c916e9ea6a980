"""Signals that committed facts owe: taken by one relay at a time, kept until they are delivered."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.engine import transaction
from db.operations.outbox import (
    Owed,
    count_owed,
    covered,
    delivered,
    newest_owed,
    not_delivered,
    owe,
    owe_many,
    take_bulk,
    take_owed,
)
from db.queries.backlog import outbox_backlog, owed_signals
from tests.db.book import Book


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice whose process is owed nothing yet."""
    invoice_id = book.invoice()
    book.run("DELETE FROM outbox")
    return invoice_id


def owed(book: Book, invoice_id: int, count: int = 1) -> list[int]:
    """Owe the invoice's process signals, and return their ids."""
    return [book.do(lambda session: owe(session, invoice_id, "pause", {"by": "ana"})) for _ in range(count)]


def take(book: Book, limit: int = 100, ids: list[int] | None = None) -> list[int]:
    """Take what is owed, and return its ids."""
    return [entry.id for entry in book.do(lambda session: take_owed(session, limit, ids))]


def leases_end(book: Book) -> None:
    """Let every lease run out."""
    book.run("UPDATE outbox SET leased_until = now()")


def lease(book: Book) -> timedelta:
    """Return for how long nobody takes the only entry."""
    left: timedelta = book.one("SELECT leased_until - now() FROM outbox")
    return left


def test_what_is_owed_is_taken_with_all_that_its_delivery_needs(book: Book, invoice_id: int) -> None:
    (entry_id,) = owed(book, invoice_id)

    taken = book.do(lambda session: take_owed(session, 10))

    assert taken == [Owed(entry_id, invoice_id, "pause", {"by": "ana"}, is_open=True)]


def test_a_closed_collection_needs_no_process(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "1000", "2026-05-05 09:00")
    owed(book, invoice_id)

    (entry,) = book.do(lambda session: take_owed(session, 10))

    assert not entry.is_open


def test_what_was_taken_is_not_taken_twice_while_the_lease_lasts(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 3)

    assert (take(book), take(book)) == (ids, [])
    assert (
        timedelta(seconds=25) < book.one("SELECT min(leased_until) - now() FROM outbox") <= timedelta(seconds=30)
    )


def test_what_a_dead_relay_took_is_taken_again(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 3)
    take(book)

    leases_end(book)

    assert take(book) == ids


def test_two_relays_at_once_take_different_entries(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 4)

    with transaction(book.engine) as one, transaction(book.engine) as other:
        first = [entry.id for entry in take_owed(one, 2)]
        second = [entry.id for entry in take_owed(other, 100)]

    assert (first, second) == (ids[:2], ids[2:])


def test_an_entry_is_taken_once_its_fact_is_committed(book: Book, invoice_id: int) -> None:
    with transaction(book.engine) as session:
        owe(session, invoice_id, "pause", {})
        assert take(book) == []

    assert len(take(book)) == 1


def test_the_oldest_come_first_and_no_more_than_asked_for(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 5)

    assert (take(book, 2), take(book, 2), take(book, 2)) == (ids[:2], ids[2:4], ids[4:])


def test_no_more_than_asked_for_when_the_server_last_saw_an_empty_outbox(book: Book, invoice_id: int) -> None:
    """It then plans to run a subselect once for each row, and each time that leases as many as asked for."""
    with book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE outbox"))
    ids = owed(book, invoice_id, 5)

    assert take(book, 2) == ids[:2]


def test_a_command_takes_its_own(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 3)

    assert take(book, ids=[ids[1]]) == [ids[1]]
    assert take(book, ids=[]) == []
    assert take(book) == [ids[0], ids[2]]


def test_what_is_delivered_is_forgotten(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 3)
    take(book)

    book.do(lambda session: delivered(session, ids[:2]))

    assert book.do(count_owed) == 1
    assert book.do(lambda session: owed_signals(session, ids[:1])) == []


def test_each_failure_waits_longer_up_to_an_hour(book: Book, invoice_id: int) -> None:
    (entry_id,) = owed(book, invoice_id)
    pauses = []
    for attempt in range(10):
        leases_end(book)
        assert take(book) == [entry_id]
        with transaction(book.engine) as session:
            not_delivered(session, entry_id, f"error {attempt}")
        pauses.append(round(lease(book).total_seconds()))

    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert book.one("SELECT attempts, last_error FROM outbox") == (10, "error 9")
    assert take(book) == []


def test_an_endless_error_is_kept_short(book: Book, invoice_id: int) -> None:
    (entry_id,) = owed(book, invoice_id)

    book.do(lambda session: not_delivered(session, entry_id, "x" * 10_000))

    backlog = book.do(outbox_backlog)
    assert (backlog.count, len(backlog.last_error)) == (1, 500)


def test_one_failure_delays_no_other_entry(book: Book, invoice_id: int) -> None:
    ids = owed(book, invoice_id, 2)
    take(book)
    book.do(lambda session: not_delivered(session, ids[0], "gone"))
    book.run("UPDATE outbox SET leased_until = now() WHERE id = :id", id=ids[1])

    assert take(book) == [ids[1]]


def test_a_process_that_was_just_started_covers_what_it_knows(book: Book, invoice_id: int) -> None:
    other = book.invoice("INV-2")
    book.run("DELETE FROM outbox")
    assert book.do(newest_owed) == 0
    known, of_other = owed(book, invoice_id, 2), owed(book, other)
    newest = book.do(newest_owed)
    later = owed(book, invoice_id)

    book.do(lambda session: covered(session, [invoice_id], newest))

    assert newest == of_other[0]
    assert known[-1] < newest
    assert take(book) == [*of_other, *later]


def in_bulk(book: Book, *invoice_ids: int) -> None:
    """Owe the invoices' processes a look, as bulk work does."""
    book.do(lambda session: owe_many(session, invoice_ids, "invoice_changed", {"by": "ana"}, is_bulk=True))


def test_what_bulk_work_owes_has_a_lane_of_its_own(book: Book, invoice_id: int) -> None:
    other = book.invoice("INV-2")
    book.run("DELETE FROM outbox")
    in_bulk(book, other)
    (paused,) = owed(book, invoice_id)

    bulk, seconds = book.do(lambda session: take_bulk(session, 100))

    assert take(book) == [paused]
    assert [(entry.invoice_id, entry.signal) for entry in bulk] == [(other, "invoice_changed")]
    assert seconds == 1 / 10


def test_a_signal_covers_what_bulk_work_owes_the_same_process_and_nothing_that_comes_later(
    book: Book, invoice_id: int
) -> None:
    in_bulk(book, invoice_id)
    in_bulk(book, invoice_id)
    (paused,) = owed(book, invoice_id)
    (entry,) = book.do(lambda session: take_owed(session, 10))
    in_bulk(book, invoice_id)

    book.do(lambda session: delivered(session, [entry.id, *entry.covers]))

    assert (entry.id, len(entry.covers)) == (paused, 2)
    assert [signal for _, signal in book.owed()] == ["invoice_changed"]


def test_several_bulk_jobs_owe_a_process_one_look(book: Book, invoice_id: int) -> None:
    in_bulk(book, invoice_id)
    in_bulk(book, invoice_id)

    (entry,), _ = book.do(lambda session: take_bulk(session, 100))

    assert {entry.id, *entry.covers} == set(book.rows("SELECT id FROM outbox"))


def test_a_round_of_the_bulk_lane_is_a_second_long_at_most_and_the_next_one_waits_for_its_end(
    book: Book, invoice_id: int
) -> None:
    others = [book.invoice(f"INV-{number}") for number in range(10, 18)]
    book.run("DELETE FROM outbox")
    book.set(bulk_signals_per_second=5)
    in_bulk(book, *others)

    first, seconds = book.do(lambda session: take_bulk(session, 100))
    at_once, _ = book.do(lambda session: take_bulk(session, 100))
    book.run("UPDATE bulk_lane SET next_at = next_at - interval '1 second'")
    second, _ = book.do(lambda session: take_bulk(session, 100))

    assert (len(first), seconds, at_once, len(second)) == (5, 1.0, [], 3)
    assert [entry.invoice_id for entry in (*first, *second)] == others


def test_only_a_look_may_take_the_bulk_lane_because_it_may_be_overtaken(book: Book, invoice_id: int) -> None:
    with pytest.raises(AssertionError), transaction(book.engine) as session:
        owe_many(session, [invoice_id], "pause", {}, is_bulk=True)


def test_a_full_bulk_lane_is_no_backlog(book: Book, invoice_id: int) -> None:
    in_bulk(book, invoice_id)

    backlog = book.do(outbox_backlog)

    assert (backlog.count, backlog.oldest_at, backlog.bulk_count, backlog.bulk_rate) == (0, None, 1, 10)
