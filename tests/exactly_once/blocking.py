"""Whether an invoice might be written to at a moment, by what the ledger witnessed and what people were told."""

from collections.abc import Iterator
from datetime import datetime

from tests.exactly_once.commands_log import Command, Order, Outcome
from tests.exactly_once.evidence import Evidence, Hold, Invoice, Standing
from tests.exactly_once.violations import Kind

_OF_HOLD = {"pause": Kind.WHILE_PAUSED, "dispute": Kind.WHILE_DISPUTED}
# An order, and the one that takes it back.
_OF_ORDER = {
    Order.PAUSE: (Kind.WHILE_PAUSED, Order.RESUME),
    Order.DISPUTE: (Kind.WHILE_DISPUTED, Order.RESOLVE),
    Order.PAY: (Kind.AFTER_PAYMENT, None),
    Order.HIDE: (Kind.HIDDEN, Order.SHOW),
    Order.WRITE_OFF: (Kind.WRITTEN_OFF, None),
}


class Blocking:
    """Answers for one run."""

    def __init__(self, evidence: Evidence) -> None:
        self._rules = evidence.ledger.rules
        self._holds: dict[tuple[str, int | None], list[Hold]] = {}
        for hold in evidence.ledger.holds:
            owner = ("invoice", hold.invoice_id) if hold.invoice_id else ("customer", hold.customer_id)
            self._holds.setdefault(owner, []).append(hold)
        self._standings: dict[int, list[Standing]] = {}
        for standing in evidence.ledger.standings:
            self._standings.setdefault(standing.invoice_id, []).append(standing)
        self._commands: dict[str, list[Command]] = {}
        for command in evidence.commands:
            self._commands.setdefault(command.number, []).append(command)

    def reasons(self, invoice: Invoice, at: datetime) -> dict[Kind, str]:
        """Return what stood against a contact at the moment, and who says so."""
        return {**dict(self._told(invoice, at)), **dict(self._witnessed(invoice, at))}

    def was_released_on_the_day(self, invoice: Invoice, at: datetime) -> bool:
        """Say whether a hold ended on that very day: what it kept waits for the next send time (rule 3.1)."""
        day = self._rules.day(at)
        return any(hold.ended_at and self._rules.day(hold.ended_at) == day for hold in self._holds_of(invoice))

    def _holds_of(self, invoice: Invoice) -> list[Hold]:
        of_customer = self._holds.get(("customer", invoice.customer_id), [])
        return [*self._holds.get(("invoice", invoice.id), []), *of_customer]

    def _witnessed(self, invoice: Invoice, at: datetime) -> Iterator[tuple[Kind, str]]:
        for hold in self._holds_of(invoice):
            has_begun = hold.begun_at <= at
            is_over = hold.ended_at is not None and hold.ended_at <= at
            if has_begun and not is_over and (hold.until_on is None or self._rules.day(at) < hold.until_on):
                yield _OF_HOLD.get(hold.kind, Kind.WHILE_HELD), f"{hold.kind} since {hold.begun_at}"
        standings = self._standings.get(invoice.id, [])
        before = [standing for standing in standings if standing.at <= at] or standings[:1]
        for standing in before[-1:]:
            if standing.state != "open":
                yield Kind.WRITTEN_OFF, f"{standing.state} since {standing.at}"
            elif standing.outstanding <= self._rules.tolerance:
                yield Kind.AFTER_PAYMENT, f"{standing.outstanding} outstanding since {standing.at}"
            if standing.is_hidden:
                yield Kind.HIDDEN, f"hidden since {standing.at}"

    def _told(self, invoice: Invoice, at: datetime) -> Iterator[tuple[Kind, str]]:
        """What people were told counts, whatever the ledger made of it; a payment of theirs is a full one."""
        commands = self._commands.get(invoice.number, [])
        for command in commands:
            if command.order not in _OF_ORDER or command.outcome is not Outcome.DONE or command.answered_at > at:
                continue
            kind, back = _OF_ORDER[command.order]
            taken_back = any(
                other.order is back and command.answered_at <= other.ordered_at <= at
                for other in commands
                if other.outcome is not Outcome.REFUSED
            )
            if not taken_back:
                yield kind, f"{command.order.value} was confirmed at {command.answered_at}"
