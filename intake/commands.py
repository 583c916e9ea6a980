"""Commands from people: each changes the ledger in one transaction and tells the process right after."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from temporalio.client import Client

from activities.interface import SignalName
from db.engine import Engine, Session, transaction
from db.operations import assignment, holds, payments, todos
from db.operations.change import Change
from db.operations.outbox import owe
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from db.queries.invoices import invoice_id_of
from intake.relay import deliver


@dataclass(frozen=True, slots=True)
class Told:
    """A command's effect is in the ledger; `owed_id` is the signal to its process that waits in the outbox."""

    invoice_id: int
    owed_id: int | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a person works: the ledger, and who it is that acts."""

    engine: Engine
    by: str

    def pause(self, number: str, until: date | None = None, reason: str | None = None) -> Told:
        """Pause the invoice until the first active day, or until it is resumed. Raises Refused."""
        fields = {"until": until.isoformat() if until else None, "reason": reason}
        return self._carry_out(
            number, "pause", fields, lambda session, id_, change: holds.pause(session, id_, until, reason, change)
        )

    def resume(self, number: str) -> Told:
        """End the invoice's pause. Raises Refused."""
        return self._carry_out(number, "resume", {}, holds.resume)

    def reassign(self, number: str, cadence: str | None) -> Told:
        """Put the invoice under another cadence or none; the one it is under already is left. Raises Refused."""
        return self._carry_out(
            number,
            "reassign",
            {"cadence": cadence},
            lambda session, id_, change: assignment.reassign(session, id_, cadence, change),
        )

    def pay(self, number: str, amount: Decimal) -> Told:
        """Book a payment on the invoice, in its currency. Raises Refused."""
        return self._carry_out(
            number, "invoice_changed", {}, lambda session, id_, change: payments.pay(session, id_, amount, change)
        )

    def complete(self, number: str, step: str | None, outcome: str) -> Told:
        """End the invoice's open to-do with an outcome. Raises Refused."""
        return self._carry_out(
            number,
            "complete_action",
            {"step": step, "outcome": outcome},
            lambda session, id_, change: todos.complete_action(session, id_, step, outcome, change),
        )

    def _carry_out(
        self,
        number: str,
        signal: SignalName,
        fields: dict[str, Any],
        operation: Callable[[Session, int, Change], Any],
    ) -> Told:
        """Change the ledger and owe the signal, both or neither. Raises Refused and LedgerUnavailable."""
        now = datetime.now(UTC)
        event_id = str(uuid4())
        with transaction(self.engine) as session:
            invoice_id = invoice_id_of(session, number)
            if invoice_id is None:
                raise Refused(f"there is no invoice {number!r}")
            change = Change(now, local_date(session, now), by=self.by, event_id=event_id)
            if operation(session, invoice_id, change) is False:
                return Told(invoice_id, None)
            payload = {"event_id": event_id, "by": self.by, **fields}
            return Told(invoice_id, owe(session, invoice_id, signal, payload))


async def tell_process(engine: Engine, client: Client, told: Told) -> bool:
    """Deliver the command's signal now, and say whether it arrived; if not, the relay will."""
    if told.owed_id is None:
        return True
    return await deliver(engine, client, [told.owed_id]) == 1
