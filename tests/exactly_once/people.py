"""People who give orders while the machines fail, and write down what they were answered."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from temporalio.service import RPCError

from db.engine import LedgerUnavailable
from db.operations.refusal import Refused
from intake.commands import Desk, Told, tell_process
from tests.exactly_once.commands_log import Command, Order, Outcome, write_command
from tests.installation import Installation

_BACK = {Order.PAUSE: Order.RESUME, Order.DISPUTE: Order.RESOLVE, Order.HIDE: Order.SHOW}
_WEIGHTS = {Order.PAUSE: 5, Order.PAY: 4, Order.DISPUTE: 3, Order.HIDE: 1, Order.WRITE_OFF: 1}
# What an invoice of the book is over; a payment is always of all of it.
AMOUNT = Decimal("100.00")


class People:
    """Draws orders about the invoices of a book, and gives them one after the other."""

    def __init__(self, installation: Installation, chance: Random, numbers: list[str], log: Path) -> None:
        self._installation = installation
        self._desk = Desk(installation.engine, by="ana")
        self._chance = chance
        self._numbers = numbers
        self._log = log
        self._standing: list[tuple[str, Order]] = []

    async def act(self) -> None:
        """Give one order: every fifth takes back an earlier one."""
        if self._standing and self._chance.random() < 0.2:
            number, order = self._standing.pop(self._chance.randrange(len(self._standing)))
            await self.order(number, _BACK[order])
            return
        order = self._chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        number = self._chance.choice(self._numbers)
        if await self.order(number, order) is Outcome.DONE and order in _BACK:
            self._standing.append((number, order))

    async def order(self, number: str, order: Order) -> Outcome:
        """Give an order as `duewell` does: the ledger first, then the process, and what that misses is owed."""
        ordered_at, told = datetime.now(UTC), None
        try:
            told = await asyncio.to_thread(self._give, number, order)
            outcome = Outcome.DONE
        except Refused:
            outcome = Outcome.REFUSED
        except LedgerUnavailable:
            outcome = Outcome.UNKNOWN
        write_command(self._log, Command(number, order, ordered_at, datetime.now(UTC), outcome))
        if told is not None:
            with suppress(LedgerUnavailable, RPCError):
                await tell_process(self._installation.engine, self._installation.client, told)
        return outcome

    def _give(self, number: str, order: Order) -> Told:
        match order:
            case Order.PAUSE:
                return self._desk.pause(number, reason="they asked")
            case Order.RESUME:
                return self._desk.resume(number)
            case Order.DISPUTE:
                return self._desk.dispute(number, reason="wrong amount")
            case Order.RESOLVE:
                return self._desk.resolve(number)
            case Order.PAY:
                return self._desk.pay(number, AMOUNT)
            case Order.HIDE:
                return self._desk.hide(number)
            case Order.SHOW:
                return self._desk.show(number)
            case Order.WRITE_OFF:
                return self._desk.write_off(number)
