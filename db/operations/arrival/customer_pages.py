"""Takes in pages of customers, each with all the contacts that a file states of it.

A file of customers says who the contacts are, so several may have one role, and a role may change. A contact is
found by its address; of those that are left, the stated ones take the places of known ones with the same role, in
order. Contacts that the file does not name are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.arrival.custom_values import Stated
from db.operations.arrival.customers import IncomingParty, create_customers, take_party, write_contact
from db.operations.arrival.invoices import Outcome, tell_other_invoices
from db.operations.change import Change
from db.operations.messages.addresses import FORMER
from db.queries.parties import KnownContact, KnownCustomer, known_customers
from db.tables.customers import Contact


@dataclass(frozen=True, slots=True)
class IncomingContact:
    """A person at a customer as a file states it. What is not said (None) is left as it is."""

    role: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingCustomer:
    """A customer as a file states it, with its contacts."""

    customer_id: str
    name: str
    locale: str | None = None
    payment_term_days: int | None = None
    custom: Stated = ()
    contacts: Sequence[IncomingContact] = ()

    @property
    def alone(self) -> IncomingParty:
        """Return the customer without its contacts."""
        return IncomingParty(self.customer_id, self.name, self.locale, self.payment_term_days, self.custom)


@dataclass(frozen=True, slots=True)
class CustomerTaken:
    """What changed about a customer, in words, and about each contact; `is_new` says that there was none."""

    is_new: bool
    told: tuple[str, ...] = ()
    contacts: Sequence[tuple[Outcome, str | None]] = field(default=())


_UNCHANGED, _CREATED = (Outcome.UNCHANGED, None), (Outcome.CREATED, None)


def take_customers(session: Session, page: Sequence[IncomingCustomer], change: Change) -> list[CustomerTaken]:
    """Bring the ledger to what the page states of customers, each of them once; return what became of each."""
    custom = any(one.custom for one in page)
    known = known_customers(session, [one.customer_id for one in page], custom=custom)
    new = [one for one in page if one.customer_id not in known]
    create_customers(session, [(one.alone, [_as_known(contact) for contact in one.contacts]) for one in new])
    taken, changed = [], []
    for one in page:
        customer = known.get(one.customer_id)
        if customer is None:
            taken.append(CustomerTaken(is_new=True, contacts=[_CREATED] * len(one.contacts)))
            continue
        done = _bring_up_to_date(session, customer, one)
        taken.append(done)
        if done.told or any(outcome is not Outcome.UNCHANGED for outcome, _ in done.contacts):
            changed.append(customer.id)
    if changed:
        tell_other_invoices(session, changed, None, change)
    return taken


def _as_known(contact: IncomingContact) -> KnownContact:
    is_main = contact.role == "main"
    return KnownContact(None, contact.role, is_main, contact.email, contact.first_name, contact.last_name)


def _bring_up_to_date(session: Session, known: KnownCustomer, stated: IncomingCustomer) -> CustomerTaken:
    _, told = take_party(session, stated.alone)
    pairs = _paired(known.contacts, stated.contacts)
    changes = [_differing(contact, one) for contact, one in zip(pairs, stated.contacts, strict=True)]
    if any(differing.get("is_main") for differing in changes):
        # There is one main contact, and the file says who (uq_contacts_main).
        nobody = update(Contact).where(Contact.customer_id == known.id, Contact.is_main).values(is_main=False)
        session.execute(nobody)
    outcomes: list[tuple[Outcome, str | None]] = []
    for contact, differing in zip(pairs, changes, strict=True):
        if not differing:
            outcomes.append(_UNCHANGED)
            continue
        said = "; ".join(write_contact(session, known.id, contact, differing))
        outcomes.append((Outcome.CREATED if contact is None else Outcome.CHANGED, said))
    return CustomerTaken(False, told, outcomes)


def _paired(known: Sequence[KnownContact], stated: Sequence[IncomingContact]) -> list[KnownContact | None]:
    """Return which known contact each stated one is, None for a new one."""
    by_address = {contact.email.lower(): contact for contact in known if contact.email is not None}
    pairs = [None if one.email is None else by_address.get(one.email.lower()) for one in stated]
    left = [contact for contact in known if contact not in pairs and contact.role != FORMER]
    for place, one in enumerate(stated):
        if pairs[place] is None:
            same = next((contact for contact in left if contact.role == one.role), None)
            if same is not None:
                left.remove(same)
                pairs[place] = same
    return pairs


def _differing(known: KnownContact | None, stated: IncomingContact) -> dict[str, Any]:
    said: dict[str, Any] = {
        "email": stated.email,
        "first_name": stated.first_name,
        "last_name": stated.last_name,
    }
    said = {name: value for name, value in said.items() if value is not None}
    is_main = stated.role == "main"
    if known is None:
        return {"role": stated.role, "is_main": is_main, **said}
    if known.role == FORMER:
        # Another address took its place here, and that stays.
        return {}
    if stated.email is not None and (known.email or "").lower() != stated.email.lower():
        # A new address is worth a new try, whatever the old one met.
        said["unreachable_because"] = None
    said |= {"role": stated.role, "is_main": is_main}
    return {name: value for name, value in said.items() if getattr(known, name) != value}
