"""What people tell a process, by the app and by Temporal's command line, whether the worker is there or not."""

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from db.engine import transaction
from db.operations import holds
from db.operations.cadences import publish
from db.operations.change import Change
from intake.commands import Desk, Told, tell_process
from starter import start_all
from tests.installation import Installation
from tests.scenarios.cadences import BY_PHONE
from tests.scenarios.command_line import AlreadyCompleted, temporal_query, temporal_signal
from workflows.client import process_of, tell

Way = Literal["by the app", "by the command line"]
Moment = Literal["while the worker is up", "while the worker is down", "before the first task"]


@dataclass(frozen=True)
class Hand:
    """The hand that tells: the app's, or that of somebody at Temporal's command line."""

    installation: Installation
    way: Way
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "desk", Desk(self.installation.engine, by="ana"))

    async def pause(self, number: str, **fields: Any) -> None:
        """Pause until `until`, for a `reason`."""
        shown = {key: str(value) for key, value in fields.items()}
        await self._tell(number, "pause", shown, lambda: self.desk.pause(number, **fields))

    async def resume(self, number: str) -> None:
        """Resume."""
        await self._tell(number, "resume", None, lambda: self.desk.resume(number))

    async def reassign(self, number: str, cadence: str | None) -> None:
        """Put it under another cadence, or none."""
        await self._tell(number, "reassign", {"cadence": cadence}, lambda: self.desk.reassign(number, cadence))

    async def complete(self, number: str, step: str, outcome: str) -> None:
        """End a to-do."""
        fields = {"step": step, "outcome": outcome}
        await self._tell(number, "complete_action", fields, lambda: self.desk.complete(number, step, outcome))

    async def pay(self, number: str, amount: Decimal) -> None:
        """Book a payment; money is booked in the ledger, and the command line can only say "look again"."""
        told = self.desk.pay(number, amount)
        # A worker that is up passes a payment on by itself, and may have ended the process first.
        with suppress(AlreadyCompleted):
            await self._tell(number, "invoice_changed", None, lambda: told)

    async def _tell(self, number: str, signal: str, fields: Any, command: Callable[[], Told]) -> None:
        if self.way == "by the app":
            assert await tell_process(self.installation.engine, self.installation.client, command())
        else:
            await temporal_signal(self.installation, self.installation.view(number).id, signal, fields)


async def _prepare(installation: Installation) -> dict[str, int]:
    """Take in an invoice for each thing to tell, bring it to where that makes sense, and start the processes."""
    with transaction(installation.engine) as session:
        publish(session, BY_PHONE)
    desk = Desk(installation.engine, by="ana")
    numbers = ("PAUSE", "RESUME", "REASSIGN", "DROP", "CALL", "PAY")
    ids = {number: installation.invoice(number, due_in_days=20) for number in numbers}
    ids["CALL"] = installation.invoice("CALL", due_in_days=-4)
    desk.reassign("CALL", "By phone")
    desk.pause("RESUME")
    await start_all(installation.engine, installation.client)
    return ids


@pytest.mark.parametrize("way", ["by the app", "by the command line"])
@pytest.mark.parametrize("moment", ["while the worker is up", "while the worker is down", "before the first task"])
async def test_whatever_is_told_is_in_the_ledger_once_and_in_the_plan(
    installation: Installation, way: Way, moment: Moment
) -> None:
    ids = await _prepare(installation)
    hand, until = Hand(installation, way), installation.today + timedelta(days=10)

    async with AsyncExitStack() as worker:
        if moment != "before the first task":
            await worker.enter_async_context(installation.working())
            for invoice_id in ids.values():
                await installation.settled(invoice_id)
        if moment == "while the worker is down":
            await worker.aclose()
        await hand.pause("PAUSE", until=until, reason="they asked")
        await hand.resume("RESUME")
        await hand.reassign("REASSIGN", "By phone")
        await hand.reassign("DROP", None)
        await hand.complete("CALL", "call", "reached")
        await hand.pay("PAY", Decimal("1200.00"))
        if moment != "while the worker is up":
            await worker.enter_async_context(installation.working())
        ended = {number: await process_of(installation.client, ids[number]).result() for number in ("DROP", "PAY")}
        plans = {number: await installation.settled(ids[number]) for number in ids.keys() - ended.keys()}

    assert {number: (plan.stage, plan.step, plan.cadence) for number, plan in plans.items()} == {
        "PAUSE": ("held", "upcoming", "Standard"),
        "RESUME": ("waiting", "upcoming", "Standard"),
        "REASSIGN": ("waiting", "call", "By phone"),
        "CALL": ("waiting", "reminder", "By phone"),
    }
    assert f"paused until {until:%a %Y-%m-%d}" in plans["PAUSE"].because
    assert set(ended.values()) <= {"Closed: paid", "No collection is open for this invoice"}
    assert _pauses(installation) == [("PAUSE", until, "they asked", True), ("RESUME", None, None, False)]
    assert _collections(installation) == [
        ("CALL", "By phone", "active"),
        ("CALL", "Standard", "stopped"),
        ("DROP", "Standard", "stopped"),
        ("PAUSE", "Standard", "active"),
        ("PAY", "Standard", "paid"),
        ("REASSIGN", "By phone", "active"),
        ("REASSIGN", "Standard", "stopped"),
        ("RESUME", "Standard", "active"),
    ]
    ended_todos = "SELECT step_id, state, outcome, ended_on FROM actions"
    assert installation.rows(ended_todos) == [("call", "done", "reached", installation.today)]
    assert _told(installation) == [
        ("CALL", "reassigned"),
        ("CALL", "to-do ended"),
        ("DROP", "reassigned"),
        ("PAUSE", "paused"),
        ("PAY", "paid"),
        ("REASSIGN", "reassigned"),
        ("RESUME", "paused"),
        ("RESUME", "resumed"),
    ]
    assert installation.mails() == []


@pytest.mark.parametrize("way", ["by the app", "by the command line"])
async def test_nothing_goes_out_while_paused_and_a_resume_waits_for_the_next_send_time(
    installation: Installation, way: Way
) -> None:
    installation.send_at_any_hour()
    invoice_id = installation.invoice(due_in_days=-4)
    hand = Hand(installation, way)
    await tell(installation.client, invoice_id, "invoice_changed", {}, is_open=True)
    await hand.pause("INV-1")

    async with installation.working():
        held = await installation.settled(invoice_id)
        await hand.resume("INV-1")
        resumed = await installation.settled(invoice_id)

    assert (held.stage, held.wake_at) == ("held", None)
    assert (resumed.stage, resumed.step) == ("waiting", "reminder")
    assert resumed.wake_at is not None
    assert resumed.wake_at > datetime.now(UTC)
    assert any("resumed after today's send time" in reason for reason in resumed.because)
    assert installation.mails() == []


async def test_an_invoice_resumed_before_the_send_time_is_reminded_once(installation: Installation) -> None:
    installation.send_at_any_hour()
    invoice_id = installation.invoice(due_in_days=-4)
    _yesterday(installation, holds.pause, None, None)
    await start_all(installation.engine, installation.client)

    async with installation.working():
        held = await installation.settled(invoice_id)
        mails_while_held = installation.mails()
        _yesterday(installation, holds.resume)
        await temporal_signal(installation, invoice_id, "invoice_changed")
        plan = await installation.planned(invoice_id, step="second-reminder")

    assert held.stage == "held"
    assert mails_while_held == []
    assert plan.stage == "waiting"
    assert len(installation.mails()) == 1
    assert installation.happened().count("message sent") == 1


async def test_the_command_line_shows_what_a_process_waits_for(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)

    async with installation.working():
        await temporal_signal(installation, invoice_id, "pause", {"reason": "they asked"})
        await installation.settled(invoice_id)
        status = await temporal_query(installation, invoice_id, "status")

    assert status["plan"]["stage"] == "held"
    assert status["plan"]["because"] == ["paused until it is ended"]
    assert "paused" in status["plan"]["sentence"]
    assert status["signals_waiting"] == 0


async def test_what_was_told_by_the_app_is_not_done_again_by_a_signal(installation: Installation) -> None:
    ids = await _prepare(installation)
    desk = Desk(installation.engine, by="ana")
    # What is told first is taken back by another hand; its repeat must not do it a second time.
    told: dict[str, tuple[str, dict[str, str], Callable[[], Told], Callable[[], Told]]] = {
        "PAUSE": ("pause", {}, lambda: desk.pause("PAUSE"), lambda: desk.resume("PAUSE")),
        "RESUME": ("resume", {}, lambda: desk.resume("RESUME"), lambda: desk.pause("RESUME")),
        "REASSIGN": (
            "reassign",
            {"cadence": "By phone"},
            lambda: desk.reassign("REASSIGN", "By phone"),
            lambda: desk.reassign("REASSIGN", "Standard"),
        ),
    }

    async with installation.working():
        for number, (signal, fields, do, undo) in told.items():
            await tell_process(installation.engine, installation.client, do())
            ((event_id,),) = installation.rows(
                "SELECT event_id FROM timeline WHERE invoice_id = :id AND event_id IS NOT NULL"
                " ORDER BY id DESC LIMIT 1",
                id=ids[number],
            )
            await tell_process(installation.engine, installation.client, undo())
            for _ in range(2):
                await temporal_signal(installation, ids[number], signal, {"event_id": event_id, **fields})
        plans = {number: await installation.settled(ids[number]) for number in told}

    assert {number: (plan.stage, plan.cadence) for number, plan in plans.items()} == {
        "PAUSE": ("waiting", "Standard"),
        "RESUME": ("held", "Standard"),
        "REASSIGN": ("waiting", "Standard"),
    }
    assert _told(installation) == [
        ("CALL", "reassigned"),
        ("PAUSE", "paused"),
        ("PAUSE", "resumed"),
        ("REASSIGN", "reassigned"),
        ("REASSIGN", "reassigned"),
        ("RESUME", "paused"),
        ("RESUME", "paused"),
        ("RESUME", "resumed"),
    ]


async def test_a_to_do_completed_twice_under_one_event_id_is_completed_once(installation: Installation) -> None:
    ids = await _prepare(installation)
    said = {"event_id": "call-1", "by": "bo", "outcome": "no answer"}

    async with installation.working():
        for _ in range(2):
            await temporal_signal(installation, ids["CALL"], "complete_action", said)
        plan = await installation.settled(ids["CALL"])

    assert (plan.stage, plan.step) == ("waiting", "reminder")
    assert installation.rows("SELECT state, outcome, ended_by FROM actions") == [("done", "no answer", "bo")]
    assert installation.happened("CALL").count("to-do ended") == 1
    assert "signal refused" not in installation.happened("CALL")


def _yesterday(installation: Installation, operation: Callable[..., None], *arguments: Any) -> None:
    """Do the operation on INV-1 in the ledger as if a person had done it at this hour yesterday."""
    at = datetime.now(UTC) - timedelta(days=1)
    change = Change(at, installation.today - timedelta(days=1), by="ana")
    with transaction(installation.engine) as session:
        operation(session, installation.view().id, *arguments, change)


def _pauses(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.rows(
        "SELECT i.number, h.until_on, h.reason, h.ended_at IS NULL FROM holds h"
        " JOIN invoices i ON i.id = h.invoice_id WHERE h.kind = 'pause' ORDER BY 1"
    )


def _collections(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.rows(
        "SELECT i.number, ca.name, c.state FROM collections c JOIN invoices i ON i.id = c.invoice_id"
        " JOIN cadences ca ON ca.id = c.cadence_id ORDER BY 1, 2"
    )


def _told(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.rows(
        "SELECT i.number, t.kind FROM timeline t JOIN invoices i ON i.id = t.invoice_id WHERE t.kind IN"
        " ('paused', 'resumed', 'reassigned', 'to-do ended', 'paid', 'signal refused') ORDER BY 1, 2"
    )
