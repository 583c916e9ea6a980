"""An import is a durable job: whoever drives it goes on behind the last page, and nothing is taken in twice."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from db.engine import Engine, transaction
from db.operations.jobs import open_job
from db.queries.jobs import JobView, job_view
from intake.imports import invoices as invoice_pages
from intake.imports.importing import import_reading, ordered_as, rows_of
from intake.imports.job import IMPORTS
from intake.imports.source import Source, read
from intake.jobs.driver import advance, drive
from tests.installation import ROOT
from tests.intake.invoice_files import a_file, cells

DRIVE = """
import sys
from db.engine import make_engine
from intake.imports import job
from intake.jobs.driver import drive
job.INVOICE_PAGE_ROWS = 20
drive(make_engine(sys.argv[1]), int(sys.argv[2]), lambda job: print(job.done, flush=True))
"""


def opened(engine: Engine, content: bytes) -> int:
    """Open a job that nobody drives yet, and return its id."""
    source = Source("book.csv", content)
    with transaction(engine) as session:
        order = ordered_as(read(session, source), source, is_strict=False, assign=None)
        return open_job(session, IMPORTS.name, "ana", order.model_dump(mode="json"), ("book.csv", content))


def book(count: int, **changed: str) -> bytes:
    """Return a file of invoices of a few customers, one of which is no good."""
    good = [
        cells(invoice_number=f"INV-{n}", customer_id=f"C-{n % 7}", customer_name=f"N {n % 7}", **changed)
        for n in range(count)
    ]
    return a_file(*good, cells(invoice_number="BAD", total="?"))


def counted(engine: Engine, *tables: str) -> list[int]:
    """Return how many rows the tables have."""
    with transaction(engine) as session:
        return [session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]


def view(engine: Engine, job_id: int) -> JobView:
    """Return the job."""
    with transaction(engine) as session:
        found = job_view(session, job_id)
    assert found is not None
    return found


def test_an_import_that_was_killed_goes_on_behind_its_last_page(engine: Engine, database_url: str) -> None:
    job_id = opened(engine, book(300))
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVE, database_url, str(job_id)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    while int(driver.stdout.readline()) < 60:
        pass
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    done = view(engine, job_id).done
    assert 60 <= done < 301

    ended = drive(engine, job_id)

    assert (ended.state, ended.done, ended.total) == ("done", 301, 301)
    assert (ended.counts["created"], ended.unchanged, ended.failed) == (300, 0, 1)
    assert counted(engine, "invoices", "collections", "next_actions", "outbox", "customers") == [300] * 4 + [7]
    rows = list(rows_of(engine, job_id))
    assert [row.position for row in rows] == list(range(2, 303))
    assert rows[-1].outcome == "refused"
    assert (rows[-1].said or "").startswith("column total: '?' is ")


def test_a_page_of_many_changes_ends_early_and_the_next_one_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive(engine, opened(engine, book(30)))
    monkeypatch.setattr(invoice_pages, "DIFFERING_MAX", 4)
    job_id = opened(engine, book(30, po_number="PO-8"))

    first = advance(engine, job_id)
    ended = drive(engine, job_id)

    assert first.done_now == 5
    assert (ended.changed, ended.unchanged, ended.failed) == (30, 0, 1)
    assert next(rows_of(engine, job_id)).said == "po_number PO-7 → PO-8"


def test_timeline_entries_of_an_import_bear_its_job(engine: Engine) -> None:
    source = Source("book.csv", book(3))
    with transaction(engine) as session:
        reading = read(session, source)
    imported = import_reading(engine, source, reading, by="ana")

    with transaction(engine) as session:
        jobs = session.scalars(text("SELECT DISTINCT (data->>'job')::bigint FROM timeline")).all()
    assert jobs == [imported.job_id]
    assert view(engine, jobs[0]).by == "ana"


def test_a_strict_import_that_the_ledger_contradicts_takes_nothing(engine: Engine) -> None:
    drive(engine, opened(engine, book(3)))
    content = a_file(cells(invoice_number="NEW"), cells(invoice_number="INV-1", customer_id="C-1", currency="USD"))
    source = Source("book.csv", content)
    with transaction(engine) as session:
        reading = read(session, source)

    imported = import_reading(engine, source, reading, is_strict=True)

    assert not imported.is_applied
    assert [problem.line for problem in imported.problems] == [3]
    assert counted(engine, "invoices", "jobs") == [3, 1]
