"""Books payments and keeps what they settle exact."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import SYSTEM, Change, is_known, note_once
from db.operations.holds import end_hold, put_hold
from db.operations.rules.asked import settle_by_rules
from db.operations.settle import lock_invoice
from db.operations.settlement.amounts import require_amount
from db.queries.collections import case_of
from db.queries.settled import SETTLED
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from dunning.events import Paid
from dunning.facts import HoldKind, InvoiceState
from dunning.holds import partial_payment_held_until
from dunning.money import Money
from phrase import Phrase

_RESETTLE = text(f"""
UPDATE invoices SET settled = s.settled
  FROM (SELECT i.id, {SETTLED} AS settled FROM unnest(CAST(:ids AS bigint[])) i (id) OFFSET 0) s
 WHERE invoices.id = s.id AND invoices.settled <> s.settled
RETURNING invoices.id, invoices.outstanding
""")  # noqa: S608  # a constant


def pay(session: Session, invoice_id: int, amount: Decimal, change: Change, source: str = "user") -> Decimal:
    """Book a payment of `amount` on the invoice, in its currency, and return what stays outstanding.

    A partial payment holds contact for the organization's days (rule 3.3); a full one ends the collection
    (rule 3.2). Raises Refused for amounts that are not positive, too exact or above what is outstanding.
    """
    lock_invoice(session, invoice_id)
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if is_known(session, change.event_id):
        return invoice.outstanding
    if invoice.state == InvoiceState.OPEN:
        require_amount(
            amount,
            Phrase("a payment"),
            Money(invoice.outstanding, invoice.currency),
            Phrase("outstanding"),
        )
    if admit(session, invoice_id, Paid(change.at, amount), change) is not None:
        note_once(session, change, "paid", invoice_id, amount=str(amount), currency=invoice.currency)
        book_payment(session, invoice, amount, change, source)
        end_or_hold(session, invoice_id, amount, change)
        settle_by_rules(session, invoice_id, change)
    return session.scalars(select(Invoice.outstanding).where(Invoice.id == invoice_id)).one()


def end_or_hold(session: Session, invoice_id: int, amount: Decimal, change: Change) -> None:
    """Sum up what settles the invoice after a payment of `amount`; what is not waited for any more is no hold.

    A partial payment holds contact for the organization's days, so that no reminder follows it at its heels (rule
    3.3). The caller settles.
    """
    resettle(session, invoice_id)
    # What was on its way has arrived (rule 3.10).
    end_hold(session, invoice_id, HoldKind.PAYMENT_IN_FLIGHT, change, by=SYSTEM)
    facts = case_of(session, invoice_id).facts
    if not facts.is_settled:
        until = partial_payment_held_until(change.on, facts.hold_days)
        put_hold(
            session, invoice_id, HoldKind.PARTIAL_PAYMENT, until, f"{amount} {facts.invoice.currency}", change
        )


def book_payment(session: Session, invoice: Invoice, amount: Decimal, change: Change, source: str) -> None:
    """Write a payment with its allocation to the invoice. `end_or_hold` or `resettle` must follow."""
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
    resettle_many(session, [invoice_id])
    return session.scalars(select(Invoice.outstanding).where(Invoice.id == invoice_id)).one()


def resettle_many(session: Session, invoice_ids: Sequence[int]) -> dict[int, Decimal]:
    """Sum up what settles each of the invoices; return what is outstanding on those where that is news."""
    found = session.execute(_RESETTLE, {"ids": list(invoice_ids)})
    return {row.id: row.outstanding for row in found}
