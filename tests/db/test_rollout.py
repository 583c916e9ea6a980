"""A published version reaches every collection, whoever brings it, and only those are told whom it concerns."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Session, transaction
from db.operations.change import Change
from db.operations.refusal import Refused
from db.operations.rollout import Adopted, adopt_page, lock_outdated, park_outdated
from db.queries.jobs import JobView, job_rows
from db.queries.under import Place, count_outdated, count_under, outdated_versions, page_under
from intake.jobs import publish
from intake.jobs.cancel import cancel_job
from intake.jobs.driver import advance, drive
from intake.jobs.publish import open_publish
from tests.db.book import Book, a_change, at, on
from tests.db.versions import NAME, a_version, call, collection_of, mail

BEFORE = a_version(mail("first", 3), mail("second", 10))
THEN = a_version(mail("first", 3), mail("second", 14), call("call", 20))
MOMENT = "2026-06-05 09:00"


def a_book(book: Book, count: int = 6) -> list[int]:
    """Return invoices under the cadence; every other one has its first step done."""
    book.publish(BEFORE)
    ids = []
    for number in range(count):
        invoice_id = book.invoice(f"INV-{number}", customer_id=f"C-{number}", email=f"c{number}@helios.example")
        book.reassign(invoice_id, NAME, "2026-05-05 09:00")
        if number % 2:
            book.send(invoice_id, "2026-06-04 08:30")
        else:
            book.pause(invoice_id, "2026-06-03 09:00", until="2026-06-10")
        ids.append(invoice_id)
    book.run("DELETE FROM outbox")
    return ids


def page(book: Book, after_id: int = 0, limit: int = 100, moment: str = MOMENT) -> Adopted:
    """Roll out a page of the only version that is outdated."""

    def work(session: Session) -> Adopted:
        (outdated,) = outdated_versions(session)
        return adopt_page(session, lock_outdated(session, outdated, after_id, limit), a_change(moment))

    adopted: Adopted = book.do(work)
    return adopted


def publish_by_job(book: Book) -> JobView:
    """Let a job bring what was published to all collections."""
    job_id: int = book.do(lambda session: open_publish(session, "ana", NAME, 2))
    return drive(book.engine, job_id)


def left(book: Book) -> int:
    """Return how many collections have not adopted the published version."""
    count: int = book.do(lambda session: count_outdated(session, outdated_versions(session)))
    return count


def test_only_those_whose_next_action_changed_are_told(book: Book) -> None:
    ids = a_book(book)
    book.publish(THEN)

    rolled_out = page(book)

    reminded = ids[1::2]
    assert rolled_out == Adopted(adopted=6, changed=3)
    assert book.owed() == [(invoice_id, "invoice_changed") for invoice_id in reminded]
    assert [book.next_step(invoice_id) for invoice_id in reminded] == [("second", on("2026-06-15"))] * 3
    # Their first step is next in both versions, on the same day.
    assert [book.next_step(invoice_id) for invoice_id in ids[::2]] == [("first", on("2026-06-10"))] * 3
    assert left(book) == 0


def test_a_change_of_execution_alone_is_told_too(book: Book) -> None:
    ids = a_book(book)
    book.publish(a_version(mail("first", 3), mail("second", 10, manual=True)))

    assert page(book).changed == 3
    assert [invoice_id for invoice_id, _ in book.owed()] == ids[1::2]


def test_a_version_that_changes_no_next_action_tells_nobody(book: Book) -> None:
    a_book(book)
    book.publish(a_version(mail("first", 3), mail("second", 10), mail("third", 40)))

    assert page(book).changed == 0
    assert book.owed() == []


def test_other_words_and_other_people_tell_nobody_and_hold_for_all_that_was_not_sent(book: Book) -> None:
    ids = a_book(book)
    people: dict[str, Any] = {
        "responsible": ("Team",),
        "recipients": ("billing",),
        "cc": ("cfo@helios.example",),
        "name": "First",
    }
    steps = [replace(step, **people) for step in (mail("first", 3), mail("second", 10))]
    book.publish(a_version(*steps))

    adopting = page(book)

    assert adopting.adopted > 0
    assert (adopting.changed, book.owed()) == (0, [])
    cadence = collection_of(book, ids[1]).facts.cadence
    assert cadence is not None
    assert {(step.name, step.cc) for step in cadence.steps} == {("First", ("cfo@helios.example",))}


def test_what_is_due_right_now_is_not_told_that_it_is_due(book: Book) -> None:
    """Its process wakes by itself, and decides by the new version."""
    ids = a_book(book)
    book.publish(a_version(mail("first", 3), mail("second", 10), mail("third", 40)))

    assert page(book, moment="2026-06-11 08:40").changed == 0
    assert book.stage(ids[1]) == "due"


def test_pages_follow_each_other_until_none_is_left(book: Book) -> None:
    ids = a_book(book)
    book.publish(THEN)

    first = page(book, limit=4)
    second = page(book, ids[3], limit=4)

    assert (first.adopted, second.adopted) == (4, 2)
    assert book.do(outdated_versions) == []


def test_what_somebody_holds_is_left_to_them(book: Book) -> None:
    ids = a_book(book)
    book.publish(THEN)

    with transaction(book.engine) as session:
        session.execute(text("SELECT id FROM invoices WHERE id = :id FOR UPDATE"), {"id": ids[1]})
        assert page(book).adopted == 5
    assert left(book) == 1
    assert page(book).adopted == 1


def test_any_number_may_roll_out_at_once_and_nobody_is_told_twice(book: Book) -> None:
    ids = a_book(book, 60)
    book.publish(THEN)
    (outdated,) = book.do(outdated_versions)

    def walk(_number: int) -> int:
        adopted, after_id = 0, 0
        while True:
            with transaction(book.engine) as session:
                locked = lock_outdated(session, outdated, after_id, 7)
                adopted += adopt_page(session, locked, a_change(MOMENT)).adopted
            if not locked:
                return adopted
            after_id = max(locked)

    with ThreadPoolExecutor(4) as pool:
        walks = list(pool.map(walk, range(4)))

    assert sum(walks) == 60
    assert Counter(invoice_id for invoice_id, _ in book.owed()) == Counter(ids[1::2])
    assert left(book) == 0


def test_several_outdated_versions_are_all_brought_to_the_published_one(book: Book) -> None:
    ids = a_book(book)
    book.publish(a_version(mail("first", 3), mail("second", 12)))
    book.settle(ids[1], MOMENT)
    book.publish(THEN)

    assert left(book) == 6
    assert len(book.do(outdated_versions)) == 2
    assert publish_by_job(book).done == 6
    assert left(book) == 0


def test_a_job_comes_back_to_what_somebody_held(book: Book) -> None:
    ids = a_book(book)
    book.publish(THEN)
    job_id: int = book.do(lambda session: open_publish(session, "ana", NAME, 2))

    with transaction(book.engine) as session:
        session.execute(text("SELECT id FROM invoices WHERE id = :id FOR UPDATE"), {"id": ids[1]})
        held = [advance(book.engine, job_id).job for _ in range(3)]
    ended = drive(book.engine, job_id)

    assert [(job.state, job.done) for job in held] == [("running", 5)] * 3
    assert (ended.state, ended.done, left(book)) == ("done", 6, 0)


def test_a_publication_cannot_be_left_half_way(book: Book) -> None:
    a_book(book)
    book.publish(THEN)
    job_id: int = book.do(lambda session: open_publish(session, "ana", NAME, 2))

    with transaction(book.engine) as session, pytest.raises(Refused, match="in force already"):
        cancel_job(session, job_id, "bob")


def test_a_draft_and_a_retired_cadence_are_nothing_to_roll_out(book: Book) -> None:
    a_book(book)
    book.run("UPDATE cadence_versions SET state = 'retired' WHERE cadence_id = (SELECT max(id) FROM cadences)")

    assert book.do(outdated_versions) == []


def test_a_collection_under_a_retired_cadence_goes_on_as_it_was(book: Book) -> None:
    """Nothing may be put under it any more, and what a reversal reopens is followed up all the same."""
    ids = a_book(book)
    book.run("UPDATE cadence_versions SET state = 'retired' WHERE cadence_id = (SELECT max(id) FROM cadences)")

    book.settle(ids[1], "2026-06-11 08:00")
    book.send(ids[1], "2026-06-11 08:30")

    assert book.messages(ids[1]) == [("first", "sent"), ("second", "sent")]


def test_one_that_cannot_be_decided_is_parked_and_holds_up_no_other(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = a_book(book)
    book.publish(THEN)
    really = adopt_page

    def refusing(session: Session, locked: Sequence[int], change: Change) -> Adopted:
        if ids[3] in locked:
            raise ValueError("no business day within a year")
        return really(session, locked, change)

    monkeypatch.setattr(publish, "adopt_page", refusing)
    job = publish_by_job(book)

    assert (job.state, job.done, job.failed, left(book)) == ("done", 6, 1, 0)
    with transaction(book.engine) as session:
        refused = [(row.subject, row.said) for row in job_rows(session, job.id, 10, only_refused=True)]
    assert refused == [("INV-3", "ValueError: no business day within a year")]
    assert book.stage(ids[3]) == "blocked"
    assert "to-do" not in [book.stage(invoice_id) for invoice_id in ids]
    assert ("(parked)", "open") in book.todos(ids[3])
    assert (ids[3], "invoice_changed") in book.owed()


def test_parking_adopts_so_that_it_is_not_tried_for_ever(book: Book) -> None:
    ids = a_book(book, 1)
    book.publish(THEN)

    book.do(lambda session: park_outdated(session, ids[0], "why", at("2026-06-05 10:00"), a_change(MOMENT)))

    assert left(book) == 0
    assert book.stage(ids[0]) == "blocked"


def test_the_collections_under_a_cadence_are_walked_each_once(book: Book) -> None:
    ids = a_book(book)
    book.publish(THEN)
    book.settle(ids[2], MOMENT)
    cadence_id = book.one("SELECT id FROM cadences WHERE name = :name", name=NAME)

    def walk(session: Session) -> list[int]:
        found: list[int] = []
        place = Place()
        while places := page_under(session, cadence_id, place, 2):
            found += [each.invoice_id for each in places]
            place = places[-1]
        assert count_under(session, cadence_id) == len(found)
        return found

    walked = book.do(walk)

    assert sorted(walked) == ids
    assert walked[-1] == ids[2]
