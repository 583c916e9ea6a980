"""Bulk work over to-dos through the whole stack: a worker is killed within a page, and messages go out once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from db.engine import transaction
from db.operations.assignment import reassign
from db.operations.cadences import publish
from db.operations.settle import lock_invoice
from intake.commands import Desk
from intake.import_invoices import import_invoices
from intake.jobs.driver import drive
from intake.jobs.over_todos import PAGE, OverTodos
from tests.db.book import a_change
from tests.db.jobs import job_of
from tests.dunning.builders import a_cadence, a_step
from tests.installation import ROOT, Installation
from tests.scenarios.books import book

MANY = PAGE + 5
_WAITS_FOR_A_LOCK = """
SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def _mails_by_hand(installation: Installation) -> tuple[list[int], list[int]]:
    """Lay down invoices with a mail to be sent by hand for each; return their ids and those of the to-dos."""
    import_invoices(installation.engine, book(range(MANY), installation.today, due_in_days=-4))
    with transaction(installation.engine) as session:
        steps = [replace(a_step("HAND", 3, manual=True), template="reminder"), a_step("LAST", 300)]
        publish(session, a_cadence(steps, name="By hand"))
    invoices = [id_ for (id_,) in installation.rows("SELECT id FROM invoices ORDER BY id")]
    with transaction(installation.engine) as session:
        for invoice_id in invoices:
            reassign(
                session, invoice_id, "By hand", replace(a_change(), at=datetime.now(UTC), on=installation.today)
            )
    installation.forget_owed()
    todos = installation.rows("SELECT id FROM actions WHERE state = 'open' ORDER BY id")
    return invoices, [id_ for (id_,) in todos]


async def test_the_messages_of_a_job_go_out_once_when_its_worker_is_killed_within_a_page(
    installation: Installation,
) -> None:
    invoices, todos = _mails_by_hand(installation)
    job_id = Desk(installation.engine, "ana").open_over_todos("send to-dos", OverTodos(), todos)

    # The second page comes to a stop at its last invoice, with all others done and nothing committed.
    with transaction(installation.engine) as session:
        lock_invoice(session, invoices[-1])
        with installation.spawn("worker", str(ROOT / "worker.py")) as worker:
            await installation.until(lambda: job_of(installation.engine, job_id).done == PAGE, patience_seconds=60)
            await installation.until(lambda: bool(installation.rows(_WAITS_FOR_A_LOCK)))
            worker.kill()
    left_at = job_of(installation.engine, job_id)
    approved_then = installation.rows("SELECT count(*) FROM timeline WHERE kind = 'message approved'")
    ended = await asyncio.to_thread(drive, installation.engine, job_id)
    installation.set(bulk_signals_per_second=1000)
    installation.end_leases()
    async with installation.working():
        await installation.until(
            lambda: len(installation.rows("SELECT FROM actions WHERE outcome = 'sent'")) == MANY,
            patience_seconds=120,
        )

    assert (left_at.done, approved_then) == (PAGE, [(PAGE,)])
    assert (ended.state, ended.done, ended.changed, ended.failed) == ("done", MANY, MANY, 0)
    approved = installation.rows("SELECT (data->>'todo')::bigint FROM timeline WHERE kind = 'message approved'")
    assert sorted(approved) == [(todo,) for todo in todos]
    # A message that was being handed over at the kill may come again, and is the same one then.
    assert len({mail.message_id for mail in installation.mails()}) == MANY
    assert {mail.recipients for mail in installation.mails()} == {
        (f"c-{number}@customers.example",) for number in range(MANY)
    }
