"""`duewell job`: bulk work, how far it is, and what became of each object."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

job = App(
    name="job", help="Look at bulk work: imports, rules that are applied, bulk orders; or cancel it.", sort_key=9
)
LINES_MAX = 10_000
Lines = Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))]


@job.command(name="list", sort_key=1)
def list_jobs(*, running: bool = False, limit: Lines = 20, before: int | None = None, json: bool = False) -> int:
    """List jobs, newest first.

    Parameters
    ----------
    running
        Only those that have not ended.
    limit
        How many at most, up to 10000.
    before
        Only jobs older than the one with this number, which the page before ended with.
    json
        Print one JSON document: a list of objects.
    """
    from console.connections.ledger import open_ledger
    from console.orders.job_following import job_data
    from console.terminal.job_table import jobs_table
    from console.terminal.printing import out, say_json
    from db.engine import transaction
    from db.queries.jobs import job_page

    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            jobs = job_page(session, limit, before, only_running=running)
        if json:
            say_json([job_data(one) for one in jobs])
        else:
            out().print(jobs_table(jobs, ledger.organization.time_zone))
    return 0


@job.command(sort_key=2)
def show(number: int, /, *, json: bool = False) -> int:
    """Say how far a job is: done, changed, unchanged, failed, how fast, and the time left.

    Parameters
    ----------
    number
        The job's number.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.orders.job_following import job_data, read_job, say_job
    from console.terminal.printing import say_json

    with open_ledger() as ledger:
        found = read_job(ledger.engine, number)
    if json:
        say_json(job_data(found))
    else:
        say_job(found)
    return 0


@job.command(sort_key=3)
def follow(number: int, /, *, json: bool = False) -> int:
    """Show how far a job is until it is over. Ctrl-C leaves it running.

    Parameters
    ----------
    number
        The job's number.
    json
        Print one JSON document, once it is over.
    """
    from console.connections.ledger import open_ledger
    from console.orders.job_following import follow_job

    with open_ledger() as ledger:
        return follow_job(ledger, number, as_json=json)


@job.command(sort_key=4)
def cancel(number: int, /, *, json: bool = False) -> int:
    """Let a job end after the page under way, within seconds. What it did stays.

    Parameters
    ----------
    number
        The job's number.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done
    from console.orders.job_following import read_job

    with open_desk() as (desk, ledger):
        is_new = desk.cancel_job(number)
        state = read_job(ledger.engine, number).state
    done = f"job {number} " + ("is canceled" if state == "canceled" else "ends after the page under way")
    return say_done(json, done if is_new else f"{done}, as was ordered before", job=number, changed=is_new)


@job.command(sort_key=5)
def rows(number: int, /, *, refused: bool = False, limit: Lines = 100, after: int = -1, json: bool = False) -> int:
    """List what became of a job's objects; those that are as they were are only counted.

    Parameters
    ----------
    number
        The job's number.
    refused
        Only those that were refused, with the reason.
    limit
        How many at most, up to 10000.
    after
        Only those behind this position, which the page before ended with.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.orders.job_following import read_job
    from console.terminal.job_table import rows_table
    from console.terminal.printing import out, say_json
    from db.engine import transaction
    from db.queries.jobs import job_rows

    with open_ledger() as ledger:
        read_job(ledger.engine, number)
        with transaction(ledger.engine) as session:
            found = job_rows(session, number, limit, after, only_refused=refused)
    if json:
        say_json([asdict(one) for one in found])
    else:
        out().print(rows_table(found))
    return 0
