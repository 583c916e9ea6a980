"""A contender of benchmarks.starter: python -m benchmarks.starts CONTENDER COUNT.

It connects, stops itself (SIGSTOP) until it is given a turn, does all its starts, and stops itself again.
"""

import asyncio
import os
import signal
import sys

from temporalio.client import Client

from db.engine import make_engine
from settings import settings
from starter import CONCURRENCY, start_all
from workflows.client import connect

BARE, UNCOMPRESSED, STARTER = "bare", "bare_uncompressed", "starter"


async def bare_loop(client: Client, count: int) -> None:
    """Start `count` workflows and nothing else."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def start_one(number: int) -> None:
        async with slots:
            await client.start_workflow("Bare", id=f"bare/{number}", task_queue="nobody-polls")

    await asyncio.gather(*(start_one(number) for number in range(count)))


async def run(contender: str, count: int) -> None:
    """Do the contender's starts, in its turns."""
    address, namespace = settings().temporal_address, settings().temporal_namespace
    by_defaults = contender == BARE
    client = await (Client.connect if by_defaults else connect)(address, namespace=namespace)
    engine = make_engine(settings().database_url)
    _stop()
    if contender == STARTER:
        summary = await start_all(engine, client)
        assert summary.started == count, summary
    else:
        await bare_loop(client, count)
    # It is continued once more if it stopped itself at the very end of a turn.
    while True:
        _stop()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
