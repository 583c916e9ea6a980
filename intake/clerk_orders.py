"""Carries people's orders out: each changes the ledger in one transaction and tells the processes right after."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client

from activities.interface import SignalName
from db.engine import Engine, Session, transaction
from db.operations.audit import Acting
from db.operations.change import Change
from db.operations.outbox import owe
from db.operations.refusal import Refused
from db.queries.backlog import OwedSignal, owed_signals
from db.queries.calendar import local_date
from db.queries.customers import customer_id_of
from db.queries.invoices import invoice_id_of
from intake.relay import ROUND_ENTRIES_MAX, deliver

# A relay passes on what it takes within milliseconds, unless its server is away.
RELAY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Told:
    """A command's effect is in the ledger; `owed_ids` are the signals to processes that wait in the outbox.

    Without any the command changed nothing, or nothing is followed up.
    """

    owed_ids: tuple[int, ...]
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Clerk:
    """A person at the ledger, and how their orders are carried out."""

    engine: Engine
    by: str

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """Open what an order is carried out in: a transaction of its own. Raises LedgerUnavailable."""
        with transaction(self.engine) as session:
            yield session

    def _about_invoice(
        self, number: str, operation: Callable[[Session, int, Change], Any], signal: SignalName, **fields: Any
    ) -> Told:
        """Change the ledger and owe the signal, both or neither. Raises Refused and LedgerUnavailable."""
        with self._transaction() as session:
            invoice_id = invoice_id_of(session, number)
            if invoice_id is None:
                raise Refused("there is no invoice {number!r}", number=number)
            change = self._change(session)
            if operation(session, invoice_id, change) is False:
                return Told((), changed=False)
            payload = {"event_id": change.event_id, "by": self.by, **fields}
            return Told((owe(session, invoice_id, signal, payload),))

    def _about_customer(self, customer: str, operation: Callable[[Session, int, Change], Sequence[int]]) -> Told:
        """Change the ledger and let the invoices that the operation names look again, in one transaction."""
        with self._transaction() as session:
            customer_id = customer_id_of(session, customer)
            if customer_id is None:
                raise Refused("there is no customer {customer!r}", customer=customer)
            changed = operation(session, customer_id, self._change(session))
            return Told(tuple(owe(session, id_, "invoice_changed", {"by": self.by}) for id_ in changed))

    def _acting(self) -> Acting:
        """Return who acts, as the audit log keeps it."""
        return Acting(self.by)

    def _change(self, session: Session) -> Change:
        now = datetime.now(UTC)
        return Change(now, local_date(session, now), by=self.by, event_id=str(uuid4()))


async def tell_process(engine: Engine, client: Client, told: Told) -> bool:
    """Deliver the command's signals now, and say whether all arrived; if not, the relay will.

    What the relay was faster to take is waited for, a moment at most.
    """
    for start in range(0, len(told.owed_ids), ROUND_ENTRIES_MAX):
        owed_ids = told.owed_ids[start : start + ROUND_ENTRIES_MAX]
        if await deliver(engine, client, owed_ids) < len(owed_ids) and not await _arrive(engine, owed_ids):
            return False
    return True


async def _arrive(engine: Engine, owed_ids: Sequence[int]) -> bool:
    """Wait until all are delivered, and say whether they were; one that failed comes later."""
    loop = asyncio.get_running_loop()
    until = loop.time() + RELAY_SECONDS
    while owed := await asyncio.to_thread(_owed, engine, owed_ids):
        if loop.time() > until or any(signal.last_error is not None for signal in owed):
            return False
        await asyncio.sleep(0.05)
    return True


def _owed(engine: Engine, owed_ids: Sequence[int]) -> list[OwedSignal]:
    with transaction(engine) as session:
        return owed_signals(session, owed_ids)
