"""pause, resume, reassign, pay, complete: the ledger changes, the process is told, and what comes next is said."""

import asyncio
from datetime import timedelta
from typing import get_args

import pytest

from console.clerk import clerk
from console.orders import Outcome
from db.engine import transaction
from db.operations.todos import OUTCOMES
from db.queries.backlog import outbox_backlog
from tests.console.conftest import RunHere
from tests.console.program import duewell
from tests.installation import Installation
from workflows.client import process_of


async def test_orders_reach_the_process_and_status_shows_what_it_says(
    installation: Installation, there: RunHere
) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    until = installation.today + timedelta(days=40)
    env = {**installation.env, "TEMPORAL_UI_URL": "http://temporal.example/"}

    async with installation.working():
        paused = await duewell(env, "pause", "INV-1", "--until", str(until), "--reason", "asked")
        plan = await installation.settled(invoice_id)
        again, status = await asyncio.gather(duewell(env, "pause", "INV-1"), duewell(env, "status", "INV-1"))
        resumed = await asyncio.to_thread(there, "resume", "INV-1", "--json")
        paid = await asyncio.to_thread(there, "pay", "INV-1", "200")
        ended = await duewell(env, "pay", "INV-1", "1000.00")
        result = await process_of(installation.client, invoice_id).result()

    assert (paused.code, paused.err) == (0, "")
    assert paused.out.startswith(f"INV-1: paused until {until}.\nNext: Held: paused")
    assert "Temporal" not in paused.out
    assert plan.stage == "held"
    again.failed(2, f"INV-1: it is paused already, until {until}; resume it first")
    assert (status.code, status.err) == (0, "")
    assert f"Process: invoice-collection/{invoice_id} is running, with this plan" in status.out
    page = f"http://temporal.example/namespaces/{installation.client.namespace}/workflows/invoice-collection%2F"
    assert f"{page}{invoice_id}" in status.out
    assert (resumed.data["changed"], resumed.data["told"]) == (True, True)
    assert "200.00 EUR booked, 1000.00 EUR outstanding.\nNext: Held: partial payment" in paid.out
    assert (
        ended.out
        == "INV-1: payment of 1000.00 EUR booked, 0.00 EUR outstanding.\nNext: Nothing, the invoice is paid\n"
    )
    assert result == "Closed: paid" or "No collection" in result


def test_without_temporal_nothing_is_lost(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)

    ran = here("pause", "INV-1")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "INV-1: paused until it is resumed."
    assert "The process will be told when Temporal is back; nothing is lost (Temporal at 127.0.0.1:3" in ran.out
    assert installation.stage() == "held"
    with transaction(installation.engine) as session:
        assert outbox_backlog(session).count == 2  # of the invoice itself, and of the pause


def test_a_namespace_that_is_not_there_is_said(
    installation: Installation, there: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.invoice(due_in_days=20)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")

    ran = there("pause", "INV-1", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.data["told"] is False
    assert "nowhere" in ran.data["not_told_because"]


def test_reassign_says_when_nothing_changes(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)

    same = here("reassign", "INV-1", "Standard")
    none = here("reassign", "INV-1", "none")
    still = here("reassign", "INV-1", "NONE", "--json")
    back = here("reassign", "INV-1", "Standard")

    assert same.out.startswith("INV-1: nothing changed, it is under the cadence Standard already.\nNext: upcoming")
    assert none.out.startswith(
        "INV-1: no cadence follows it up any more.\nNext: Nothing, no cadence follows it up;"
    )
    assert (still.data["changed"], still.data["done"]) == (False, "nothing changed, no cadence follows it up")
    assert back.out.startswith("INV-1: put under the cadence Standard.\nNext: upcoming (email) goes out")
    here("reassign", "INV-1", "Nope").failed(2, "there is no cadence 'Nope'; there is Standard")


def test_a_to_do_is_completed(installation: Installation, here: RunHere) -> None:
    installation.send_at_any_hour()
    installation.invoice(due_in_days=-4, email=None)
    assert installation.stage() == "todo"

    here("complete", "INV-1", "call").failed(2, "INV-1: it has no open to-do of step call")
    done = here("complete", "INV-1", "reminder", "--outcome", "no-answer")
    here("complete", "INV-1").failed(2, "INV-1: it has no open to-do")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("INV-1: to-do reminder ended as no-answer.\nNext: ")
    assert installation.view().timeline[0].actor == clerk()


def test_what_the_ledger_refuses_is_one_line_and_changes_nothing(
    installation: Installation, here: RunHere
) -> None:
    installation.invoice()
    before = installation.happened()
    today = installation.today

    here("resume", "INV-1").failed(2, "INV-1: it is not paused")
    here("pause", "INV-1", "--until", str(today)).failed(2, f"INV-1: a pause ends after today ({today})")
    here("pay", "INV-1", "0").failed(2, "INV-1: ", "more than 0")
    here("pay", "INV-1", "1200.01").failed(2, "INV-1: 1200.01 is more than the ", "outstanding")
    here("pay", "INV-1", "1.005").failed(2, "INV-1: 1.005 ", "decimals")

    assert installation.happened() == before


def test_the_outcomes_are_those_of_the_ledger() -> None:
    assert tuple(outcome.replace("-", " ") for outcome in get_args(Outcome)) == OUTCOMES


@pytest.mark.parametrize("name", ["duewell", "import"])
def test_a_person_called_like_the_product_is_still_a_person(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LOGNAME", name)

    assert clerk() == f"{name} (command line)"
