"""Whether a customer's addresses are written to: not once one is at fault, and again once it is mended."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.operations.change import Change, is_known, note, note_once
from db.operations.customer_lock import lock_customer
from db.operations.refusal import Refused
from db.operations.settle import settle_many
from db.tables.customers import Contact
from phrase import phrase

# The role of an address that another one took the place of: no step names it, and no file of the accounts.
FORMER = "former"
REASON_CHARACTERS_MAX = 400


def address_key(address: str) -> str:
    """Return the address as it is compared: small letters, and the domain in ASCII as it travels."""
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return f"{local}{at}{domain}"


def set_unreachable(session: Session, customer_id: int, because: dict[str, str]) -> None:
    """Write to these addresses of the customer no more (uq_contacts_email)."""
    contacts = session.scalars(
        select(Contact).where(Contact.customer_id == customer_id, Contact.email.is_not(None))
    )
    for contact in contacts:
        reason = because.get(address_key(contact.email or ""))
        if reason is not None:
            contact.unreachable_because = f"{contact.email}: {reason}"[:REASON_CHARACTERS_MAX]
    session.flush()


def mend_address(
    session: Session, customer_id: int, email: str, to: str | None, reason: str | None, change: Change
) -> Sequence[int]:
    """Write to the address again, or to another one instead; return the customer's invoices being collected.

    Their steps that waited for it go out by themselves (rule 4.4). Raises Refused if the customer has no such
    address, or if there is nothing to mend.
    """
    first, followed_up = lock_customer(session, customer_id)
    if is_known(session, change.event_id):
        return ()
    contact = _contact(session, customer_id, email)
    if contact is None:
        raise Refused("{email} is no address of the customer", email=email)
    if to is None or to.lower() == email.lower():
        if contact.unreachable_because is None:
            raise Refused("{email} is written to already", email=email)
        if contact.role == FORMER:
            raise Refused(
                "{because}; to go back, mend that one --to {email}",
                because=phrase(contact.unreachable_because),
                email=email,
            )
        contact.unreachable_because = None
    else:
        _replace(session, contact, to)
    session.flush()
    said: dict[str, Any] = {"address": email, "to": to, "reason": reason}
    # The event id stands on one timeline, because it is unique among all.
    note_once(session, change, "address mended", first, **said)
    for invoice_id in followed_up:
        if invoice_id != first:
            note(session, change, "address mended", invoice_id, **said)
    settle_many(session, followed_up, change)
    return followed_up


def _replace(session: Session, contact: Contact, to: str) -> None:
    """Let another address take the contact's place.

    The old one is kept, so that the accounts, which may know of it for months yet, do not bring it back with their
    next file.
    """
    other = _contact(session, contact.customer_id, to)
    if other is not None and other.unreachable_because is None:
        raise Refused("{to} is an address of the customer already", to=to)
    if other is None:
        other = Contact(customer_id=contact.customer_id, email=to, is_main=False)
        session.add(other)
    other.first_name, other.last_name, other.locale = contact.first_name, contact.last_name, contact.locale
    other.role, other.unreachable_because = contact.role, None
    contact.role, contact.unreachable_because = FORMER, f"{to} took its place"
    if contact.is_main:
        contact.is_main = False
        # There is one main contact at any time (uq_contacts_main).
        session.flush()
        other.is_main = True


def _contact(session: Session, customer_id: int, email: str) -> Contact | None:
    """Return the contact with the address (uq_contacts_email)."""
    of_customer = Contact.customer_id == customer_id, func.lower(Contact.email) == email.lower()
    return session.scalar(select(Contact).where(*of_customer).execution_options(populate_existing=True))
