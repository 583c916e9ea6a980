"""Bulk work over to-dos in the ledger: those that were listed, each once and with a result of its own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest

from db.engine import Session, transaction
from db.operations.change import Change
from db.operations.invoice_states import end_invoice
from db.operations.messages.drafts import approve
from db.operations.people import add_group
from db.operations.refusal import Refused
from db.operations.todos import Ending, complete_todo
from db.queries.job_ids import count_ids, ids_of_page
from db.queries.jobs import JobView, job_rows
from dunning.cadence import Channel
from dunning.facts import InvoiceState
from intake.commands import Desk
from intake.job_orders import todo_work_of
from intake.jobs import over_todos
from intake.jobs.driver import advance, drive
from intake.jobs.over_todos import OverTodos
from intake.jobs.todo_kinds import TODO_KINDS, EndOrder, HandOnOrder, SendTodos, SnoozeOrder
from intake.jobs.todos_foretold import NOT_OPEN, TodosForetold, foretell_todos
from tests.db.book import PARIS, Book, a_change
from tests.db.jobs import job_of
from tests.dunning.builders import a_cadence, a_step
from tests.web.todos import a_todo, now

# Small, so that a dozen to-dos are several pages.
PAGE = 5
EVERYBODY = 2 * PAGE + 3


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_todos, "PAGE", PAGE)


def today() -> date:
    """Return the day in Paris."""
    return datetime.now(UTC).astimezone(PARIS).date()


def by_bob() -> Change:
    """Return the circumstances of what a colleague does now."""
    return Change(datetime.now(UTC), today(), "bob")


@pytest.fixture
def desk(book: Book) -> Desk:
    """Ana's desk, on a ledger with cadences that ask people for something."""
    book.do(lambda session: add_group(session, "Cash Collectors"))
    book.publish(a_cadence([a_step("MAIL", 1, manual=True), a_step("LAST", 11)], name="By hand"))
    book.publish(a_cadence([a_step("CALL", 1, Channel.CALL), a_step("LAST", 90)], name="By phone"))
    return Desk(book.engine, "ana")


@pytest.fixture
def mails(book: Book, desk: Desk) -> list[int]:
    """More manual mails than two pages hold, and nothing owed."""
    found = [a_todo(book, f"INV-{number:03}") for number in range(EVERYBODY)]
    book.run("DELETE FROM outbox")
    return found


def result(book: Book, job_id: int, outcome: str) -> dict[int, tuple[str, str | None]]:
    """Return what became of the to-dos with the outcome: the invoice, and why."""
    with transaction(book.engine) as session:
        rows = job_rows(session, job_id, 10_000)
    return {row.position: (row.subject, row.said) for row in rows if row.outcome == outcome}


def counted(job: JobView) -> tuple[str, int, int, int, int]:
    """Return how the job stands, and its counts."""
    return job.state, job.done, job.changed, job.unchanged, job.failed


def entries(book: Book, kind: str, job_id: int) -> list[int]:
    """Return the to-dos with an entry of the job on a timeline, as often as they have one, and only if ana's."""
    return book.rows(
        "SELECT (data->>'todo')::bigint FROM timeline"
        " WHERE kind = :kind AND (data->>'job')::bigint = :id AND actor = 'ana' ORDER BY 1",
        kind=kind,
        id=job_id,
    )


def foretold(book: Book, kind: str, order: OverTodos, ids: Sequence[int]) -> TodosForetold:
    """Return what the work would do now."""
    return foretell_todos(book.engine, todo_work_of(kind), order, ids, datetime.now(UTC))


def test_messages_of_all_that_were_listed_go_out_once_and_no_others(
    book: Book, desk: Desk, mails: list[int]
) -> None:
    job_id = desk.open_over_todos("send to-dos", OverTodos(where="channel: email"), mails)
    first = advance(book.engine, job_id)
    late = a_todo(book, "INV-LATE")
    book.run("DELETE FROM outbox WHERE NOT is_bulk")

    ended = drive(book.engine, job_id)

    assert (first.job.state, first.done_now, first.job.total) == ("running", PAGE, EVERYBODY)
    assert counted(ended) == ("done", EVERYBODY, EVERYBODY, 0, 0)
    assert drive(book.engine, job_id) == ended, "a job that has ended stays as it is"
    assert entries(book, "message approved", job_id) == mails
    assert book.rows("SELECT id FROM actions WHERE approved_by = 'ana' ORDER BY id") == mails
    assert late not in mails
    owed = book.rows("SELECT invoice_id, signal, is_bulk FROM outbox ORDER BY invoice_id")
    invoices = [book.id_of(f"INV-{number:03}") for number in range(EVERYBODY)]
    assert owed == [(id_, "invoice_changed", True) for id_ in invoices]
    assert result(book, job_id, "changed")[mails[7]] == ("INV-007", None)


def test_what_ended_or_was_sent_meanwhile_is_reported_and_left_alone(
    book: Book, desk: Desk, mails: list[int]
) -> None:
    job_id = desk.open_over_todos("send to-dos", OverTodos(), [*mails, 999_999])
    advance(book.engine, job_id)
    done, sent, void, held = mails[-4:]
    book.do(lambda session: complete_todo(session, done, Ending("done"), by_bob()))
    book.do(lambda session: approve(session, sent, by_bob()))
    book.do(lambda session: end_invoice(session, book.id_of("INV-011"), InvoiceState.VOID, a_change(now())))
    book.pause(book.id_of("INV-012"), now())
    book.run("DELETE FROM outbox")

    job = drive(book.engine, job_id)

    assert counted(job) == ("done", EVERYBODY + 1, EVERYBODY - 4, 0, 5)
    refused = result(book, job_id, "refused")
    assert f"to-do {done} was done by bob on" in str(refused[done][1])
    assert refused[sent] == ("INV-010", "bob said so already; its message is about to go out")
    assert f"to-do {void} was canceled on" in str(refused[void][1])
    assert refused[held] == ("INV-012", "nothing goes out: pause")
    assert refused[999_999] == ("999999", "there is no to-do 999999")
    assert book.rows("SELECT approved_by FROM actions WHERE id = :id", id=sent) == ["bob"]
    assert not set(entries(book, "message approved", job_id)) & {done, sent, void, held}
    told = book.rows("SELECT invoice_id FROM outbox")
    assert not set(told) & {book.id_of(f"INV-{number:03}") for number in range(9, 13)}


def test_a_driver_that_dies_in_the_middle_of_a_page_leaves_nothing_of_it_behind(
    book: Book, desk: Desk, mails: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = desk.open_over_todos("send to-dos", OverTodos(), mails)
    advance(book.engine, job_id)
    approving, dies_at = SendTodos.do, mails[PAGE + 2]

    def dies(work: SendTodos, session: Session, todo_id: int, order: OverTodos, change: Change) -> None:
        if todo_id == dies_at:
            raise SystemExit
        approving(work, session, todo_id, order, change)

    with monkeypatch.context() as patched:
        patched.setattr(SendTodos, "do", dies)
        with pytest.raises(SystemExit):
            advance(book.engine, job_id)
    left_at = job_of(book.engine, job_id)
    approved = book.rows("SELECT id FROM actions WHERE approved_by IS NOT NULL ORDER BY id")
    job = drive(book.engine, job_id)

    assert (left_at.done, approved) == (PAGE, mails[:PAGE])
    assert counted(job) == ("done", EVERYBODY, EVERYBODY, 0, 0)
    assert entries(book, "message approved", job_id) == mails


def test_two_drivers_at_once_do_each_to_do_once(book: Book, desk: Desk, mails: list[int]) -> None:
    job_id = desk.open_over_todos("ignore to-dos", EndOrder(outcome="ignored", text="audit"), mails)
    together = Barrier(2)

    def work() -> None:
        together.wait(10)
        drive(book.engine, job_id)

    with ThreadPoolExecutor(2) as threads:
        for one in [threads.submit(work) for _ in range(2)]:
            one.result()

    assert counted(job_of(book.engine, job_id)) == ("done", EVERYBODY, EVERYBODY, 0, 0)
    assert entries(book, "to-do ended", job_id) == mails
    assert book.rows("SELECT DISTINCT state || ' by ' || ended_by FROM actions WHERE step_id = 'MAIL'") == [
        "ignored by ana"
    ]


def test_to_dos_are_put_off_and_handed_on_and_what_is_so_already_is_counted(book: Book, desk: Desk) -> None:
    todos = [a_todo(book, f"INV-{number}") for number in range(3)]
    book.do(lambda session: add_group(session, "Disputes"))
    day = today() + timedelta(days=3)
    book.run("UPDATE actions SET snoozed_until = :day WHERE id = :id", day=day, id=todos[0])
    book.run("UPDATE actions SET owner = 'Disputes' WHERE id = :id", id=todos[1])
    book.run("DELETE FROM outbox")

    handed_on = drive(book.engine, desk.open_over_todos("assign to-dos", HandOnOrder(owner="disputes"), todos))
    owed_for_that = book.rows("SELECT id FROM outbox")
    put_off = drive(book.engine, desk.open_over_todos("snooze to-dos", SnoozeOrder(until=day), todos))

    assert counted(handed_on) == counted(put_off) == ("done", 3, 2, 1, 0)
    assert owed_for_that == [], "no process needs to know whose a to-do is"
    assert book.rows("SELECT DISTINCT owner FROM actions WHERE id = ANY(:ids)", ids=todos) == ["Disputes"]
    assert book.rows("SELECT DISTINCT snoozed_until FROM actions WHERE id = ANY(:ids)", ids=todos) == [day]
    assert len(book.rows("SELECT id FROM outbox WHERE is_bulk")) == 2


def test_an_order_that_makes_no_sense_is_refused_and_one_that_makes_none_any_more_fails_with_the_reason(
    book: Book, desk: Desk
) -> None:
    todo = a_todo(book, "INV-1")
    book.do(lambda session: add_group(session, "Short-lived"))

    with pytest.raises(Refused, match="no group with the name 'nobody'"):
        desk.open_over_todos("assign to-dos", HandOnOrder(owner="nobody"), [todo])
    with pytest.raises(Refused, match="until a day after today"):
        desk.open_over_todos("snooze to-dos", SnoozeOrder(until=today()), [todo])
    job_id = desk.open_over_todos("assign to-dos", HandOnOrder(owner="Short-lived"), [todo])
    book.run("DELETE FROM groups WHERE name = 'Short-lived'")
    job = drive(book.engine, job_id)

    assert (job.state, job.done) == ("failed", 0)
    assert "no group with the name 'Short-lived'" in str(job.failed_because)


def test_a_list_of_ids_is_read_page_by_page(book: Book, desk: Desk) -> None:
    ids = [1, 2, 2**63 - 1, *range(10, 10 + PAGE)]
    job_id = desk.open_over_todos("send to-dos", OverTodos(), ids)

    with transaction(book.engine) as session:
        pages = [ids_of_page(session, job_id, after, 5) for after in range(0, len(ids) + 5, 5)]
        assert count_ids(session, job_id) == len(ids)

    assert [id_ for page in pages for id_ in page] == ids
    assert [len(page) for page in pages] == [5, 3, 0]


def test_what_is_foretold_is_what_is_done(book: Book, desk: Desk) -> None:
    mails = [a_todo(book, f"INV-M{number}") for number in range(4)]
    call = a_todo(book, "INV-CALL", cadence="By phone")
    book.do(lambda session: approve(session, mails[1], by_bob()))
    book.run("UPDATE invoices SET is_hidden = true WHERE id = :id", id=book.id_of("INV-M2"))
    book.run(
        "UPDATE contacts SET unreachable_because = 'no such mailbox' FROM invoices i"
        " WHERE i.customer_id = contacts.customer_id AND i.number = 'INV-M3'"
    )
    everything = [*mails, call, 999_999]

    said = foretold(book, "send to-dos", OverTodos(), everything)
    job = drive(book.engine, desk.open_over_todos("send to-dos", OverTodos(), everything))

    assert (said.matching, said.worked_out, said.done, said.unchanged) == (6, 6, 1, 0)
    assert (job.changed, job.failed) == (said.done, said.refused.total())
    reasons = {str(said) for _, said in result(book, job.id, "refused").values()}
    assert set(said.refused) - {NOT_OPEN} == reasons - {"there is no to-do 999999"}
    assert said.refused[NOT_OPEN] == 1


@pytest.mark.parametrize("kind", [kind.name for kind in TODO_KINDS])
def test_to_foretell_changes_nothing(book: Book, desk: Desk, kind: str) -> None:
    todo = a_todo(book, "INV-1")
    orders: dict[str, OverTodos] = {
        "snooze to-dos": SnoozeOrder(until=today() + timedelta(days=1)),
        "assign to-dos": HandOnOrder(owner="Cash Collectors"),
        "send to-dos": OverTodos(),
        "complete to-dos": EndOrder(),
        "ignore to-dos": EndOrder(outcome="ignored"),
    }
    before = book.rows("SELECT a::text FROM actions a"), book.rows("SELECT id FROM timeline")

    said = foretold(book, kind, orders[kind], [todo])

    assert (said.matching, said.worked_out) == (1, 1)
    assert (book.rows("SELECT a::text FROM actions a"), book.rows("SELECT id FROM timeline")) == before


def test_what_follows_from_ending_to_dos_is_foretold(book: Book, desk: Desk) -> None:
    """The mail behind each of them has fallen due: an end that is no contact lets it go out at once."""
    due_on = today() - timedelta(days=12)
    todos = [a_todo(book, f"INV-{number}", due_on=due_on) for number in range(3)]

    ignored = foretold(book, "ignore to-dos", EndOrder(outcome="ignored"), todos)
    completed = foretold(book, "complete to-dos", EndOrder(), todos)

    assert (ignored.done, ignored.impact.messages_added) == (3, 3)
    assert (completed.done, completed.contacts, completed.impact.messages_added) == (3, 3, 0)
    assert ignored.impact.next_actions_changed == completed.impact.next_actions_changed == 3
