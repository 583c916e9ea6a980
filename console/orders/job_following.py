"""Begins a bulk job's process, and shows how far it is until it is over or nobody wants to see it any more."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from temporalio.service import RPCError

from console.connections.environment import environment
from console.connections.ledger import Ledger
from console.connections.processes import connected
from console.failure import NOT_DONE, was_interrupted
from console.terminal.printing import err, out, say, say_json
from console.terminal.progress import Bar
from db.engine import Engine, transaction
from db.operations.refusal import Refused
from db.queries.jobs import JobView, job_view
from intake.jobs.words import sentence_of
from settings import Settings
from workflows.client import TemporalUnavailable, start_job

LOOK_SECONDS = 0.3
# After this long without a page whoever follows is told what is missing.
PATIENCE_SECONDS = 15.0


def begin_and_follow(ledger: Ledger, job_id: int, kind: str, *, follow: bool, as_json: bool) -> int:
    """Start the job's process, follow it if that is wanted, and say how it stands; return the exit code.

    The job is committed and begins without this too: as soon as Temporal and a worker are there.
    """
    with _leaving_it_running(job_id):
        why_not = asyncio.run(_begin(environment(), job_id, kind))
    if why_not is None and follow:
        return follow_job(ledger, job_id, as_json=as_json)
    job = read_job(ledger.engine, job_id)
    if as_json:
        say_json(job_data(job) | {"begun": why_not is None, "not_begun_because": why_not})
        return 0
    say(out(), f"Job {job_id} is ordered: {kind}. To see how far it is: duewell job show {job_id}")
    if why_not is not None:
        say(out(), f"It begins as soon as Temporal and a worker are there; nothing is lost ({why_not}).", "yellow")
    return 0


def follow_job(ledger: Ledger, job_id: int, *, as_json: bool) -> int:
    """Show how far the job is until it is over, and say how it ended; return the exit code. Raises Refused."""
    with _leaving_it_running(job_id):
        job = _follow(ledger.engine, job_id)
    if as_json:
        say_json(job_data(job))
    else:
        say_job(job)
    return 0 if job.state == "done" and not job.failed else NOT_DONE


def read_job(engine: Engine, job_id: int) -> JobView:
    """Return the job. Raises Refused if there is none of that number."""
    with transaction(engine) as session:
        job = job_view(session, job_id)
    if job is None:
        raise Refused("there is no job {job_id}", job_id=job_id)
    return job


def say_job(job: JobView) -> None:
    """Say how the job stands, and where its refusals are."""
    say(out(), f"{sentence_of(job)}.", "yellow" if job.state == "failed" else "")
    if job.failed:
        say(out(), f"What was refused, and why: duewell job rows {job.id} --refused")


def job_data(job: JobView) -> dict[str, Any]:
    """Return the job for JSON."""
    facts = asdict(job)
    counts = facts.pop("counts")
    return {"job": facts.pop("id"), **facts, "seconds_left": job.seconds_left, **counts}


@contextmanager
def _leaving_it_running(job_id: int) -> Iterator[None]:
    """Say at an interruption that it is one of the looking, and not of the job."""
    try:
        yield
    except BaseException as error:
        if was_interrupted(error):
            say(err(), f"Job {job_id} goes on without you: duewell job show {job_id}, duewell job cancel {job_id}")
        raise


def _follow(engine: Engine, job_id: int) -> JobView:
    job = read_job(engine, job_id)
    waits_since, is_told = time.monotonic(), False
    with Bar(err(), job.kind) as bar:
        while not job.is_over:
            time.sleep(LOOK_SECONDS)
            moved_at, job = job.moved_at, read_job(engine, job_id)
            if job.moved_at != moved_at:
                waits_since = time.monotonic()
            elif not is_told and time.monotonic() - waits_since > PATIENCE_SECONDS:
                say(err(), "No worker does it yet; start one: python -m worker", "yellow")
                is_told = True
            if job.total is not None:
                bar.show(job.done, job.total)
    return job


async def _begin(chosen: Settings, job_id: int, kind: str) -> str | None:
    """Start the job's process now; return None if it runs, else why a worker has to do that later."""
    try:
        await start_job(await connected(chosen), job_id, kind)
    except TemporalUnavailable as error:
        return str(error)
    except RPCError as error:
        return f"Temporal at {chosen.temporal_address}: {error.message}"
    return None
