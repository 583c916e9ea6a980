"""Takes payments back (rule 3.12)."""

from decimal import Decimal

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, is_known, note_once
from db.operations.holds import put_hold
from db.operations.reopening import reopen
from db.operations.rules.asked import settle_by_rules
from db.operations.settle import lock_invoice
from db.operations.settlement.amounts import require_amount
from db.operations.settlement.payments import resettle
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from dunning.events import Reversed
from dunning.facts import HoldKind
from dunning.holds import reversal_held_until
from dunning.money import Money
from phrase import Phrase


def reverse(session: Session, invoice_id: int, amount: Decimal, change: Change) -> Decimal:
    """Take back `amount` of what was paid, the newest payments first, and return what is outstanding then.

    Where that reopens a paid collection, contact is held for the organization's days. Raises Refused for amounts
    that are not positive, too exact or above what was paid.
    """
    lock_invoice(session, invoice_id)
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if is_known(session, change.event_id):
        return invoice.outstanding
    # Credit notes settle an invoice too, and are no payments.
    require_amount(
        amount,
        Phrase("a reversal"),
        Money(_paid(session, invoice_id), invoice.currency),
        Phrase("that was paid"),
    )
    case = admit(session, invoice_id, Reversed(change.at, amount), change)
    assert case is not None, "the event was not known a moment ago, and the invoice is locked"
    note_once(session, change, "payment reversed", invoice_id, amount=str(amount), currency=invoice.currency)
    _take_back(session, invoice_id, amount, change)
    outstanding = resettle(session, invoice_id)
    reopened = reopen(session, invoice_id, change)
    is_owed_again = case.facts.is_settled and outstanding > case.facts.tolerance
    if is_owed_again and (reopened or case.collection is not None):
        until = reversal_held_until(change.on, case.facts.hold_days)
        reason = str(Money(amount, invoice.currency))
        put_hold(session, invoice_id, HoldKind.REVERSAL, until, reason, change)
    settle_by_rules(session, invoice_id, change)
    return outstanding


def _paid(session: Session, invoice_id: int) -> Decimal:
    paid = session.scalar(
        select(func.sum(PaymentAllocation.amount))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == invoice_id, Payment.reversed_on.is_(None))
    )
    return Decimal(paid or 0)


def _take_back(session: Session, invoice_id: int, amount: Decimal, change: Change) -> None:
    """Mark what settles the invoice as reversed, up to the amount."""
    newest_first = (
        select(PaymentAllocation, Payment)
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == invoice_id, Payment.reversed_on.is_(None))
        .order_by(Payment.received_on.desc(), Payment.id.desc())
        .execution_options(populate_existing=True)
    )
    left = amount
    for allocation, payment in session.execute(newest_first).all():
        if left <= 0:
            return
        part = min(left, allocation.amount)
        left -= part
        if part == payment.amount:
            session.execute(update(Payment).where(Payment.id == payment.id).values(reversed_on=change.on))
        else:
            _split_off(session, allocation, payment, part, change)
    assert left <= 0, "the amount was checked against what was paid"


def _split_off(
    session: Session, allocation: PaymentAllocation, payment: Payment, part: Decimal, change: Change
) -> None:
    """Make the reversed part a payment of its own, so that the rest of the payment still settles what it did."""
    split = insert(Payment).values(
        customer_id=payment.customer_id,
        source=payment.source,
        currency=payment.currency,
        amount=part,
        received_on=payment.received_on,
        reversed_on=change.on,
    )
    split_id = session.execute(split.returning(Payment.id)).scalar_one()
    session.execute(update(Payment).where(Payment.id == payment.id).values(amount=payment.amount - part))
    of_allocation = update(PaymentAllocation).where(PaymentAllocation.id == allocation.id)
    if part == allocation.amount:
        session.execute(of_allocation.values(payment_id=split_id))
        return
    session.execute(of_allocation.values(amount=allocation.amount - part))
    session.execute(
        insert(PaymentAllocation).values(payment_id=split_id, invoice_id=allocation.invoice_id, amount=part)
    )
