"""Webhooks at work: the worker that delivers them, and whoever wakes it, with little patience."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from activities.interface import WEBHOOKS_QUEUE
from activities.webhook_pauses import Pauses
from activities.webhooks import Manners, WebhookActivities
from db.engine import transaction
from db.operations.refusal import Refused
from db.operations.webhooks import add_endpoint, remove_endpoint
from intake.webhook_keeping import keep_webhooks
from mailer.webhook_signature import new_secret
from tests.installation import PATIENCE_SECONDS, Installation
from tests.mailer.webhook_receiver import Receiver
from workflows.webhook_delivery import WebhookDelivery

HASTY = Manners(
    pauses=Pauses(first=timedelta(milliseconds=150), longest=timedelta(milliseconds=300), attempts_max=4),
    post_seconds=0.5,
)


@dataclass(frozen=True)
class Listener:
    """An endpoint of a test's installation, and its secret."""

    installation: Installation
    id: int
    secret: str

    @classmethod
    def add(
        cls, installation: Installation, receiver: Receiver, *kinds: str, allows_private: bool = True
    ) -> "Listener":
        """Let the receiver be told."""
        secret = new_secret()
        with transaction(installation.engine) as session:
            endpoint_id = add_endpoint(session, receiver.url, kinds, secret, allows_private, "ana")
        return cls(installation, endpoint_id, secret)

    def remove(self) -> None:
        """Remove it, if it is there."""
        with suppress(Refused), transaction(self.installation.engine) as session:
            remove_endpoint(session, self.id)

    def states(self) -> list[str]:
        """Return what became of all that it was owed, in order."""
        states = "SELECT state FROM webhook_deliveries WHERE endpoint_id = :id ORDER BY id"
        return [state for (state,) in self.installation.rows(states, id=self.id)]

    @property
    def standing(self) -> dict[str, Any]:
        """Return its row."""
        ((row,),) = self.installation.rows(
            "SELECT to_jsonb(e) FROM webhook_endpoints e WHERE id = :id", id=self.id
        )
        return dict(row)

    async def process_ends(self) -> str:
        """Wait until its process was there and has ended, and return what it said."""
        handle = self.installation.client.get_workflow_handle(f"webhooks/{self.id}", result_type=str)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    said: str = await handle.result()
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise
                    await asyncio.sleep(0.05)
                else:
                    return said


@asynccontextmanager
async def telling(installation: Installation, manners: Manners = HASTY, threads: int = 4) -> AsyncIterator[None]:
    """Deliver webhooks until the block ends."""
    with ThreadPoolExecutor(threads) as executor:
        worker = Worker(
            installation.client,
            task_queue=WEBHOOKS_QUEUE,
            workflows=[WebhookDelivery],
            activities=[WebhookActivities(installation.engine, manners).deliver_webhooks],
            activity_executor=executor,
            max_concurrent_activities=threads,
        )
        async with worker:
            keeping = asyncio.create_task(keep_webhooks(installation.engine, installation.client))
            yield
            keeping.cancel()


def numbers(receiver: Receiver) -> Sequence[tuple[str, str]]:
    """Return the invoice and the kind of every event that was taken, in order."""
    return [(one.event["invoice"]["number"], one.kind) for one in receiver.taken]
