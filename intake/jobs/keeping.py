"""Keeps a process under every bulk job: a committed job is always gone on with, whoever died meanwhile."""

import asyncio

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from db.engine import Engine, LedgerUnavailable, transaction
from db.queries.jobs import running_jobs
from intake.jobs.kinds import KINDS
from workflows.client import start_job

IDLE_SECONDS = 5.0
JOBS_MAX = 100
log = structlog.get_logger()


async def keep_jobs_running(engine: Engine, client: Client) -> None:
    """Start the process of every job that has none, for ever; servers that are away are waited for."""
    while True:
        try:
            await start_jobs(engine, client)
        except LedgerUnavailable as error:
            log.warning("the ledger is away, bulk jobs wait", reason=str(error))
        except RPCError as error:
            log.warning("Temporal is away, bulk jobs wait", reason=error.message)
        await asyncio.sleep(IDLE_SECONDS)


async def start_jobs(engine: Engine, client: Client) -> None:
    """Start the processes of the jobs that have none. Raises LedgerUnavailable and RPCError."""
    for job_id, kind in await asyncio.to_thread(_running, engine):
        # Others are done by whoever opened them, or by workers of a newer release.
        if kind in KINDS:
            await start_job(client, job_id, kind)


def _running(engine: Engine) -> list[tuple[int, str]]:
    with transaction(engine) as session:
        return list(running_jobs(session, JOBS_MAX))
