"""`duewell bulk` and `duewell job`: what a person orders of many invoices, sees of it, and cancels."""

import asyncio
import re
import signal
from typing import get_args

import pytest

from console.options import invoice_filter
from db.engine import Engine, transaction
from intake.jobs.driver import drive
from rules.fields import Aging, Status
from tests.console import program
from tests.console.conftest import RunHere
from tests.installation import Installation


@pytest.fixture
def three(installation: Installation) -> Installation:
    """Two invoices that are overdue, of two customers, and one that is not due."""
    installation.send_at_any_hour()
    installation.invoice("INV-1", due_in_days=-1, customer_id="C-1")
    installation.invoice("INV-2", due_in_days=-1, customer_id="C-2")
    installation.invoice("INV-3", due_in_days=20, customer_id="C-2")
    with transaction(installation.engine) as session:
        session.connection().exec_driver_sql("DELETE FROM outbox")
    return installation


def test_the_filters_offer_what_rules_know() -> None:
    assert set(get_args(invoice_filter.Status)) == set(Status)
    assert set(get_args(invoice_filter.Aging)) == set(Aging)


async def test_bulk_work_is_ordered_followed_and_reported(three: Installation, there: RunHere) -> None:
    async with three.working():
        paused = await asyncio.to_thread(there, "bulk", "pause", "--customer", "C-2", "--yes", "--json")
        again = await asyncio.to_thread(there, "bulk", "pause", "--yes", "--until", "2999-01-01")
    number = paused.data["job"]
    rows = there("job", "rows", str(number + 1), "--refused", "--json").data
    listed = there("job", "list", "--json").data

    assert paused.code == 0
    names = "state", "done", "changed", "unchanged", "failed", "total"
    assert [paused.data[name] for name in names] == ["done", 2, 2, 0, 0, 2]
    # Two of the three stay as they are, because their pause has no end; that is a problem to look at.
    assert again.code == 1
    assert re.match(
        rf"bulk pause, job {number + 1}: done; 3 of 3 done \(1 changed, 0 unchanged, 2 failed\)\.\n", again.out
    )
    assert [(row["subject"], row["outcome"]) for row in rows] == [("INV-2", "refused"), ("INV-3", "refused")]
    assert [(job["job"], job["state"]) for job in listed[:2]] == [(number + 1, "done"), (number, "done")]
    assert [three.stage(number) for number in ("INV-1", "INV-2", "INV-3")] == ["held"] * 3


def test_a_dry_run_says_what_would_change_and_what_that_would_send_and_changes_nothing(
    three: Installation, here: RunHere
) -> None:
    said = here("bulk", "assign", "none", "--where", "status is overdue", "--dry-run", "--json").data
    same = here("bulk", "assign", "Standard", "--dry-run")

    assert said["where"] == 'status is any of "not due", due, overdue, disputed and status is overdue'
    assert (said["matching"], said["changed"], said["refused"], said["job"]) == (2, 2, 0, None)
    assert said["impact"]["next_actions_changed"] == 2
    assert same.code == 0
    assert "        0 would be changed\n        3 are so already\n" in same.out
    assert "Nothing was changed, this was a dry run." in same.out
    assert here("job", "list", "--json").data == []
    assert len(three.lines()) == 3


def test_without_temporal_a_job_is_ordered_and_begins_later(
    three: Installation, here: RunHere, engine: Engine
) -> None:
    ordered = here("bulk", "hide", "--number", "INV-3", "--yes")
    shown = here("job", "show", "1")
    drive(engine, 1)

    assert ordered.code == 0
    assert "Job 1 is ordered: bulk hide." in ordered.out
    assert "begins as soon as Temporal and a worker are there; nothing is lost" in ordered.out
    assert shown.out == "bulk hide, job 1: under way; 0 done (0 changed, 0 unchanged, 0 failed).\n"
    assert here("job", "follow", "1").out.startswith("bulk hide, job 1: done; 1 of 1 done (1 changed")
    assert "hidden" in three.happened("INV-3")


def test_a_job_is_canceled(three: Installation, here: RunHere, engine: Engine) -> None:
    here("bulk", "resume", "--yes")
    here("bulk", "pause", "--yes")
    drive(engine, 2)

    canceled = here("job", "cancel", "1")
    again = here("job", "cancel", "1", "--json").data

    assert canceled.out == "job 1 is canceled.\n"
    assert again["changed"] is False
    assert here("job", "show", "1").out.startswith("bulk resume, job 1: canceled; 0 done")
    here("job", "cancel", "2").failed(2, "job 2 has ended: done")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bulk", "pause"), "add --yes"),
        (("bulk", "assign", "W-KEY", "--yes"), "there is no cadence 'W-KEY'; there is Standard"),
        (("bulk", "pause", "--yes", "--until", "2020-01-01"), "a pause ends on a day after today"),
        (("bulk", "pause", "--yes", "--where", "status is late"), "--where, column 11"),
        (("bulk", "pause", "--yes", "--currency", "euro"), "is no currency such as EUR"),
        (("bulk", "pause", "--yes", "--cadence", "none", "--cadence", "Standard"), "stands alone"),
        (("job", "show", "7"), "there is no job 7"),
        (("job", "rows", "7"), "there is no job 7"),
        (("job", "cancel", "7"), "there is no job 7"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(here: RunHere, arguments: tuple[str, ...], said: str) -> None:
    here(*arguments).failed(2, said)


async def test_ctrl_c_leaves_the_job_running_and_says_so(three: Installation) -> None:
    process = await program.start(three.env, "bulk", "pause", "--yes")
    await three.until(lambda: three.rows("SELECT FROM jobs") != [])
    await three.until_true(lambda: _is_started(three))
    process.send_signal(signal.SIGINT)
    ran = await program.ended(process)

    assert ran.code == 130
    assert "Job 1 goes on without you: duewell job show 1" in ran.err
    assert three.rows("SELECT state FROM jobs") == [("running",)]


async def _is_started(installation: Installation) -> bool:
    return "bulk-job/1" in await installation.processes()
