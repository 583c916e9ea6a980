"""A driver for the ledger: commands and looks of one line each, at moments written as they are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from activities.letters import write_message
from db.engine import Engine, Session, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import Outcome, take_invoice
from db.operations.assignment import reassign
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.holds import pause, resume
from db.operations.invoice_states import end_invoice, reinstate
from db.operations.messages.recording import record_sent
from db.operations.messages.sending import Claim, StoredMessage, claim_step, store_message
from db.operations.organization import change_organization
from db.operations.settle import Settled, lock_invoice, settle
from db.operations.settlement.payments import pay
from db.operations.settlement.reversals import reverse
from db.operations.todos import Ending, complete_action
from dunning.cadence import Cadence
from dunning.facts import InvoiceState

PARIS = ZoneInfo("Europe/Paris")
# Standard is due-3, +3, +10 (all mails), a call at +18, and a last mail at +30.
ISSUED, DUE = "2026-05-02", "2026-06-01"

_INCOMING = IncomingInvoice(
    external_id="INV-1",
    customer_id="C-1",
    customer_name="Société Hélios",
    issued_on=date.fromisoformat(ISSUED),
    due_on=date.fromisoformat(DUE),
    currency="EUR",
    total=Decimal("1000.00"),
    paid=Decimal(0),
    state=InvoiceState.OPEN,
    is_disputed=False,
    email="ana@helios.example",
    contact_first_name="Ana",
)


def on(day: str) -> date:
    """Return the day written as `2026-06-01`."""
    return date.fromisoformat(day)


def at(moment: str) -> datetime:
    """Return the moment in Paris written as `2026-06-01 09:00`."""
    return datetime.fromisoformat(moment).replace(tzinfo=PARIS)


def a_change(moment: str = "2026-05-04 09:00", by: str = "ana", event_id: str | None = None) -> Change:
    """Return the circumstances of a change."""
    return Change(at(moment), at(moment).date(), by, event_id)


def an_invoice(number: str = "INV-1", **changed: Any) -> IncomingInvoice:
    """Return an invoice over 1,000 EUR as the accounts state it, due Mon 2026-06-01."""
    return replace(_INCOMING, external_id=number, **changed)


@dataclass(frozen=True)
class Book:
    """A ledger."""

    engine: Engine

    def do(self, work: Callable[[Session], Any]) -> Any:
        """Carry out `work` in a transaction of its own."""
        with transaction(self.engine) as session:
            return work(session)

    def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """Return what a query finds: rows, or values where a row has one column."""
        with transaction(self.engine) as session:
            found = session.execute(text(statement), parameters)
            return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def one(self, statement: str, **parameters: Any) -> Any:
        """Return the only row or value that a query finds."""
        (found,) = self.rows(statement, **parameters)
        return found

    def run(self, statement: str, **parameters: Any) -> None:
        """Carry out a statement."""
        with transaction(self.engine) as session:
            session.execute(text(statement), parameters)

    def set(self, **settings: Any) -> None:
        """Change settings of the organization."""
        self.do(lambda session: change_organization(session, **settings))

    def publish(self, cadence: Cadence) -> None:
        """Publish a cadence; steps without a template get that of the reminder."""
        steps = tuple(replace(step, template=step.template or "reminder") for step in cadence.steps)
        self.do(lambda session: publish(session, replace(cadence, steps=steps)))

    # Commands.

    def take(self, incoming: IncomingInvoice | None = None, moment: str = "2026-05-04 09:00") -> Outcome:
        """Take in an invoice, INV-1 unless said otherwise."""
        outcome: Outcome = self.do(
            lambda session: take_invoice(session, incoming or an_invoice(), a_change(moment, by="import"))
        )
        return outcome

    def invoice(self, number: str = "INV-1", moment: str = "2026-05-04 09:00", **changed: Any) -> int:
        """Take in an invoice and return its id."""
        self.take(an_invoice(number, **changed), moment)
        return self.id_of(number)

    def pay(self, invoice_id: int, amount: str, moment: str, event_id: str | None = None) -> Decimal:
        """Pay, and return what is outstanding then."""
        change = a_change(moment, event_id=event_id)
        outstanding: Decimal = self.do(lambda session: pay(session, invoice_id, Decimal(amount), change))
        return outstanding

    def reverse(self, invoice_id: int, amount: str, moment: str) -> Decimal:
        """Reverse, and return what is outstanding then."""
        change = a_change(moment)
        outstanding: Decimal = self.do(lambda session: reverse(session, invoice_id, Decimal(amount), change))
        return outstanding

    def end(self, invoice_id: int, state: InvoiceState, moment: str) -> bool:
        """Write off or make void, and return whether that changed anything."""
        changed: bool = self.do(lambda session: end_invoice(session, invoice_id, state, a_change(moment)))
        return changed

    def reinstate(self, invoice_id: int, moment: str) -> None:
        """Take that back."""
        self.do(lambda session: reinstate(session, invoice_id, a_change(moment)))

    def pause(self, invoice_id: int, moment: str, until: str | None = None, event_id: str | None = None) -> None:
        """Pause."""
        day = None if until is None else on(until)
        change = a_change(moment, event_id=event_id)
        self.do(lambda session: pause(session, invoice_id, day, "they asked", change))

    def resume(self, invoice_id: int, moment: str, event_id: str | None = None) -> None:
        """Resume."""
        self.do(lambda session: resume(session, invoice_id, a_change(moment, event_id=event_id)))

    def reassign(self, invoice_id: int, cadence: str | None, moment: str, event_id: str | None = None) -> bool:
        """Reassign, and return whether that changed anything."""
        change = a_change(moment, event_id=event_id)
        changed: bool = self.do(lambda session: reassign(session, invoice_id, cadence, change))
        return changed

    def complete(
        self,
        invoice_id: int,
        step: str | None,
        outcome: str | Ending,
        moment: str,
        event_id: str | None = None,
        by: str = "ana",
    ) -> None:
        """End a to-do."""
        change = a_change(moment, by=by, event_id=event_id)
        self.do(lambda session: complete_action(session, invoice_id, step, outcome, change))

    def settle(self, invoice_id: int, moment: str) -> Settled | None:
        """Bring the open collection up to date."""

        def work(session: Session) -> Settled | None:
            lock_invoice(session, invoice_id)
            return settle(session, invoice_id, a_change(moment, by="duewell"))

        settled: Settled | None = self.do(work)
        return settled

    def claim(self, invoice_id: int, moment: str) -> Claim | Settled | None:
        """Claim what is due."""
        claimed: Claim | Settled | None = self.do(
            lambda session: claim_step(session, invoice_id, a_change(moment, by="duewell"))
        )
        return claimed

    def hand_over(self, invoice_id: int, moment: str) -> Claim:
        """Claim what is due and store its message, as if it were being sent right now."""
        claim = self.do(lambda session: self.prepare(session, invoice_id, moment))
        assert isinstance(claim, Claim)
        return claim

    def prepare(self, session: Session, invoice_id: int, moment: str) -> Claim | Settled | None:
        """Claim what is due, if anything is, and store its message, in the session's transaction."""
        claim = claim_step(session, invoice_id, a_change(moment, by="duewell"))
        if isinstance(claim, Claim):
            store_message(session, claim.message or write_message(session, claim, at(moment)), claim.unanswered)
        return claim

    def accepted(self, claim: Claim, moment: str) -> Settled | None:
        """Record that the mail server accepted the message."""
        settled: Settled | None = self.do(
            lambda session: record_sent(session, claim, "250 OK", a_change(moment, by="duewell"))
        )
        return settled

    def send(self, invoice_id: int, moment: str) -> Claim:
        """Send what is due."""
        claim = self.hand_over(invoice_id, moment)
        self.accepted(claim, moment)
        return claim

    # Looks.

    def id_of(self, number: str = "INV-1") -> int:
        """Return the id of an invoice."""
        return int(self.one("SELECT id FROM invoices WHERE number = :number", number=number))

    def message_of(self, claim: Claim) -> StoredMessage:
        """Return the message that is stored for a claim."""
        row = self.one(
            "SELECT action_id, message_id, sender, recipients, subject, mime, copies, reply_token"
            " FROM messages WHERE action_id = :id",
            id=claim.action_id,
        )
        action_id, message_id, sender, recipients, subject, mime, copies, token = row
        content = subject, bytes(mime)
        return StoredMessage(action_id, message_id, sender, tuple(recipients), *content, tuple(copies), token)

    def stage(self, invoice_id: int) -> str | None:
        """Return the stage of the open collection, None without one."""
        found = self.rows(
            "SELECT n.stage FROM next_actions n JOIN collections c ON c.id = n.collection_id"
            " WHERE c.invoice_id = :id AND c.closed_at IS NULL",
            id=invoice_id,
        )
        return str(found[0]) if found else None

    def next_step(self, invoice_id: int) -> tuple[str | None, date | None]:
        """Return the next step of the open collection and its day."""
        step, day = self.one(
            "SELECT n.step_id, n.due_on FROM next_actions n JOIN collections c ON c.id = n.collection_id"
            " WHERE c.invoice_id = :id AND c.closed_at IS NULL",
            id=invoice_id,
        )
        return step, day

    def collections(self, invoice_id: int) -> list[tuple[str, str]]:
        """Return the invoice's collections as cadence and state, oldest first."""
        return self.rows(
            "SELECT ca.name, c.state FROM collections c JOIN cadences ca ON ca.id = c.cadence_id"
            " WHERE c.invoice_id = :id ORDER BY c.id",
            id=invoice_id,
        )

    def todos(self, invoice_id: int) -> list[tuple[str, str]]:
        """Return all manual actions of the invoice as step and state."""
        return self.rows(
            "SELECT a.step_id, a.state FROM actions a JOIN collections c ON c.id = a.collection_id"
            " WHERE c.invoice_id = :id ORDER BY a.id",
            id=invoice_id,
        )

    def messages(self, invoice_id: int) -> list[tuple[str, str]]:
        """Return the invoice's messages as step and state."""
        return self.rows(
            "SELECT a.step_id, m.state FROM messages m JOIN actions a ON a.id = m.action_id"
            " JOIN collections c ON c.id = a.collection_id WHERE c.invoice_id = :id ORDER BY m.id",
            id=invoice_id,
        )

    def statuses(self, invoice_id: int) -> dict[str, str]:
        """Return what became of the steps of the open collection."""
        return dict(
            self.rows(
                "SELECT s.step_id, s.status FROM step_statuses s JOIN collections c ON c.id = s.collection_id"
                " WHERE c.invoice_id = :id AND c.closed_at IS NULL",
                id=invoice_id,
            )
        )

    def last_contact(self, invoice_id: int) -> date | None:
        """Return the last contact of the open collection."""
        day: date | None = self.one(
            "SELECT last_contact_on FROM collections WHERE invoice_id = :id AND closed_at IS NULL", id=invoice_id
        )
        return day

    def happened(self, invoice_id: int) -> list[str]:
        """Return the kinds of the invoice's timeline, oldest first."""
        return self.rows("SELECT kind FROM timeline WHERE invoice_id = :id ORDER BY id", id=invoice_id)

    def owed(self) -> Sequence[tuple[int, str]]:
        """Return the signals that the outbox owes, as invoice and signal."""
        return self.rows("SELECT invoice_id, signal FROM outbox ORDER BY id")

    def amounts(self, invoice_id: int) -> tuple[Decimal, Decimal, Decimal]:
        """Return total, settled and outstanding."""
        total, settled, outstanding = self.one(
            "SELECT total, settled, outstanding FROM invoices WHERE id = :id", id=invoice_id
        )
        return total, settled, outstanding


_numbers = count(1)


def fresh_number() -> str:
    """Return an invoice number that nobody has yet."""
    return f"INV-{next(_numbers)}"
