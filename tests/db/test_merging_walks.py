"""Random days of a group: wake-ups, crashes, deferrals and payments in any order tell each customer once."""

from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from random import Random

import pytest

from db.engine import Session
from db.operations.messages.recording import record_deferred
from db.operations.messages.sending import Claim
from db.operations.messages.withdrawal import MAYBE_DELIVERED, withdraw
from db.operations.settle import lock_invoice, settle
from dunning.decision import Send
from tests.db.book import Book, a_change, at

INVOICES = 4
EVENTS = 30


@dataclass
class Day:
    """A day of the group, and what the customer got: the Message-IDs that named each invoice."""

    book: Book
    chance: Random
    ids: dict[str, int]
    minute: int = 0
    delivered: dict[str, set[str]] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)

    @property
    def now(self) -> str:
        """Return the moment as it is written."""
        return f"{at('2026-05-29 08:30') + timedelta(minutes=self.minute):%Y-%m-%d %H:%M}"

    def wake(self, number: str, outcome: str) -> None:
        """Let the invoice's process try to send, and end as `outcome` has it."""
        claim = self.book.do(lambda session: self.book.prepare(session, self.ids[number], self.now))
        if not isinstance(claim, Claim):
            return
        message = self.book.message_of(claim)
        body = message_from_bytes(message.mime, policy=SMTP).get_body(("plain",))
        assert body is not None
        text = body.get_content()
        named = [each for each in self.ids if each in text]
        if claim.message is None:
            assert not self.paid & set(named), "a new message asks for what was paid"
        if outcome in ("accepted", "accepted, then a crash"):
            for each in named:
                self.delivered.setdefault(each, set()).add(message.message_id)
            assert self.bytes_of.setdefault(message.message_id, message.mime) == message.mime, "a repeat differs"
        if outcome == "accepted":
            self.book.accepted(claim, self.now)
        elif outcome == "deferred":
            self.book.do(lambda session: record_deferred(session, claim.action_id, "451 later"))

    def pay(self, number: str) -> None:
        """Pay, and let the process look at the ledger again, as a signal makes it do."""
        self.book.pay(self.ids[number], "1000", self.now)
        self.paid.add(number)
        self.book.do(lambda session: self._look(session, self.ids[number]))

    def _look(self, session: Session, invoice_id: int) -> None:
        lock_invoice(session, invoice_id)
        change = a_change(self.now, by="duewell")
        settled = settle(session, invoice_id, change)
        if settled is None or not isinstance(settled.decision, Send):
            withdraw(session, invoice_id, MAYBE_DELIVERED, change)


@pytest.mark.parametrize("scope", ["collection", "customer"])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_each_invoice_is_in_one_message(book: Book, seed: int, scope: str) -> None:
    book.set(merges_same_day=True, contact_delay_scope=scope, jitter_minutes=15 * (seed % 2))
    chance = Random(seed)
    day = Day(book, chance, {f"INV-{n}": book.invoice(f"INV-{n}") for n in range(INVOICES)})

    for _ in range(EVENTS):
        day.minute += chance.randint(1, 5)
        number = chance.choice(sorted(day.ids))
        if chance.random() < 0.1 and number not in day.paid:
            day.pay(number)
        else:
            outcomes = ["accepted", "accepted, then a crash", "lost in a crash", "deferred"]
            day.wake(number, chance.choices(outcomes, weights=[1, 4, 4, 8])[0])
    for _ in range(INVOICES):
        day.minute += 15
        for number in day.ids:
            day.wake(number, "accepted")

    assert {number: len(ids) for number, ids in day.delivered.items() if len(ids) > 1} == {}
    assert set(day.ids) - day.paid <= set(day.delivered)
    unpaid = [day.ids[number] for number in set(day.ids) - day.paid]
    assert [book.statuses(invoice_id) for invoice_id in unpaid] == [{"upcoming": "done"}] * len(unpaid)
    assert book.rows("SELECT state FROM actions WHERE state NOT IN ('done', 'canceled')") == []
    assert book.rows("SELECT state FROM messages WHERE state NOT IN ('sent', 'withdrawn')") == []
