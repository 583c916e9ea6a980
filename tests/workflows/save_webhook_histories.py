"""Saves histories of the process of a webhook: `python -m tests.workflows.save_webhook_histories`.

As save_histories does it for the process of an invoice, and for the same reason.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from db.engine import transaction
from db.operations.webhooks import remove_endpoint
from tests.installation import Installation
from tests.mailer.webhook_receiver import Receiver, Says
from tests.workflows.saving import own_installation, save_runs
from tests.workflows.telling import HASTY, Listener, telling

DIRECTORY = Path(__file__).parent / "webhook_histories"


async def _delivered(installation: Installation, receiver: Receiver) -> Listener:
    """All is delivered in one round."""
    listener = Listener.add(installation, receiver, "invoice.created")
    installation.invoice("delivered")
    await listener.process_ends()
    return listener


async def _rested_and_delivered(installation: Installation, receiver: Receiver) -> Listener:
    """The receiver is away for two attempts."""
    receiver.behaves = lambda _event: Says(503 if len(receiver.arrived) < 3 else 204)
    listener = Listener.add(installation, receiver, "invoice.created")
    installation.invoice("rested-and-delivered")
    await listener.process_ends()
    return listener


async def _woken(installation: Installation, receiver: Receiver) -> Listener:
    """One event is refused and waits, and news of another invoice wakes the process."""
    receiver.behaves = lambda event: Says(400 if event["invoice"]["number"] == "refused" else 204)
    listener = Listener.add(installation, receiver, "invoice.created")
    installation.invoice("refused")
    await installation.until(lambda: len(receiver.arrived) == 1)
    installation.invoice("woken")
    await installation.until(lambda: len(receiver.taken) == 1)
    receiver.behaves = lambda _event: Says()
    await listener.process_ends()
    return listener


async def _removed(installation: Installation, receiver: Receiver) -> Listener:
    """The webhook is removed while it rests."""
    receiver.behaves = lambda _event: Says(503)
    listener = Listener.add(installation, receiver, "invoice.created")
    installation.invoice("removed")
    await installation.until(lambda: listener.standing["failures"] >= 1)
    with transaction(installation.engine) as session:
        remove_endpoint(session, listener.id)
    await listener.process_ends()
    return listener


async def _continued_as_new(installation: Installation, receiver: Receiver) -> Listener:
    """The receiver is away for so long that the process goes on in a new run."""
    receiver.behaves = lambda _event: Says(503)
    listener = Listener.add(installation, receiver, "invoice.created")
    installation.invoice("continued-as-new")
    process = installation.client.get_workflow_handle(f"webhooks/{listener.id}")
    await installation.until(lambda: listener.standing["failures"] >= 1)
    first = (await process.describe()).run_id

    async def goes_on() -> bool:
        return (await process.describe()).run_id != first

    await installation.until_true(goes_on, patience_seconds=60)
    receiver.behaves = lambda _event: Says()
    await listener.process_ends()
    return listener


SHAPES: dict[str, Callable[[Installation, Receiver], Awaitable[Listener]]] = {
    "delivered": _delivered,
    "rested-and-delivered": _rested_and_delivered,
    "woken": _woken,
    "removed": _removed,
    "continued-as-new": _continued_as_new,
}


async def save(installation: Installation, directory: Path) -> None:
    """Live through every shape, and save the histories."""
    patient = replace(HASTY, pauses=replace(HASTY.pauses, attempts_max=1000))
    async with telling(installation, patient):
        for name, shape in SHAPES.items():
            with Receiver().running() as receiver:
                listener = await shape(installation, receiver)
            listener.remove()
            process = installation.client.get_workflow_handle(f"webhooks/{listener.id}")
            await save_runs(installation, process, directory / f"{name}.json")


async def main() -> None:
    """Save all histories from servers of their own."""
    async with own_installation() as installation:
        await save(installation, DIRECTORY)


if __name__ == "__main__":
    asyncio.run(main())
