"""Takes in invoices as the accounts state them: creates, changes or leaves, by external id."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from db.operations.assignment import default_cadence_id, enter, last_contact_on
from db.operations.change import Change, note
from db.operations.customers import take_contact, take_customer
from db.operations.holds import dispute, resolve_dispute
from db.operations.outbox import owe
from db.operations.payments import book_payment, hold_for_partial_payment, resettle
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice, settle
from db.tables.collections import OPEN_STATES, Collection, HoldRow
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.journal import OutboxEntry
from dunning.facts import HoldKind, InvoiceState
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
    values = {**_stated(incoming), "total": incoming.total, "currency": incoming.currency}
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
        dispute(session, invoice_id, "stated by the accounts", change)
    settle(session, invoice_id, change)


def _change(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> bool:
    if incoming.currency != invoice.currency:
        raise Refused(f"{invoice.number} is in {invoice.currency}; a currency never changes")
    before = {name: getattr(invoice, name) for name in ("issued_on", "due_on", "po_number", "state", "total")}
    after = {**_stated(incoming), "total": incoming.total}
    differing = {name: value for name, value in after.items() if before[name] != value}
    outstanding_before = invoice.outstanding
    if differing:
        if invoice.settled > incoming.total:
            raise Refused(
                f"{Money(invoice.settled, invoice.currency)} is settled already, "
                f"more than a total of {incoming.total}"
            )
        session.execute(
            update(Invoice)
            .where(Invoice.id == invoice.id)
            .values(**differing)
            .execution_options(synchronize_session=False)
        )
        shown = {name: [str(before[name]), str(value)] for name, value in differing.items()}
        note(session, change, "invoice changed", invoice.id, changed=shown)
    # After the total: it may have grown together with what is paid, and never holds less.
    paid_changed = _take_paid(session, invoice, incoming, change)
    if incoming.state is InvoiceState.OPEN and ("state" in differing or outstanding_before <= 0):
        _reenter(session, invoice.id, change)
    dispute_changed = _take_dispute(session, invoice.id, incoming.is_disputed, change)
    return bool(differing) or paid_changed or dispute_changed


def _stated(incoming: IncomingInvoice) -> dict[str, Any]:
    return {
        "issued_on": incoming.issued_on,
        "due_on": incoming.due_on,
        "po_number": incoming.po_number,
        "state": incoming.state.value,
    }


def _take_paid(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> bool:
    """Book what the accounts state as paid beyond what they stated before; other payments stay as they are."""
    booked = session.scalar(
        select(func.coalesce(func.sum(PaymentAllocation.amount), 0))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == invoice.id)
        .where(Payment.source == IMPORT, Payment.reversed_on.is_(None))
    )
    further = incoming.paid - Decimal(booked or 0)
    if further == 0:
        return False
    if further < 0:
        before = Money(Decimal(booked or 0), invoice.currency)
        raise Refused(f"paid {incoming.paid} is less than the {before} stated before")
    room = incoming.total - invoice.settled
    if further > room:
        raise Refused(f"{Money(further - room, invoice.currency)} more is paid than was outstanding")
    book_payment(session, invoice, further, change, source=IMPORT)
    note(session, change, "paid", invoice.id, amount=str(further), currency=invoice.currency)
    if resettle(session, invoice.id) > 0:
        hold_for_partial_payment(session, invoice.id, further, invoice.currency, change)
    return True


def _take_dispute(session: Session, invoice_id: int, is_disputed: bool, change: Change) -> bool:
    """Follow the accounts in disputes that they raised; one that a person raised is that person's to resolve."""
    standing = session.scalar(
        select(HoldRow.started_by).where(
            HoldRow.invoice_id == invoice_id, HoldRow.kind == HoldKind.DISPUTE, HoldRow.ended_at.is_(None)
        )
    )
    if is_disputed and standing is None:
        dispute(session, invoice_id, "stated by the accounts", change)
        return True
    if not is_disputed and standing == change.by:
        resolve_dispute(session, invoice_id, change)
        return True
    return False


def _reenter(session: Session, invoice_id: int, change: Change) -> None:
    """Follow up an invoice that is open again: under its last cadence, or under the default if it had none."""
    if session.scalars(select(Invoice.outstanding).where(Invoice.id == invoice_id)).one() <= 0:
        return
    latest = session.scalars(
        select(Collection)
        .where(Collection.invoice_id == invoice_id)
        .order_by(Collection.closed_at.desc().nulls_first(), Collection.id.desc())
        .limit(1)
    ).one_or_none()
    if latest is None:
        cadence_id = default_cadence_id(session)
    elif latest.state in OPEN_STATES or latest.state == "stopped":
        return
    else:
        cadence_id = latest.cadence_id
    if cadence_id is not None:
        enter(session, invoice_id, cadence_id, last_contact_on(session, invoice_id), change)
