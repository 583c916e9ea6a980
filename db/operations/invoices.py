"""Takes in invoices as the accounts state them: creates, changes or leaves, by external id."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.assignment import default_cadence_id, enter
from db.operations.change import Change, note
from db.operations.customers import take_contact, take_customer
from db.operations.cycles import begin_cycle
from db.operations.disputes import follow_accounts
from db.operations.outbox import owe
from db.operations.payments import book_payment, end_or_hold, resettle
from db.operations.refusal import Refused
from db.operations.reopening import reopen
from db.operations.settle import lock_invoice, settle
from db.tables.collections import OPEN_STATES, Collection
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.journal import OutboxEntry
from dunning.cycles import begins_cycle
from dunning.facts import InvoiceState
from dunning.money import Money

# Two imports at once would take the same rows in different orders and wait for each other for ever.
_ONE_IMPORT_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4207849301)")
IMPORT = "import"


class Outcome(StrEnum):
    """What taking in an invoice did."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class IncomingInvoice:
    """An invoice as the accounts state it. `paid` is all that they have booked so far."""

    external_id: str
    customer_id: str
    customer_name: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    paid: Decimal
    state: InvoiceState
    is_disputed: bool
    po_number: str | None = None
    email: str | None = None
    contact_first_name: str | None = None
    contact_last_name: str | None = None
    contact_role: str = "main"
    locale: str | None = None
    payment_term_days: int | None = None


def begin_import(session: Session) -> None:
    """Wait until no other import runs; until the transaction ends, none will."""
    session.execute(_ONE_IMPORT_AT_A_TIME)


def take_invoice(session: Session, incoming: IncomingInvoice, change: Change) -> Outcome:
    """Bring the ledger to what `incoming` states; the same statement a second time changes nothing.

    Raises Refused, and then the caller must undo, where the ledger contradicts the statement.
    """
    customer_id, customer_changed = take_customer(
        session, incoming.customer_id, incoming.customer_name, incoming.locale, incoming.payment_term_days
    )
    contact_changed = take_contact(
        session,
        customer_id,
        incoming.contact_role,
        incoming.email,
        incoming.contact_first_name,
        incoming.contact_last_name,
    )
    if customer_changed or contact_changed:
        _tell_other_invoices(session, customer_id, incoming.external_id, change)
    invoice_id = session.scalar(select(Invoice.id).where(Invoice.external_id == incoming.external_id))
    if invoice_id is None:
        _create(session, customer_id, incoming, change)
        return Outcome.CREATED
    lock_invoice(session, invoice_id)
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if invoice.customer_id != customer_id:
        raise Refused(f"{invoice.number} belongs to another customer")
    changed = _change(session, invoice, incoming, change)
    if not (changed or customer_changed or contact_changed):
        return Outcome.UNCHANGED
    settle(session, invoice_id, change)
    owe(session, invoice_id, "invoice_changed", {"by": change.by})
    return Outcome.CHANGED


def _tell_other_invoices(session: Session, customer_id: int, but_external_id: str, change: Change) -> None:
    """Let the customer's other collections look again: a mended address lets their messages go out (rule 4.4).

    Once in a transaction: rows that contradict each other about their customer must not multiply.
    """
    told = select(OutboxEntry.id).where(
        OutboxEntry.invoice_id == Invoice.id,
        OutboxEntry.signal == "invoice_changed",
        OutboxEntry.created_at == func.now(),
    )
    others = (
        select(Invoice.id)
        .join(Collection, Collection.invoice_id == Invoice.id)
        .where(Invoice.customer_id == customer_id, Collection.state.in_(OPEN_STATES))
        .where(Invoice.external_id != but_external_id, ~told.exists())
        .order_by(Invoice.id)
    )
    for invoice_id in session.scalars(others).all():
        owe(session, invoice_id, "invoice_changed", {"by": change.by})


def _create(session: Session, customer_id: int, incoming: IncomingInvoice, change: Change) -> None:
    values = {
        **_stated(incoming),
        "total": incoming.total,
        "currency": incoming.currency,
        "stated": _shown(incoming),
    }
    statement = insert(Invoice).values(
        external_id=incoming.external_id, number=incoming.external_id, customer_id=customer_id, **values
    )
    invoice_id = session.execute(statement.returning(Invoice.id)).scalar_one()
    note(session, change, "invoice created", invoice_id, total=str(incoming.total), currency=incoming.currency)
    if incoming.paid > 0:
        invoice = session.get_one(Invoice, invoice_id)
        book_payment(session, invoice, incoming.paid, change, source=IMPORT)
        resettle(session, invoice_id)
    if incoming.state is InvoiceState.OPEN and incoming.paid < incoming.total:
        cadence_id = default_cadence_id(session)
        if cadence_id is not None:
            enter(session, invoice_id, cadence_id, None, change)
            owe(session, invoice_id, "invoice_changed", {"by": change.by})
    if incoming.is_disputed:
        follow_accounts(session, invoice_id, True, change)
    settle(session, invoice_id, change)


def _change(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> bool:
    if incoming.currency != invoice.currency:
        raise Refused(f"{invoice.number} is in {invoice.currency}; a currency never changes")
    before = {name: getattr(invoice, name) for name in ("issued_on", "due_on", "po_number", "state", "total")}
    after = {**_stated(incoming), "total": incoming.total}
    # What the accounts state as they did before leaves what people changed here meanwhile.
    shown = _shown(incoming)
    news = {name for name in after if name not in invoice.stated or invoice.stated[name] != shown[name]}
    differing = {name: value for name, value in after.items() if name in news and before[name] != value}
    due_before = current_case(session, invoice.id, change).facts.invoice.due_on if "due_on" in differing else None
    outstanding_before = invoice.outstanding
    if differing:
        if invoice.settled > incoming.total:
            raise Refused(
                f"{Money(invoice.settled, invoice.currency)} is settled already, "
                f"more than a total of {incoming.total}"
            )
        _write(session, invoice.id, **differing)
        told = {name: [str(before[name]), str(value)] for name, value in differing.items()}
        note(session, change, "invoice changed", invoice.id, changed=told)
    # After the total: it may have grown together with what is paid, and never holds less.
    paid_changed = _take_paid(session, invoice, incoming, change)
    if shown != invoice.stated:
        _write(session, invoice.id, stated=shown)
    if incoming.state is InvoiceState.OPEN and ("state" in differing or outstanding_before <= 0):
        reopen(session, invoice.id, change)
    if due_before is not None:
        _begin_cycle_if_moved(session, invoice.id, due_before, change)
    if invoice.stated.get("is_disputed") == incoming.is_disputed:
        return bool(differing) or paid_changed
    return follow_accounts(session, invoice.id, incoming.is_disputed, change) or bool(differing) or paid_changed


def _begin_cycle_if_moved(session: Session, invoice_id: int, due_before: date, change: Change) -> None:
    """Let the collection begin anew if the accounts moved the due date far enough (rule 6.2)."""
    case = current_case(session, invoice_id, change)
    due_on = case.facts.invoice.due_on
    as_before = replace(case.facts, invoice=replace(case.facts.invoice, due_on=due_before))
    if due_on is not None and begins_cycle(as_before, due_on, change.on):
        begin_cycle(session, case, change)


def _write(session: Session, invoice_id: int, **values: Any) -> None:
    statement = update(Invoice).where(Invoice.id == invoice_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def _shown(incoming: IncomingInvoice) -> dict[str, Any]:
    """Return the statement as it is remembered."""
    due_on = incoming.due_on
    return {
        "issued_on": incoming.issued_on.isoformat(),
        "due_on": None if due_on is None else due_on.isoformat(),
        "po_number": incoming.po_number,
        "state": incoming.state.value,
        "total": f"{incoming.total.normalize():f}",
        "paid": f"{incoming.paid.normalize():f}",
        "is_disputed": incoming.is_disputed,
    }


def _stated(incoming: IncomingInvoice) -> dict[str, Any]:
    return {
        "issued_on": incoming.issued_on,
        "due_on": incoming.due_on,
        "po_number": incoming.po_number,
        "state": incoming.state.value,
    }


def _take_paid(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> bool:
    """Book what the accounts state as paid beyond what they stated before; other payments stay as they are.

    A payment of theirs that was reversed here is not booked again when they state it again, and they may state
    less once it was reversed.
    """
    booked = Decimal(
        session.scalar(
            select(func.coalesce(func.sum(PaymentAllocation.amount), 0))
            .join(Payment, Payment.id == PaymentAllocation.payment_id)
            .where(PaymentAllocation.invoice_id == invoice.id)
            .where(Payment.source == IMPORT, Payment.reversed_on.is_(None))
        )
        or 0
    )
    stated = Decimal(invoice.stated["paid"]) if "paid" in invoice.stated else booked
    further = incoming.paid - stated
    if further == 0 or booked <= incoming.paid < stated:
        return False
    if further < 0:
        raise Refused(f"paid {incoming.paid} is less than the {Money(stated, invoice.currency)} stated before")
    room = incoming.total - invoice.settled
    if further > room:
        raise Refused(f"{Money(further - room, invoice.currency)} more is paid than was outstanding")
    book_payment(session, invoice, further, change, source=IMPORT)
    note(session, change, "paid", invoice.id, amount=str(further), currency=invoice.currency)
    end_or_hold(session, invoice.id, further, change)
    return True
