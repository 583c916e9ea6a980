"""pause, resume, reassign, pay, complete: the ledger changes, the process is told, and what comes next is said."""

import asyncio
from datetime import timedelta
from typing import get_args

import pytest

from console.commands.hold_orders import Then
from console.commands.step_orders import ContactChannel, Outcome
from console.orders.clerk import clerk
from db.engine import transaction
from db.operations.todos import OUTCOMES
from db.queries.backlog import outbox_backlog
from dunning.cadence import Channel
from dunning.events import Resolution
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
    assert "The process will be told later; nothing is lost (Temporal at 127.0.0.1:3" in ran.out
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
    here("complete", "INV-1", "--outcome", "no-answer").failed(2, "channel email ends as one of done, ignored")
    done = here("complete", "INV-1", "reminder")
    here("complete", "INV-1").failed(2, "INV-1: it has no open to-do")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("INV-1: to-do reminder ended as done.\nNext: ")
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


def test_what_help_offers_is_what_the_ledger_and_the_core_know() -> None:
    assert tuple(outcome.replace("-", " ") for outcome in get_args(Outcome)) == OUTCOMES
    assert get_args(Then) == tuple(Resolution)
    assert get_args(ContactChannel) == tuple(channel for channel in Channel if channel.is_contact)


def test_each_order_says_what_was_done_and_what_comes_next(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    today = installation.today
    soon, later = today + timedelta(days=10), today + timedelta(days=12)

    def said(*arguments: str) -> str:
        ran = here(*arguments)
        assert (ran.code, ran.err) == (0, ""), ran
        first, following = ran.out.splitlines()[:2]
        assert following.startswith("Next: ")
        return first.removeprefix("INV-1: ")

    assert said("dispute", "INV-1", "--reason", "never ordered") == "disputed."
    assert said("resolve", "INV-1") == "dispute resolved, the cadence goes on."
    assert said("promise", "INV-1", str(soon)) == f"payment promised for {soon}."
    assert said("promise", "INV-1", str(soon), "--amount", "200") == f"200.00 EUR promised for {soon}."
    assert said("payment-in-flight", "INV-1", "--until", str(soon)) == f"a payment is expected before {soon}."
    assert said("hide", "INV-1") == "hidden from its customer."
    assert said("hide", "INV-1") == "nothing changed, it is hidden already."
    assert said("show", "INV-1") == "shown to its customer again."
    assert said("show", "INV-1") == "nothing changed, it is not hidden."
    assert said("contact", "INV-1", "call", "--note", "on it") == "contact by call logged."
    assert (
        said("contact", "INV-1", "email", "--as-step", "upcoming") == "contact by email logged as step upcoming."
    )
    assert said("due-date", "INV-1", str(later)) == f"due on {later}."
    assert said("restart", "INV-1") == "the cadence begins anew."
    assert said("pay", "INV-1", "1200") == "payment of 1200.00 EUR booked, 0.00 EUR outstanding."
    assert said("reverse", "INV-1", "200.50") == "200.50 EUR reversed, 200.50 EUR outstanding."
    assert said("write-off", "INV-1") == "written off."
    assert said("write-off", "INV-1") == "nothing changed, it is written off already."
    assert said("reinstate", "INV-1") == "reinstated."
    assert said("void", "INV-1") == "void."
    assert said("void", "INV-1") == "nothing changed, it is void already."


def test_a_to_do_is_put_off(installation: Installation, here: RunHere) -> None:
    installation.send_at_any_hour()
    installation.invoice(due_in_days=-4, email=None)
    tomorrow = installation.today + timedelta(days=1)

    ran = here("snooze", "INV-1", "reminder", str(tomorrow), "--json")

    assert (ran.code, ran.data["done"]) == (0, f"to-do reminder put off until {tomorrow}")
    here("snooze", "INV-1", "reminder", str(installation.today)).failed(2, "INV-1: a to-do is put off until")


def test_a_customer_is_paused_and_resumed_with_all_its_invoices(installation: Installation, here: RunHere) -> None:
    for number in ("INV-1", "INV-2"):
        installation.invoice(number, due_in_days=20, customer_id="C-9")
    installation.invoice("INV-3", due_in_days=20, customer_id="C-10", email="bo@other.example")
    with transaction(installation.engine) as session:
        owed_before = outbox_backlog(session).count

    paused = here("pause", "--customer", "C-9", "--reason", "merger")
    stages = [installation.stage(number) for number in ("INV-1", "INV-2", "INV-3")]
    again = here("pause", "--customer", "C-9")
    resumed = here("resume", "--customer", "C-9", "--json")
    with transaction(installation.engine) as session:
        owed = outbox_backlog(session).count - owed_before

    assert paused.out.startswith("C-9: paused until it is resumed; 2 invoices are being followed up.\n")
    assert stages == ["held", "held", "waiting"]
    again.failed(2, "C-9: the customer is paused already")
    assert (resumed.data["customer"], resumed.data["invoices"], resumed.data["told"]) == ("C-9", 2, False)
    assert owed == 4
    here("pause").failed(2, "name either an invoice, or a customer")
    here("resume", "INV-1", "--customer", "C-9").failed(2, "name either an invoice, or a customer")
    here("pause", "--customer", "C-404").failed(2, "there is no customer 'C-404'")


def test_what_the_core_objects_to_is_one_line(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    before, yesterday = installation.happened(), str(installation.today - timedelta(days=1))

    here("resolve", "INV-1").failed(2, "INV-1: it is not disputed")
    here("promise", "INV-1", yesterday).failed(2, "INV-1: a promise is for today")
    here("promise", "INV-1", str(installation.today), "--amount", "5000").failed(2, "more than the 1200.00 EUR")
    here("payment-in-flight", "INV-1", "--until", yesterday).failed(
        2, "INV-1: a payment is waited for until after"
    )
    here("reverse", "INV-1", "1").failed(2, "INV-1: 1 is more than the 0.00 EUR that was paid")
    here("due-date", "INV-1", "2001-01-01").failed(2, "INV-1: it was issued on ")
    here("contact", "INV-1", "email", "--as-step", "nope").failed(2, "INV-1: step nope is not to come")
    here("contact", "INV-1", "pigeon").failed(2, "pigeon")
    here("snooze", "INV-1", "call", yesterday).failed(2, "INV-1: it has no open to-do of step call")
    here("reinstate", "INV-1").failed(2, "INV-1: it is neither void nor written off")

    assert installation.happened() == before


@pytest.mark.parametrize("name", ["duewell", "import"])
def test_a_person_called_like_the_product_is_still_a_person(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LOGNAME", name)

    assert clerk() == f"{name} (command line)"
