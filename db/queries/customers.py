"""Reads customers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.collections import OPEN_STATES, Collection
from db.tables.customers import Contact, Customer
from db.tables.invoices import Invoice


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A person at a customer, and why their address is not written to, if it is not."""

    email: str | None
    name: str
    role: str
    is_main: bool
    unreachable_because: str | None


def customer_id_of(session: Session, external_id: str) -> int | None:
    """Return the id of the customer with this number, or None if there is none (uq_customers_external_id)."""
    return session.scalar(select(Customer.id).where(Customer.external_id == external_id))


def customer_page(session: Session, after_id: int, limit: int) -> Sequence[int]:
    """Return a page of the customers, in order of their ids (the primary key)."""
    statement = select(Customer.id).where(Customer.id > after_id).order_by(Customer.id).limit(limit)
    return session.scalars(statement).all()


def open_invoice_ids_of(session: Session, customer_ids: Sequence[int]) -> Sequence[int]:
    """Return the customers' invoices with an open collection (ix_invoices_customer_id, uq_collections_open)."""
    statement = (
        select(Invoice.id)
        .join(Collection, Collection.invoice_id == Invoice.id)
        .where(Invoice.customer_id.in_(customer_ids), Collection.state.in_(OPEN_STATES))
        .order_by(Invoice.id)
    )
    return session.scalars(statement).all()


def contact_lines(session: Session, customer_id: int) -> list[ContactLine]:
    """Return the customer's people, the main contact first, then the oldest (uq_contacts_email)."""
    of_customer = select(Contact).where(Contact.customer_id == customer_id)
    found = session.scalars(of_customer.order_by(Contact.is_main.desc(), Contact.id))
    return [
        ContactLine(
            contact.email,
            " ".join(filter(None, (contact.first_name, contact.last_name))),
            contact.role,
            contact.is_main,
            contact.unreachable_because,
        )
        for contact in found
    ]
