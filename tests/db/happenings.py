"""The events of the core, told to the ledger."""

from typing import assert_never

from sqlalchemy import text

from db.engine import Session
from db.operations.assignment import reassign, restart
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.customer_holds import pause_customer, resume_customer
from db.operations.disputes import dispute, resolve
from db.operations.due_dates import change_due_date
from db.operations.holds import announce_payment, pause, resume
from db.operations.invoice_states import end_invoice, reinstate, set_hidden
from db.operations.messages.incoming import take_in
from db.operations.outreach import log_contact
from db.operations.promises import promise
from db.operations.refusal import Refused
from db.operations.settlement.payments import pay
from db.operations.settlement.reversals import reverse
from db.operations.todos import complete_action, snooze
from db.tables.invoices import Invoice
from dunning.events import (
    Bounced,
    CadenceEdited,
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import InvoiceState
from tests.db.inbox import an_incoming, dead, refused


def happen(session: Session, invoice_id: int, event: Event, change: Change) -> None:
    """Carry out in the ledger what the event says. Raises Refused."""
    match event:
        case Completed(step_id=step_id):
            complete_action(session, invoice_id, step_id, "done", change)
        case Ignored(step_id=step_id):
            complete_action(session, invoice_id, step_id, "ignored", change)
        case Snoozed(step_id=step_id, until=until):
            snooze(session, invoice_id, step_id, until, change)
        case Contacted(channel=channel, as_step=as_step):
            log_contact(session, invoice_id, channel, as_step, "at the fair", change)
        case Bounced(step_id=step_id, asks=asks):
            _come_back(session, invoice_id, step_id, asks, change)
        case Reassigned(cadence=cadence):
            reassign(session, invoice_id, None if cadence is None else cadence.name, change)
        case Restarted():
            restart(session, invoice_id, change)
        case CadenceEdited(cadence=cadence):
            publish(session, cadence)
        case VisibilityChanged(is_hidden=is_hidden):
            set_hidden(session, invoice_id, is_hidden, change)
        case StateChanged(state=InvoiceState.OPEN):
            reinstate(session, invoice_id, change)
        case StateChanged(state=state):
            end_invoice(session, invoice_id, state, change)
        case DueDateChanged(due_on=due_on):
            change_due_date(session, invoice_id, due_on, change)
        case Paid(amount=amount):
            pay(session, invoice_id, amount, change)
        case Reversed(amount=amount):
            reverse(session, invoice_id, amount, change)
        case Paused() | Resumed() | Disputed() | DisputeResolved() | Promised() | PaymentAnnounced():
            _hold(session, invoice_id, event, change)
        case _:
            assert_never(event)


def _hold(
    session: Session,
    invoice_id: int,
    event: Paused | Resumed | Disputed | DisputeResolved | Promised | PaymentAnnounced,
    change: Change,
) -> None:
    match event:
        case Paused(until=until, of_customer=True):
            pause_customer(session, _customer_of(session, invoice_id), until, "they asked", change)
        case Paused(until=until):
            pause(session, invoice_id, until, "they asked", change)
        case Resumed(of_customer=True):
            resume_customer(session, _customer_of(session, invoice_id), change)
        case Resumed():
            resume(session, invoice_id, change)
        case Disputed():
            dispute(session, invoice_id, "wrong amount", change)
        case DisputeResolved(then=then):
            resolve(session, invoice_id, then, change)
        case Promised(promised_for=promised_for):
            promise(session, invoice_id, promised_for, None, change)
        case PaymentAnnounced(until=until):
            announce_payment(session, invoice_id, until, change)
        case _:
            assert_never(event)


def _come_back(session: Session, invoice_id: int, step_id: str | None, asks: bool, change: Change) -> None:
    """Let the last message of the step come back: for the address, or for another reason."""
    found = session.execute(_LAST_MESSAGE, {"invoice_id": invoice_id, "step_id": step_id}).one_or_none()
    failures = (refused(),) if asks else (dead(),)
    about = None if found is None else found.message_id
    incoming = an_incoming("bounce", about, "2026-05-02 00:00", undelivered=failures, received_at=change.at)
    if not take_in(session, incoming, change).uncounted:
        # Undone with all that it does besides: the core knows addresses by their obstacles only.
        raise Refused("it counts")


_LAST_MESSAGE = text("""
SELECT m.message_id
  FROM messages m JOIN actions a ON a.id = m.action_id JOIN collections c ON c.id = a.collection_id
 WHERE c.invoice_id = :invoice_id AND a.step_id = :step_id AND m.state = 'sent' ORDER BY m.sent_at DESC LIMIT 1
""")


def _customer_of(session: Session, invoice_id: int) -> int:
    return session.get_one(Invoice, invoice_id).customer_id
