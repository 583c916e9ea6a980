"""`duewell bulk todos`: what a person orders of all to-dos that match."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.engine import transaction
from db.operations.assignment import reassign
from db.operations.cadences import publish
from dunning.cadence import Channel
from intake.jobs.driver import drive
from tests.console.conftest import RunHere
from tests.db.book import a_change
from tests.dunning.builders import a_cadence, a_step
from tests.installation import Installation


@pytest.fixture
def three(installation: Installation) -> Installation:
    """Three invoices of two customers with an open to-do each: a call, and two mails by hand."""
    installation.send_at_any_hour()
    with transaction(installation.engine) as session:
        publish(session, a_cadence([a_step("CALL", 3, Channel.CALL), a_step("LAST", 300)], name="Calls"))
        publish(session, a_cadence([a_step("HAND", 3, manual=True), a_step("LAST", 4)], name="Hands"))
    for index in range(3):
        invoice_id = installation.invoice(f"INV-{index}", due_in_days=-4, customer_id=f"C-{index % 2}")
        with transaction(installation.engine) as session:
            change = replace(a_change(), at=datetime.now(UTC), on=installation.today)
            reassign(session, invoice_id, "Hands" if index else "Calls", change)
    return installation


def test_all_that_match_are_done_by_a_job_that_begins_as_soon_as_it_can(
    three: Installation, here: RunHere
) -> None:
    ordered = here("bulk", "todos", "ignore", "--cadence", "Hands", "--note", "audit", "--yes")
    job = drive(three.engine, 1)
    again = here("bulk", "todos", "ignore", "--cadence", "Hands", "--yes")
    until = three.today + timedelta(days=2)
    here("bulk", "todos", "snooze", "--customer", "C-0", "--until", str(until), "--yes")
    drive(three.engine, 2)

    assert ordered.out.startswith("Job 1 is ordered: ignore to-dos.")
    assert (job.state, job.changed, job.total, job.order["where"]) == ("done", 2, 2, "cadence Hands")
    assert again.out == "No open to-do matches.\n"
    assert three.rows("SELECT i.number, a.state, a.snoozed_until FROM actions a"
                      " JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id"
                      " WHERE a.step_id <> 'LAST' ORDER BY i.number") == [
        ("INV-0", "open", until), ("INV-1", "ignored", None), ("INV-2", "ignored", None),
    ]  # fmt: skip


def test_a_dry_run_says_what_would_be_done_and_what_follows_and_orders_nothing(
    three: Installation, here: RunHere
) -> None:
    sent = here("bulk", "todos", "send", "--owner", "Cash Collectors", "--dry-run", "--json").data
    ignored = here("bulk", "todos", "ignore", "--cadence", "Hands", "--dry-run").out

    assert (sent["kind"], sent["matching"], sent["done"], sent["job"]) == ("send to-dos", 3, 2, None)
    because = "a to-do of the channel call cannot be sent from here; do it, and then complete it"
    assert sent["refused"] == {because: 1}
    assert ignored.startswith("2 open to-dos match: cadence Hands\n        2 would be done\n")
    assert "        2 more messages would go out by the end of" in ignored
    assert here("job", "list", "--json").data == []


def test_what_makes_no_sense_is_said_in_one_line(three: Installation, here: RunHere) -> None:
    some = ("--cadence", "Hands", "--yes")

    here("bulk", "todos", "send", "--yes").failed(2, "needs a filter")
    here("bulk", "todos", "send", "--cadence", "Nobody", "--yes").failed(2, "there is no cadence 'Nobody'")
    here("bulk", "todos", "send", "--cadence", "Hands").failed(2, "add --yes")
    here("bulk", "todos", "snooze", "--until", "2020-01-01", *some).failed(2, "a day after today")
    here("bulk", "todos", "assign", "--to", "nobody", *some).failed(2, "no group with the name 'nobody'")
    here("bulk", "todos", "complete", "--outcome", "promised", *some).failed(2, "a promise has its own day")
