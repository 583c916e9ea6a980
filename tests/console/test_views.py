"""status and collections: what people and programs read."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from console.commands.collections import Stage
from console.views.amounts import plain
from db.tables.collections import STAGES
from starter import start_all
from tests.console.conftest import RunHere
from tests.console.program import duewell
from tests.installation import Installation


async def test_status_tells_everything_though_no_worker_runs(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    await start_all(installation.engine, installation.client)

    ran = await duewell(installation.env, "status", "INV-1")

    assert (ran.code, ran.err) == (0, "")
    for words in (
        "INV-1\n",
        "customer     Société Hélios (C-1)",
        "total        1200.00 EUR",
        "outstanding  1200.00 EUR",
        "cadence      Standard",
        "stage        waiting",
        "upcoming (email) goes out",
        f"Process: invoice-collection/{invoice_id} is running; no worker answers for it",
        "invoice created by import: total 1200.00, currency EUR",
    ):
        assert words in ran.out
    assert "http" not in ran.out


def test_status_as_json_is_one_document(installation: Installation, there: RunHere) -> None:
    installation.send_at_any_hour()
    installation.invoice(due_in_days=-4, email=None)

    ran = there("status", "INV-1", "--json")

    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert ran.data["total"] == ran.data["outstanding"] == "1200.00"
    assert ran.data["due_on"] == str(installation.today - timedelta(days=4))
    assert ran.data["stage"] == "todo"
    assert [todo["step"] for todo in ran.data["todos"]] == ["reminder"]
    assert ran.data["process"]["state"] == "none"
    assert datetime.fromisoformat(ran.data["timeline"][0]["at"]).tzinfo is not None


def test_status_without_temporal_and_without_a_cadence(installation: Installation, here: RunHere) -> None:
    installation.send_at_any_hour()
    installation.invoice(due_in_days=-4, email=None)

    with_todo = here("status", "INV-1")
    here("reassign", "INV-1", "none")
    without_cadence = here("status", "INV-1")

    assert "to-do 1: reminder (email) since" in with_todo.out
    assert "Process: Temporal at 127.0.0.1:3 does not answer" in with_todo.out
    assert "cadence      none (Standard: stopped)" in without_cadence.out
    assert (
        "Nothing, no cadence follows it up; to change that: duewell reassign INV-1 CADENCE" in without_cadence.out
    )
    assert "to-do reminder" not in without_cadence.out.split("Process:")[0]


def test_what_others_wrote_does_not_command_the_terminal(installation: Installation, here: RunHere) -> None:
    installation.invoice(due_in_days=20)
    here("pause", "INV-1", "--reason", "\x1b[2J[bold]wiped[/bold]")

    shown = here("status", "INV-1").out

    assert "\x1b" not in shown
    assert r"\x1b[2J[bold]wiped[/bold]" in shown


async def test_collections_are_listed_in_eighty_columns(installation: Installation) -> None:
    number = "INVOICE-2026-000000000017"
    installation.invoice(
        number, due_in_days=20, customer_name="A customer with a very long name of many words Ltd"
    )
    installation.invoice("INV-2", due_in_days=-4, customer_id="C-2", total=Decimal("12345678.90"))

    ran = await duewell(installation.env, "collections")

    assert (ran.code, ran.err) == (0, "")
    assert number in ran.out
    assert "12345678.90 EUR" in ran.out
    assert max(map(len, ran.out.splitlines()[:-1])) <= 80
    assert "2 of 2 open collections listed; in all: " in ran.out


async def test_collections_are_filtered_and_counted(installation: Installation, here: RunHere) -> None:
    for number in range(3):
        installation.invoice(f"INV-{number}", due_in_days=20 + number, customer_id=f"C-{number}")
    installation.send_at_any_hour()
    installation.invoice("INV-T", due_in_days=-4, customer_id="C-T", email=None)

    todo = here("collections", "--stage", "todo", "--json")
    one = here("collections", "--customer", "C-1", "--cadence", "Standard", "--json")
    limited = here("collections", "--limit", "2")
    none = here("collections", "--stage", "blocked")
    as_list = here("collections", "--stage", "blocked", "--json")

    assert [line["invoice"] for line in todo.data] == ["INV-T"]
    assert [(line["invoice"], line["outstanding"]) for line in one.data] == [("INV-1", "1200.00")]
    assert "2 of 4 open collections listed; in all: 3 waiting, 1 todo." in limited.out
    assert "--limit 4 lists them all" in limited.out
    assert none.out == "No open collection matches; 4 are open in all: 3 waiting, 1 todo.\n"
    assert as_list.data == []


def test_an_empty_book_is_said(here: RunHere) -> None:
    assert here("collections").out == "No collection is open.\n"


def test_the_stages_are_those_of_the_ledger() -> None:
    assert set(get_args(Stage)) == set(STAGES) - {"closed"}


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.5000", "EUR", "1234.50"),
        ("1000.0000", "JPY", "1000"),
        ("1.2345", "EUR", "1.2345"),
        ("0.0000", "KWD", "0.000"),
        ("100000000000000.0000", "EUR", "100000000000000.00"),
    ],
)
def test_amounts_are_exact_and_plain(amount: str, currency: str, shown: str) -> None:
    assert plain(Decimal(amount), currency) == shown


def test_status_says_what_changed_and_that_there_was_nothing_before(
    installation: Installation, here: RunHere
) -> None:
    installation.invoice(due_in_days=20)
    installation.invoice(due_in_days=20, po_number="PO-1")

    assert "invoice changed by import: po_number nothing to PO-1\n" in here("status", "INV-1").out
