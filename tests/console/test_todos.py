"""`duewell todo` and `duewell actions`: what people have to do, and how they do it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import text

from console.commands.todo_lists import ListOrder
from console.options.todo_filter import Kind, ListedChannel, Status
from db.engine import transaction
from db.operations.assignment import reassign
from db.operations.cadences import publish
from db.queries.todos import Order
from db.tables.actions import ACTION_KINDS, ACTION_STATES
from dunning.cadence import Channel
from tests.console.conftest import RunHere
from tests.console.program import duewell
from tests.db.book import a_change
from tests.dunning.builders import a_cadence, a_step
from tests.installation import Installation


@pytest.fixture
def four(installation: Installation) -> list[int]:
    """Four invoices of two customers with an open to-do each: a call, and three mails by hand."""
    installation.send_at_any_hour()
    with transaction(installation.engine) as session:
        for name, step in (("Calls", a_step("CALL", 3, Channel.CALL)), ("Hands", a_step("HAND", 3, manual=True))):
            publish(
                session,
                a_cadence([replace(step, template="reminder"), a_step("LAST", 300, Channel.CALL)], name=name),
            )
    numbers = ["INV-1", "INV-2", "INV-3", "INV-4"]
    for index, number in enumerate(numbers):
        invoice_id = installation.invoice(number, due_in_days=-4 - index, customer_id=f"C-{1 + index % 2}")
        with transaction(installation.engine) as session:
            now = datetime.now(UTC)
            change = replace(a_change(), at=now, on=installation.today)
            reassign(session, invoice_id, "Hands" if index else "Calls", change)
    return [row[0] for row in installation.rows("SELECT id FROM actions WHERE state = 'open' ORDER BY id")]


def test_the_list_shows_what_is_open_and_its_filters_choose(four: list[int], here: RunHere) -> None:
    def listed(*options: str) -> list[str]:
        ran = here("todo", "list", "--json", *options)
        assert (ran.code, ran.err) == (0, "")
        return [line["invoice"] for line in ran.data["actions"]]

    assert listed() == ["INV-1", "INV-2", "INV-3", "INV-4"]
    assert listed("--channel", "call") == ["INV-1"]
    assert listed("--cadence", "Hands", "--customer", "C-1") == ["INV-3"]
    assert listed("--invoice", "INV-2") == ["INV-2"]
    assert listed("--owner", "cash collectors") == listed()
    assert listed("--kind", "reply") == []
    here("todo", "list", "--customer", "C-99").failed(2, "there is no customer 'C-99'")
    here("todo", "list", "--owner", "nobody").failed(2, "no user", "'nobody'")
    here("todo", "list", "--cadence", "None").failed(2, "there is no cadence 'None'")
    table = here("todo", "list").out
    assert all(f"INV-{number}" in table for number in (1, 2, 3, 4))


def test_a_call_has_a_script_and_nothing_to_edit(
    four: list[int], here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = str(four[0])
    monkeypatch.setenv("VISUAL", "true")

    shown = here("todo", "show", call)

    assert "What to say, as its template has it:\n  Subject: Reminder: invoice INV-1" in shown.out
    here("todo", "edit", call).failed(2, f"to-do {call} has no message to edit")


def test_pages_follow_each_other(four: list[int], here: RunHere) -> None:
    first = here("todo", "list", "--limit", "3", "--json").data
    second = here("todo", "list", "--limit", "3", "--json", "--after", first["after"]).data

    assert (len(first["actions"]), len(second["actions"]), second["after"]) == (3, 1, None)
    assert f"--after {first['after']} lists what follows" in here("todo", "list", "--limit", "3").out
    here("todo", "list", "--after", "yesterday").failed(2, "'yesterday' is no place in a list")


def test_bulk_orders_have_a_result_for_each(four: list[int], here: RunHere, installation: Installation) -> None:
    call, mail, *others = four
    promised = str(installation.today + timedelta(days=9))

    mixed = here("todo", "complete", str(call), str(mail), "999999", "--outcome", "reached", "--json")
    assert mixed.code == 2
    assert [(one["id"], one["done"]) for one in mixed.data["results"]] == [
        (call, True), (mail, False), (999999, False)
    ]  # fmt: skip
    assert "ends as one of done, ignored" in mixed.data["results"][1]["because"]
    again = here("todo", "complete", str(call))
    assert (again.code, again.out) == (2, "")
    assert f"to-do {call} was done by" in again.err
    assert "(reached) on" in again.err
    rest = here("todo", "ignore", "--all", "--cadence", "Hands", "--note", "key account")
    assert (rest.code, rest.out.splitlines()[-2:-1]) == (0, ["3 of 3 done."])
    assert here("todo", "list", "--json").data["actions"] == []
    everything = here("actions", "--json", "--status", "ignored").data["actions"]
    assert sorted(line["id"] for line in everything) == sorted([mail, *others])
    here("todo", "complete", "--all").failed(2, "--all needs a filter")
    here("todo", "complete").failed(2, "name to-dos by their numbers")
    # A filter that was left out of sight would let people believe that it chose.
    here("todo", "ignore", "1", "--cadence", "Hands").failed(2, "name to-dos by their numbers")
    here("todo", "complete", "1", "--send", "--outcome", "done").failed(2, "--send completes a to-do")
    assert here("todo", "complete", str(call), "--outcome", "promised", "--promised-for", promised).code == 2


def test_a_promise_on_the_phone_holds_contact(four: list[int], here: RunHere, installation: Installation) -> None:
    day = str(installation.today + timedelta(days=9))

    asked = here("todo", "complete", str(four[0]), "--outcome", "promised")
    made = here("todo", "complete", str(four[0]), "--outcome", "promised", "--promised-for", day, "--note", "Ana")

    assert (asked.code, "needs the day" in asked.err) == (2, True)
    assert (made.code, made.err) == (0, "")
    assert installation.stage("INV-1") == "held"
    assert f"promised_for {day}" in here("status", "INV-1").out


def test_a_to_do_is_put_off_and_handed_on(four: list[int], here: RunHere, installation: Installation) -> None:
    tomorrow = str(installation.today + timedelta(days=1))
    with transaction(installation.engine) as session:
        session.execute(text("INSERT INTO groups (name) VALUES ('Disputes')"))

    off = here("todo", "snooze", str(four[0]), str(four[1]), "--until", tomorrow)
    on = here("todo", "assign", str(four[0]), "--to", "Disputes")

    assert off.out.splitlines()[:3] == [f"{four[0]}: done.", f"{four[1]}: done.", "2 of 2 done."]
    assert (on.code, on.out) == (0, f"{four[0]}: done.\n")
    assert [line["id"] for line in here("todo", "list", "--json").data["actions"]] == sorted(four[2:])
    assert len(here("todo", "list", "--put-off", "--json").data["actions"]) == 4
    assert [line["id"] for line in here("actions", "--owner", "Disputes", "--json").data["actions"]] == four[:1]


def test_a_message_is_shown_and_edited(
    four: list[int], here: RunHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = str(four[1])
    template = here("todo", "show", todo, "--json").data
    assert template["outcomes"] == ["done", "ignored"]
    assert "INV-2" in template["draft"]["subject"] + template["draft"]["body"]

    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    here("todo", "edit", todo).failed(2, "set $EDITOR")
    (tmp_path / "body.txt").write_text("Dear Ana,\n\nplease pay – now.\n", encoding="utf-8")
    assert here("todo", "edit", todo, "--subject", "One", "--body-file", str(tmp_path / "body.txt")).code == 0
    monkeypatch.setenv("EDITOR", "sed -i -e s/One/Two/ -e s/now/soon/")
    assert here("todo", "edit", todo).code == 0
    shown = here("todo", "show", todo)

    assert "as it was edited" in shown.out
    assert "Subject: Two" in shown.out
    assert "please pay – soon." in shown.out
    monkeypatch.setenv("EDITOR", "false")
    here("todo", "edit", todo).failed(1, "the editor ended with 1; nothing was changed")
    here("todo", "edit", str(four[0])).failed(2, "has no message to edit")
    here("todo", "edit", todo, "--body", "x", "--body-file", "y").failed(2, "not by both")
    here("todo", "show", "999999").failed(2, "there is no to-do 999999")


def test_status_names_the_to_dos_by_their_numbers(four: list[int], here: RunHere) -> None:
    assert f"to-do {four[0]}: CALL (call)" in here("status", "INV-1").out
    assert here("status", "INV-1", "--json").data["todos"][0]["id"] == four[0]


async def test_what_a_person_wrote_is_sent_once_by_the_process(
    installation: Installation, four: list[int]
) -> None:
    todo = str(four[1])

    async with installation.working():
        await duewell(installation.env, "todo", "edit", todo, "--subject", "In person", "--body", "Please pay.")
        sent = await duewell(installation.env, "todo", "complete", todo, "--send")
        await installation.until(lambda: "message sent" in installation.happened("INV-2"))
        again = await duewell(installation.env, "todo", "complete", todo, "--send")
        await installation.settled(installation.view("INV-2").id)

    assert (sent.code, sent.err, sent.out) == (0, "", f"{todo}: done.\n")
    assert again.code == 2
    assert f"to-do {todo} was done by" in again.err
    assert "(sent)" in again.err
    (mail,) = installation.mails()
    assert mail.subject == "In person"
    assert installation.rows("SELECT state, outcome FROM actions WHERE id = :id", id=int(todo)) == [
        ("done", "sent")
    ]


def test_what_help_offers_is_what_the_ledger_knows() -> None:
    assert get_args(Status) == ACTION_STATES
    assert get_args(Kind) == ACTION_KINDS
    assert get_args(ListedChannel) == tuple(Channel)
    assert get_args(ListOrder) == get_args(Order)
