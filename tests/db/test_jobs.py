"""Bulk jobs in the ledger: pages, counts, refusals, cancels, two drivers, and what must not be done twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import ClassVar

import pytest
from sqlalchemy import text

from db.engine import Session, transaction
from db.operations.arrival.invoices import take_invoice
from db.operations.jobs import hold_job, open_job
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import add_rule
from db.queries.jobs import job_page, job_rows, running_jobs
from dunning.facts import InvoiceState
from intake.jobs import kinds
from intake.jobs.cancel import cancel_job
from intake.jobs.driver import advance, drive
from intake.jobs.foretold import foretell
from intake.jobs.invoice_kinds import INVOICE_KINDS, AssignOrder, PauseOrder
from intake.jobs.kind import Page, Row, Running
from intake.jobs.over_invoices import PAGE
from rules.conditions import ChoiceCondition, ChoiceOperator, TextCondition, TextOperator
from rules.fields import Field
from rules.rule import Assign, Definition
from tests.db.book import Book, a_change, an_invoice
from tests.db.jobs import ALL_UNPAID, UNPAID, job_of, open_over
from tests.dunning.builders import reminders

EVERYBODY = 2 * PAGE + 10
OF_C2 = ChoiceCondition(field=Field.CUSTOMER, operator=ChoiceOperator.IS_ANY_OF, values=("C-2",))
HOLIDAYS = PauseOrder(conditions=(UNPAID,), reason="holidays")


@pytest.fixture
def many(book: Book) -> Book:
    """A book of more invoices than two pages hold, and nothing owed."""
    with transaction(book.engine) as session:
        for number in range(EVERYBODY):
            incoming = an_invoice(f"INV-{number:03}", customer_id=f"C-{number}")
            take_invoice(session, incoming, a_change(by="import"))
    _forget_signals(book)
    return book


def _forget_signals(book: Book) -> None:
    book.run("DELETE FROM outbox")


def _entries(book: Book, kind: str, job_id: int) -> list[int]:
    """Return the invoices with an entry of the job on their timeline, as often as they have one."""
    return book.rows(
        "SELECT invoice_id FROM timeline WHERE kind = :kind AND (data->>'job')::bigint = :id ORDER BY invoice_id",
        kind=kind,
        id=job_id,
    )


def _owed(book: Book) -> list[tuple[int, str, bool]]:
    return book.rows("SELECT invoice_id, signal, is_bulk FROM outbox ORDER BY invoice_id")


def test_a_job_does_the_same_to_each_invoice_once_and_counts_what_was_so_already(many: Book) -> None:
    paused = many.id_of("INV-007")
    many.pause(paused, "2026-05-04 09:00")
    _forget_signals(many)
    job_id = open_over(many.engine, "bulk pause", HOLIDAYS)

    first = advance(many.engine, job_id)
    late = many.invoice("LATE")
    _forget_signals_of = "DELETE FROM outbox WHERE invoice_id = :id"
    many.run(_forget_signals_of, id=late)
    ended = drive(many.engine, job_id)

    assert (first.job.state, first.done_now, first.job.total) == ("running", PAGE, EVERYBODY)
    # What came after it began is no part of it.
    counted = (ended.done, ended.changed, ended.unchanged, ended.failed)
    assert (ended.state, counted) == ("done", (EVERYBODY, EVERYBODY - 1, 1, 0))
    assert ended.seconds_left == 0
    assert drive(many.engine, job_id) == ended, "a job that has ended stays as it is"
    others = sorted({*many.rows("SELECT id FROM invoices")} - {paused, late})
    assert _entries(many, "paused", job_id) == others
    assert {one for (one, *_) in _owed(many)} == set(others)
    assert all(owed[1:] == ("invoice_changed", True) for owed in _owed(many))
    with transaction(many.engine) as session:
        assert [row.position for row in job_rows(session, job_id, 1000)] == others
        assert running_jobs(session, 10) == []


def test_assigning_changes_only_what_was_under_another_cadence_and_tells_only_those(many: Book) -> None:
    some = (TextCondition(field=Field.NUMBER, operator=TextOperator.STARTS_WITH, values=("INV-00",)),)
    off = open_over(many.engine, "bulk assign", AssignOrder(conditions=(UNPAID, *some), cadence=None))
    drive(many.engine, off)
    _forget_signals(many)

    back = drive(
        many.engine, open_over(many.engine, "bulk assign", AssignOrder(conditions=(UNPAID,), cadence="Standard"))
    )

    tens = [many.id_of(f"INV-00{digit}") for digit in range(10)]
    assert (back.changed, back.unchanged, back.failed) == (10, EVERYBODY - 10, 0)
    assert _entries(many, "reassigned", off) == _entries(many, "reassigned", back.id) == tens
    assert _owed(many) == [(each, "invoice_changed", True) for each in tens]


def test_what_cannot_be_done_is_refused_by_itself_with_its_reason(many: Book) -> None:
    for number in ("INV-003", "INV-033"):
        many.pause(many.id_of(number), "2026-05-04 09:00", until="2030-01-01")

    job = drive(many.engine, open_over(many.engine, "bulk pause", HOLIDAYS))

    assert (job.state, job.changed, job.failed) == ("done", EVERYBODY - 2, 2)
    with transaction(many.engine) as session:
        refused = job_rows(session, job.id, 10, only_refused=True)
        after = job_rows(session, job.id, 10, refused[0].position, only_refused=True)
    assert [(row.subject, row.outcome) for row in refused] == [("INV-003", "refused"), ("INV-033", "refused")]
    assert after == refused[1:]
    assert refused[0].said == "it is paused already, until 2030-01-01; resume it first"


def test_an_invoice_that_was_paid_since_the_job_began_is_left_alone(many: Book) -> None:
    job_id = open_over(many.engine, "bulk pause", HOLIDAYS)
    advance(many.engine, job_id)
    paid = many.id_of(f"INV-{EVERYBODY - 1:03}")
    many.end(paid, InvoiceState.VOID, "2026-05-05 09:00")

    job = drive(many.engine, job_id)

    assert (job.total, job.done, job.failed) == (EVERYBODY, EVERYBODY - 1, 0)
    assert paid not in _entries(many, "paused", job_id)


def test_an_order_that_makes_no_sense_ends_the_job_as_failed_with_the_reason(many: Book) -> None:
    order = AssignOrder(conditions=(UNPAID,), cadence="W-KEY")

    job = drive(many.engine, open_over(many.engine, "bulk assign", order))

    assert (job.state, job.done) == ("failed", 0)
    assert job.failed_because == "there is no cadence 'W-KEY'; there is Standard"


def test_a_job_that_nobody_drives_is_canceled_at_once_and_what_it_did_stays(many: Book) -> None:
    job_id = open_over(many.engine, "bulk pause", HOLIDAYS)
    advance(many.engine, job_id)
    with transaction(many.engine) as session:
        asked = [cancel_job(session, job_id, "bob") for _ in range(2)]

    job = job_of(many.engine, job_id)

    assert asked == [True, False]
    assert drive(many.engine, job_id) == job
    assert (job.state, job.canceled_by, job.done) == ("canceled", "bob", PAGE)
    assert len(_entries(many, "paused", job_id)) == PAGE


def test_a_job_that_is_done_cannot_be_canceled(many: Book) -> None:
    job_id = open_over(many.engine, "bulk resume")
    drive(many.engine, job_id)

    with transaction(many.engine) as session, pytest.raises(Refused, match="has ended: done"):
        cancel_job(session, job_id, "bob")


def test_nobody_waits_for_a_page_to_cancel_its_job_which_ends_after_it_and_no_other_driver_has_it_too(
    many: Book,
) -> None:
    job_id = open_over(many.engine, "bulk pause", HOLIDAYS)
    with transaction(many.engine) as driving:
        held = hold_job(driving, job_id)
        beside = advance(many.engine, job_id)
        with transaction(many.engine) as session:
            session.execute(text("SET LOCAL lock_timeout = 100"))
            assert cancel_job(session, job_id, "bob")

        assert job_of(many.engine, job_id).state == "canceling"

    assert held is not None
    assert (beside.done_now, beside.job.done, beside.job.state) == (0, 0, "running")
    assert advance(many.engine, job_id).job.state == "canceled"


def test_two_drivers_at_once_do_each_invoice_once(many: Book) -> None:
    job_id = open_over(many.engine, "bulk pause", HOLIDAYS)
    together = Barrier(2)

    def work() -> None:
        together.wait(10)
        drive(many.engine, job_id)

    with ThreadPoolExecutor(2) as threads:
        for one in [threads.submit(work) for _ in range(2)]:
            one.result()

    assert _entries(many, "paused", job_id) == sorted(many.rows("SELECT id FROM invoices"))
    assert job_of(many.engine, job_id).changed == EVERYBODY


class Tens:
    """Counts to forty by tens, and stumbles over some numbers in a way that nobody expected."""

    name: ClassVar[str] = "tens"

    def __init__(self, stumbles: set[int]) -> None:
        self.stumbles = stumbles

    def total(self, session: Session, job: Running) -> int:
        """Count."""
        return 40

    def page(self, session: Session, job: Running) -> Page:
        """Do ten."""
        return self._do(job, 10)

    def _do(self, job: Running, count: int) -> Page:
        first = int(job.cursor.get("next", 1))
        numbers = range(first, first + count)
        if self.stumbles & {*numbers}:
            raise ZeroDivisionError("stumbled")
        rows = [Row(number, str(number), "changed") for number in numbers]
        return self._counted(first + count, {"done": count, "changed": count}, rows)

    def _counted(self, following: int, counts: dict[str, int], rows: list[Row]) -> Page:
        return Page({"next": following} if following <= 40 else None, counts, rows)


class SingleTens(Tens):
    """Can do single numbers too."""

    def single(self, session: Session, job: Running) -> Page:
        """Do one."""
        return self._do(job, 1)

    def give_up(self, session: Session, job: Running, because: str) -> Page:
        """Pass one over."""
        number = int(job.cursor.get("next", 1))
        return self._counted(number + 1, {"done": 1, "failed": 1}, [Row(number, str(number), "refused", because)])


def _drive(book: Book, kind: Tens, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(kinds, "KINDS", {"tens": kind})
    job_id: int = book.do(lambda session: open_job(session, "tens", "ana", {}))
    drive(book.engine, job_id)
    return job_id


def test_a_page_that_fails_unexpectedly_is_done_one_by_one(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = _drive(book, SingleTens({13, 14, 40}), monkeypatch)

    job = job_of(book.engine, job_id)
    assert (job.state, job.done, job.changed, job.failed) == ("done", 40, 37, 3)
    with transaction(book.engine) as session:
        rows = job_rows(session, job_id, 100)
    assert [row.position for row in rows] == list(range(1, 41))
    refused = {row.position: row.said for row in rows if row.outcome == "refused"}
    assert refused == dict.fromkeys((13, 14, 40), "ZeroDivisionError: stumbled")


def test_a_job_whose_objects_cannot_be_done_alone_ends_as_failed_with_the_reason(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _drive(book, Tens({25}), monkeypatch)

    job = job_of(book.engine, job_id)
    assert (job.state, job.done) == ("failed", 20)
    assert job.failed_because == "ZeroDivisionError: stumbled"


def test_jobs_are_listed_newest_first_in_pages(book: Book) -> None:
    ids = [open_over(book.engine, "bulk pause", HOLIDAYS) for _ in range(3)]
    drive(book.engine, ids[1])

    with transaction(book.engine) as session:
        first = job_page(session, 2)
        second = job_page(session, 2, first[-1].id)
        running = job_page(session, 10, only_running=True)

    assert [job.id for job in (*first, *second)] == ids[::-1]
    assert [job.id for job in running] == [ids[2], ids[0]]
    assert [job.rate for job in running] == [None, None], "nothing moves yet"


def test_invoices_that_were_locked_are_given_back_to_the_rules(book: Book) -> None:
    book.publish(reminders(700, name="VIP"))
    rule = Definition(conditions=(OF_C2,), action=Assign(cadence="VIP"))
    book.do(lambda session: add_rule(session, "key", rule, a_change(), is_active=True))
    for number, customer in (("INV-1", "C-1"), ("INV-2", "C-2"), ("INV-3", "C-2")):
        book.invoice(number, customer_id=customer)
    for number in ("INV-1", "INV-2"):
        book.reassign(book.id_of(number), "Standard", "2026-05-05 09:00")
    _forget_signals(book)
    release = next(kind for kind in INVOICE_KINDS if kind.name == "bulk release")

    foretold = foretell(book.engine, release, ALL_UNPAID, datetime.now(UTC))
    job_id = open_over(book.engine, "bulk release")
    drive(book.engine, job_id)

    # INV-3 is the rules' already; of the other two only INV-2 gets another cadence.
    assert (foretold.matching, foretold.changed, foretold.unchanged) == (3, 2, 1)
    assert foretold.impact.collections == 1
    assert _entries(book, "released to rules", job_id) == [book.id_of("INV-1"), book.id_of("INV-2")]
    assert book.rows("SELECT cadence_locked_by FROM invoices") == [None] * 3
    assert job_of(book.engine, job_id).counts == {"done": 3, "changed": 2, "unchanged": 1, "failed": 0}
    assert book.id_of("INV-2") in [invoice_id for invoice_id, _, _ in _owed(book)]
