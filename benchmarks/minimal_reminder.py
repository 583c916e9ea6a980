"""The least that a reminder could be in Temporal: a workflow of one timer and one activity, and its worker.

python -m benchmarks.minimal_reminder ADDRESS NAMESPACE
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.worker import Worker

QUEUE = "minimal"
THREADS = 16


@workflow.defn(name="MinimalReminder")
class MinimalReminder:
    """Waits, and sends."""

    @workflow.run
    async def run(self, seconds: float) -> str:
        """Wait so long, then send."""
        await asyncio.sleep(seconds)
        return await workflow.execute_activity(send, start_to_close_timeout=timedelta(minutes=3))


@activity.defn(name="send")
def send() -> str:
    """Send nothing."""
    return "sent"


async def main(address: str, namespace: str) -> None:
    """Work until killed."""
    # Not at the top: the workflow's sandbox imports this module again.
    from workflows.client import connect

    client = await connect(address, namespace)
    with ThreadPoolExecutor(THREADS) as threads:
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[MinimalReminder],
            activities=[send],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
        ):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
