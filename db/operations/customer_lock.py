"""Locks all of a customer that is being collected, for what is about the customer and not about one invoice."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.tables.collections import OPEN_STATES, Collection
from db.tables.invoices import Invoice


def lock_customer(session: Session, customer_id: int) -> tuple[int, Sequence[int]]:
    """Lock the customer's first invoice and all whose collection is open; return the first, and those.

    Who changes something of a customer meets others who do at its first invoice, whether that is being collected
    or not. Raises Refused if the customer has no invoices.
    """
    first = select(func.min(Invoice.id)).where(Invoice.customer_id == customer_id).scalar_subquery()
    has_open = (
        select(Collection.id)
        .where(Collection.invoice_id == Invoice.id, Collection.state.in_(OPEN_STATES))
        .exists()
    )
    lock = (
        select(Invoice.id)
        .where(Invoice.customer_id == customer_id, or_(Invoice.id == first, has_open))
        .order_by(Invoice.id)
        .with_for_update()
    )
    locked = session.scalars(lock).all()
    if not locked:
        raise Refused("the customer has no invoices")
    followed_up = session.scalars(
        select(Collection.invoice_id)
        .where(Collection.invoice_id.in_(locked), Collection.state.in_(OPEN_STATES))
        .order_by(Collection.invoice_id)
    )
    return locked[0], followed_up.all()
