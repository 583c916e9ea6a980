"""Saves a history of every shape that a process can have: `python -m tests.workflows.save_histories`.

Run it when the workflow's code has changed and no installation runs the older code any more; else let the saved
histories tell what the change would break.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from db.engine import transaction
from db.operations.cadences import publish
from devstack.mail_catcher import MailCatcher
from intake.commands import Desk, tell_process
from starter import start_all
from tests.installation import Installation, zone_at_noon
from tests.scenarios.cadences import BY_PHONE
from tests.workflows.saving import own_installation, save_runs, write_history
from workflows.client import process_of, tell
from workflows.reconcile_schedule import start_reconcile

DIRECTORY = Path(__file__).parent / "histories"


@dataclass(frozen=True)
class Flow:
    """Lives through one shape with one invoice of its own."""

    installation: Installation
    number: str

    async def start(self, **invoice: Any) -> int:
        """Take the invoice in and start its process as the starter does; return its id."""
        invoice_id = self.installation.invoice(self.number, **{"due_in_days": 20, **invoice})
        await start_all(self.installation.engine, self.installation.client)
        return invoice_id

    async def tell(self, invoice_id: int, signal: str, **fields: Any) -> None:
        """Signal the process."""
        await tell(self.installation.client, invoice_id, signal, fields, is_open=True)

    async def sent_and_waiting(self) -> None:
        """A reminder goes out when its timer fires, and the next one is waited for."""
        zone = ZoneInfo(zone_at_noon())
        soon = datetime.now(UTC).astimezone(zone) + timedelta(seconds=4)
        self.installation.set(send_time=soon.time())
        invoice_id = await self.start(due_in_days=-4)
        await self.installation.planned(invoice_id, step="second-reminder")
        self.installation.send_at_any_hour()

    async def started_by_a_signal(self) -> None:
        """An import starts the process, and the reminder is due at once."""
        invoice_id = self.installation.invoice(self.number, due_in_days=-4)
        await self.tell(invoice_id, "invoice_changed")
        await self.installation.planned(invoice_id, step="second-reminder")

    async def paused_and_resumed(self) -> None:
        """A person pauses the invoice and resumes it."""
        invoice_id = await self.start()
        await self.tell(invoice_id, "pause", reason="they asked")
        await self.installation.planned(invoice_id, stage="held")
        await self.tell(invoice_id, "resume")
        await self.installation.planned(invoice_id, stage="waiting")

    async def reassigned_to_none(self) -> None:
        """A person takes the invoice off its cadence, and the process ends."""
        invoice_id = await self.start()
        await self.tell(invoice_id, "reassign", cadence=None)
        await process_of(self.installation.client, invoice_id).result()

    async def paid(self) -> None:
        """The invoice is paid, and the process ends."""
        invoice_id = await self.start()
        told = Desk(self.installation.engine, by="ana").pay(self.number, Decimal("1200.00"))
        await tell_process(self.installation.engine, self.installation.client, told)
        await process_of(self.installation.client, invoice_id).result()

    async def partly_paid(self) -> None:
        """A part is paid, which holds the next reminder, and another, after which only the amount is different."""
        invoice_id = await self.start()
        for amount in ("200.00", "300.00"):
            told = Desk(self.installation.engine, by="ana").pay(self.number, Decimal(amount))
            await tell_process(self.installation.engine, self.installation.client, told)
            await self.installation.settled(invoice_id)

    async def todo_completed(self) -> None:
        """A call falls due, a person makes it, and the next step is waited for."""
        invoice_id = self.installation.invoice(self.number, due_in_days=-4)
        Desk(self.installation.engine, by="ana").reassign(self.number, BY_PHONE.name)
        await start_all(self.installation.engine, self.installation.client)
        await self.installation.planned(invoice_id, stage="todo")
        await self.tell(invoice_id, "complete_action", outcome="reached")
        await self.installation.planned(invoice_id, step="reminder")

    async def parked_and_mended(self) -> None:
        """No plan can be made, because somebody entered nothing but holidays, until that is mended."""
        invoice_id = await self.start()
        today = self.installation.today
        self.installation.set(holidays=[today + timedelta(days=day) for day in range(500)])
        await self.tell(invoice_id, "invoice_changed")
        await self.installation.planned(invoice_id, stage="blocked")
        self.installation.set(holidays=[])
        await self.tell(invoice_id, "invoice_changed")
        await self.installation.planned(invoice_id, stage="waiting")

    async def deferred_and_called_off(self) -> None:
        """The mail server is away, and a person pauses the invoice between two attempts."""
        mail = self.installation.stack.mail
        assert isinstance(mail, MailCatcher)
        await asyncio.to_thread(mail.crash)
        invoice_id = await self.start(due_in_days=-4)
        deferred = "SELECT count(*) FROM messages WHERE state = 'deferred'"
        await self.installation.until(lambda: self.installation.rows(deferred) == [(1,)])
        await self.tell(invoice_id, "pause")
        await self.installation.planned(invoice_id, stage="held")
        await asyncio.to_thread(mail.start)

    async def continued_as_new(self) -> None:
        """A person changes their mind so often that the process goes on in a new run."""
        invoice_id = await self.start()
        process = process_of(self.installation.client, invoice_id)
        first = (await process.describe()).run_id
        while (await process.describe()).run_id == first:
            await self.tell(invoice_id, "pause")
            await self.tell(invoice_id, "resume")
            await self.installation.settled(invoice_id)
        await self.tell(invoice_id, "pause")
        await self.installation.planned(invoice_id, stage="held")


SHAPES: dict[str, Callable[[Flow], Awaitable[None]]] = {
    shape.__name__.replace("_", "-"): shape
    for shape in (
        Flow.sent_and_waiting,
        Flow.started_by_a_signal,
        Flow.paused_and_resumed,
        Flow.reassigned_to_none,
        Flow.partly_paid,
        Flow.paid,
        Flow.todo_completed,
        Flow.parked_and_mended,
        Flow.deferred_and_called_off,
        Flow.continued_as_new,
    )
}


RECONCILE = "reconcile"


async def save(installation: Installation, directory: Path) -> None:
    """Live through every shape, and save the histories."""
    # Without the relay, which might start a process before the starter does.
    async with installation.working(relaying=False):
        for name, shape in SHAPES.items():
            await shape(Flow(installation, name))
            process = process_of(installation.client, installation.view(name).id)
            await save_runs(installation, process, directory / f"{name}.json")


async def save_reconcile(installation: Installation, directory: Path) -> None:
    """Compare ledger and processes, and save that history."""
    async with installation.working(relaying=False):
        handle = await start_reconcile(installation.client, "ana")
        await handle.result()
    write_history(directory / f"{RECONCILE}.json", await handle.fetch_history())


async def main() -> None:
    """Save all histories from servers of their own."""
    async with own_installation() as installation:
        installation.send_at_any_hour()
        with transaction(installation.engine) as session:
            publish(session, BY_PHONE)
        await save(installation, DIRECTORY)
        await save_reconcile(installation, DIRECTORY)


if __name__ == "__main__":
    asyncio.run(main())
