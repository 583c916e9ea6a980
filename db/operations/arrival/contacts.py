"""Takes in the people at customers, each by an external id of its own."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.operations.arrival.invoices import tell_other_invoices
from db.operations.change import Change
from db.operations.messages.addresses import FORMER
from db.operations.refusal import Refused
from db.tables.customers import Contact


@dataclass(frozen=True, slots=True)
class StatedContact:
    """A person at a customer, as the accounts or a program state them; what is None is not there."""

    external_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    role: str
    is_main: bool
    locale: str | None


def take_stated_contact(session: Session, customer_id: int, stated: StatedContact, change: Change) -> bool:
    """Bring the contact to what is stated, and say whether anything changed. The caller locks the customer.

    A contact of the same address that has no external id yet becomes this one. There is one main contact, and the
    newest statement says who. What waits for an address goes out by itself (rule 4.4). Raises Refused.
    """
    if stated.role == FORMER:
        raise Refused("the role {role!r} is that of addresses which another one took the place of", role=FORMER)
    contact = _contact(session, customer_id, stated)
    said = {
        "external_id": stated.external_id,
        "first_name": stated.first_name,
        "last_name": stated.last_name,
        "email": stated.email,
        "role": stated.role,
        "is_main": stated.is_main,
        "locale": stated.locale,
    }
    if contact is not None and all(getattr(contact, name) == value for name, value in said.items()):
        return False
    if stated.is_main:
        _give_way(session, customer_id, but=contact)
    if contact is None:
        session.add(Contact(customer_id=customer_id, **said))
    else:
        if (contact.email or "").lower() != (stated.email or "").lower():
            # A new address is worth a new try, whatever the old one met.
            contact.unreachable_because = None
        for name, value in said.items():
            setattr(contact, name, value)
    session.flush()
    tell_other_invoices(session, [customer_id], None, change)
    return True


def _contact(session: Session, customer_id: int, stated: StatedContact) -> Contact | None:
    """Return the contact that is stated, None for a new one (uq_contacts_external_id, uq_contacts_email)."""
    of_customer = select(Contact).where(Contact.customer_id == customer_id)
    known = session.scalar(of_customer.where(Contact.external_id == stated.external_id))
    if stated.email is None:
        return known
    same = session.scalar(of_customer.where(func.lower(Contact.email) == stated.email.lower()))
    if same is None or same is known:
        return known
    if known is not None or same.external_id is not None or same.role == FORMER:
        raise Refused("{email} is the address of another contact of the customer", email=stated.email)
    return same


def _give_way(session: Session, customer_id: int, but: Contact | None) -> None:
    """Let the main contact be one no more (uq_contacts_main)."""
    main = session.scalar(select(Contact).where(Contact.customer_id == customer_id, Contact.is_main))
    if main is not None and main is not but:
        main.is_main = False
        session.flush()
