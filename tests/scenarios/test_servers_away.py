"""Servers go away and come back: the worker lives through it, and goes on by itself where it was."""

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text

from db.engine import LedgerUnavailable, make_engine, transaction
from devstack.leashed_process import LeashedProcess
from devstack.mail_catcher import MailCatcher
from devstack.postgres import EmbeddedPostgres
from devstack.stack import Stack
from devstack.temporal_server import TemporalServer
from intake.commands import Desk, tell_process
from intake.import_invoices import import_invoices
from starter import start_all
from tests.installation import ROOT, Installation
from tests.scenarios.books import book
from tests.scenarios.command_line import temporal_signal
from tests.scenarios.mail_server import MailServer
from workflows.client import process_of

INVOICES = 32
# Attempts that met a server that was away are repeated after 5, 10 and 20 seconds.
PATIENCE_SECONDS = 60.0


def postgres(stack: Stack) -> EmbeddedPostgres:
    """Return the stack's own PostgreSQL."""
    assert stack.postgres is not None
    return stack.postgres


def mail(stack: Stack) -> MailCatcher:
    """Return the stack's own mail server."""
    assert stack.mail is not None
    return stack.mail


def temporal(stack: Stack) -> TemporalServer:
    """Return the stack's own Temporal server."""
    assert stack.temporal is not None
    return stack.temporal


def _worker(installation: Installation, **env: str) -> LeashedProcess:
    return installation.spawn("worker", str(ROOT / "worker.py"), env=env)


def _has(installation: Installation, count: int, state: str) -> bool:
    return installation.rows("SELECT count(*) FROM messages WHERE state = :state", state=state) == [(count,)]


async def test_reminders_wait_for_the_mail_server_and_then_go_out_once(mortal: Installation) -> None:
    ids = [mortal.invoice(f"INV-{number}") for number in range(3)]
    await start_all(mortal.engine, mortal.client)
    mail(mortal.stack).crash()

    with _worker(mortal) as worker:
        await mortal.until(lambda: _has(mortal, 3, "deferred"))
        await asyncio.to_thread(mail(mortal.stack).start)
        for invoice_id in ids:
            await mortal.planned(invoice_id, step="second-reminder")
        is_alive = worker.is_running

    assert is_alive
    assert len(mortal.mails()) == len({caught.message_id for caught in mortal.mails()}) == 3
    assert _has(mortal, 3, "sent")


async def test_what_is_paid_or_paused_while_the_mail_server_is_away_is_not_sent(mortal: Installation) -> None:
    ids = {number: mortal.invoice(number, customer_id=number) for number in ("PAID", "PAUSED", "LEFT")}
    await start_all(mortal.engine, mortal.client)
    mail(mortal.stack).crash()

    with _worker(mortal):
        await mortal.until(lambda: _has(mortal, 3, "deferred"))
        Desk(mortal.engine, by="ana").pay("PAID", Decimal("1200.00"))
        await temporal_signal(mortal, ids["PAUSED"], "pause", {"reason": "they asked"})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process_of(mortal.client, ids["PAID"]).result()
        paused = await mortal.planned(ids["PAUSED"], stage="held")
        await asyncio.to_thread(mail(mortal.stack).start)
        await mortal.planned(ids["LEFT"], step="second-reminder")
        left_to_do = (await process_of(mortal.client, ids["PAUSED"]).describe()).raw_description.pending_activities

    assert paused.wake_at is None
    assert list(left_to_do) == []
    assert [caught.recipients for caught in mortal.mails()] == [("left@helios.example",)]
    assert mortal.rows(
        "SELECT i.number, c.state, a.state, m.state FROM messages m JOIN actions a ON a.id = m.action_id"
        " JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id ORDER BY 1"
    ) == [
        ("LEFT", "active", "done", "sent"),
        ("PAID", "paid", "canceled", "withdrawn"),
        ("PAUSED", "active", "canceled", "withdrawn"),
    ]


async def test_a_mail_server_that_takes_its_time_holds_up_no_signal_and_gets_nothing_twice(
    mortal: Installation,
) -> None:
    ids = [mortal.invoice(f"INV-{number}", customer_id=f"C-{number}") for number in range(2)]
    other_id = mortal.invoice("OTHER", due_in_days=20)
    await start_all(mortal.engine, mortal.client)

    # Longer than the server waits for a heartbeat; and every thread that sends is busy with it.
    with MailServer(answers_after_seconds=17).running() as server:
        slow = replace(mortal, own_smtp_url=server.url)
        with _worker(slow, WORKER_THREADS="2"):
            await slow.until(lambda: _has(slow, 2, "sending"))
            for invoice_id in (other_id, ids[0]):
                await temporal_signal(slow, invoice_id, "pause", {"reason": "they asked"})
            await slow.planned(other_id, stage="held")
            answered_by_then = len(server.handed)
            # A message on its way cannot be called back: it is recorded, and the pause is for what follows.
            await slow.planned(ids[0], stage="held", step="second-reminder")
            await slow.planned(ids[1], stage="waiting", step="second-reminder")

    assert answered_by_then == 0
    assert sorted(handed.recipient for handed in server.handed) == ["c-0@helios.example", "c-1@helios.example"]
    assert slow.rows("SELECT state, attempts FROM messages") == [("sent", 1), ("sent", 1)]


async def test_a_postgresql_killed_in_the_middle_of_sending_costs_no_reminder(mortal: Installation) -> None:
    await _begin_sending(mortal)

    with _worker(mortal) as worker:
        await mortal.until(lambda: len(mortal.mails()) >= INVOICES // 4)
        await asyncio.to_thread(postgres(mortal.stack).crash)
        mails_by_then = len(mortal.mails())
        await mortal.until(lambda: "the ledger is away" in worker.log_tail())
        await asyncio.to_thread(postgres(mortal.stack).start)
        await mortal.until(lambda: _has(mortal, INVOICES, "sent"), PATIENCE_SECONDS)
        is_alive = worker.is_running

    assert is_alive
    assert mails_by_then < INVOICES, "it was killed too late to prove anything"
    _assert_each_reminded_once(mortal)


async def test_a_temporal_killed_in_the_middle_of_sending_costs_no_reminder_and_no_word(
    mortal: Installation,
) -> None:
    await _begin_sending(mortal)
    desk = Desk(mortal.engine, by="ana")

    with _worker(mortal) as worker:
        await mortal.until(lambda: len(mortal.mails()) >= INVOICES // 4)
        await asyncio.to_thread(temporal(mortal.stack).crash)
        mails_by_then = len(mortal.mails())
        told = desk.pause("INV-0", reason="they asked")
        is_told = await tell_process(mortal.engine, mortal.client, told)
        failed = "SELECT signal FROM outbox WHERE attempts > 0 AND last_error IS NOT NULL"
        # The worker's own relay may have been faster to try.
        await mortal.until(lambda: mortal.rows(failed) == [("pause",)])
        await asyncio.to_thread(temporal(mortal.stack).start)
        _let_half_a_minute_pass(mortal)
        await mortal.planned(mortal.view("INV-0").id, stage="held")
        await mortal.until(lambda: len(mortal.lines(stage="waiting")) == INVOICES - 1, PATIENCE_SECONDS)
        is_alive = worker.is_running

    assert is_alive
    assert mails_by_then < INVOICES, "it was killed too late to prove anything"
    assert not is_told
    assert mortal.rows("SELECT count(*) FROM outbox") == [(0,)]
    # The paused one may have been written to before the kill.
    _assert_each_reminded_once(mortal, but="INV-0")


def test_a_ledger_without_a_free_connection_counts_as_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(database_url, 1)
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)

    with transaction(engine) as busy:
        busy.execute(text("SELECT 1"))
        # Anything else than this would park the collection, and ask a person to look.
        with pytest.raises(LedgerUnavailable, match="in use"), transaction(engine) as waiting:
            waiting.execute(text("SELECT 1"))
    engine.dispose()


async def _begin_sending(installation: Installation) -> None:
    import_invoices(installation.engine, book(range(INVOICES), installation.today, due_in_days=-4))
    await start_all(installation.engine, installation.client)


def _let_half_a_minute_pass(installation: Installation) -> None:
    """Let the outbox believe that the pause after a failure is over."""
    with transaction(installation.engine) as session:
        session.execute(text("UPDATE outbox SET leased_until = now()"))


def _assert_each_reminded_once(installation: Installation, but: str | None = None) -> None:
    copies: dict[str, set[tuple[str, bytes]]] = {}
    for caught in installation.mails():
        copy = (caught.message_id, mail(installation.stack).raw(caught.id))
        copies.setdefault(caught.recipients[0], set()).add(copy)
    assert Counter(len(copy) for copy in copies.values()) == {1: len(copies)}
    done = "SELECT i.number, count(*) FROM actions a JOIN collections c ON c.id = a.collection_id"
    done += " JOIN invoices i ON i.id = c.invoice_id WHERE a.state = 'done' GROUP BY 1"
    reminded = dict(installation.rows(done))
    assert copies.keys() == {f"c-{number.removeprefix('INV-')}@customers.example" for number in reminded}
    assert set(reminded.values()) == {1}
    assert {f"INV-{number}" for number in range(INVOICES)} - reminded.keys() <= {but}
    ((notes,),) = installation.rows("SELECT count(*) FROM timeline WHERE kind = 'message sent'")
    assert notes == len(reminded)
