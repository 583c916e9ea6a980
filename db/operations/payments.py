"""Books payments and keeps what they settle exact."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note_once
from db.operations.holds import put_hold
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice, settle
from db.tables.invoices import CreditAllocation, CreditNote, Invoice, Payment, PaymentAllocation
from db.tables.organization import Organization
from dunning.currencies import CURRENCY_DECIMALS
from dunning.facts import HoldKind, InvoiceState
from dunning.money import Money


def pay(session: Session, invoice_id: int, amount: Decimal, change: Change, source: str = "user") -> Decimal:
    """Book a payment of `amount` on the invoice, in its currency, and return what stays outstanding.

    A partial payment holds contact for the organization's days (rule 3.3); a full one ends the collection
    (rule 3.2). Raises Refused for amounts that are not positive, too exact or above what is outstanding.
    """
    lock_invoice(session, invoice_id)
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if not note_once(session, change, "paid", invoice_id, amount=str(amount), currency=invoice.currency):
        return invoice.outstanding
    if invoice.state != InvoiceState.OPEN:
        raise Refused(f"{invoice.number} is {invoice.state.replace('_', ' ')}; a payment needs an open invoice")
    if not amount.is_finite() or amount <= 0:
        raise Refused(f"a payment is more than 0, not {amount}")
    if amount > invoice.outstanding:
        raise Refused(f"{amount} is more than the {Money(invoice.outstanding, invoice.currency)} outstanding")
    decimals = CURRENCY_DECIMALS.get(invoice.currency, 4)
    if amount not in (round(amount, decimals), invoice.outstanding):
        raise Refused(f"{amount} is too exact: {invoice.currency} has {decimals} decimals")
    book_payment(session, invoice, amount, change, source)
    outstanding = resettle(session, invoice_id)
    if outstanding > 0:
        hold_for_partial_payment(session, invoice_id, amount, invoice.currency, change)
    settle(session, invoice_id, change)
    return outstanding


def hold_for_partial_payment(
    session: Session, invoice_id: int, amount: Decimal, currency: str, change: Change
) -> None:
    """Hold contact for the organization's days, so that no reminder follows a payment at its heels (rule 3.3)."""
    hold_days = session.scalars(select(Organization.partial_payment_hold_days)).one()
    if hold_days > 0:
        until = change.on + timedelta(days=hold_days)
        put_hold(session, invoice_id, HoldKind.PARTIAL_PAYMENT, until, f"{amount} {currency}", change)


def book_payment(session: Session, invoice: Invoice, amount: Decimal, change: Change, source: str) -> None:
    """Write a payment with its allocation to the invoice. `resettle` must follow."""
    payment_id = session.execute(
        insert(Payment)
        .values(
            customer_id=invoice.customer_id,
            source=source,
            currency=invoice.currency,
            amount=amount,
            received_on=change.on,
        )
        .returning(Payment.id)
    ).scalar_one()
    session.execute(insert(PaymentAllocation).values(payment_id=payment_id, invoice_id=invoice.id, amount=amount))


def resettle(session: Session, invoice_id: int) -> Decimal:
    """Sum up what settles the invoice, from its allocations, and return what is outstanding then."""
    paid = (
        select(func.coalesce(func.sum(PaymentAllocation.amount), 0))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == invoice_id, Payment.reversed_on.is_(None))
    )
    credited = (
        select(func.coalesce(func.sum(CreditAllocation.amount), 0))
        .join(CreditNote, CreditNote.id == CreditAllocation.credit_note_id)
        .where(CreditAllocation.invoice_id == invoice_id)
    )
    statement = (
        update(Invoice)
        .where(Invoice.id == invoice_id)
        .values(settled=paid.scalar_subquery() + credited.scalar_subquery())
        .returning(Invoice.outstanding)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one()
