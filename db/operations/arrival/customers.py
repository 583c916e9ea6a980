"""Takes in customers and their contacts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in, reserve_ids
from db.operations.arrival.custom_values import Stated, copy_values, differing_values, take_values
from db.queries.parties import KnownContact, KnownCustomer, known_customers
from db.tables.customers import Contact, Customer


@dataclass(frozen=True, slots=True)
class IncomingParty:
    """A customer as the accounts state it, and one of its contacts. What is not said (None) is left as it is."""

    customer_id: str
    name: str
    locale: str | None = None
    payment_term_days: int | None = None
    custom: Stated = ()
    role: str = "main"
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def take_party(session: Session, party: IncomingParty) -> tuple[int, tuple[str, ...]]:
    """Create the customer and its contact or bring them up to date; return its id and what changed, in words."""
    known = known_customers(session, [party.customer_id], custom=bool(party.custom)).get(party.customer_id)
    if known is None:
        return create_parties(session, [party])[party.customer_id], ("the customer is new",)
    told = []
    differing = _differing(known, _said_of_customer(party))
    if differing:
        session.execute(update(Customer).where(Customer.id == known.id).values(**differing))
        told += [_told(f"customer {name}", getattr(known, name), value) for name, value in differing.items()]
    change = contact_change(known.contacts, party)
    if change is not None:
        told += write_contact(session, known.id, *change)
    values = take_values(session, "customer", known.id, party.custom)
    told += [_told(f"customer custom.{key}", old, new) for key, (old, new) in values.items()]
    return known.id, tuple(told)


def says_nothing_new(party: IncomingParty, known: KnownCustomer) -> bool:
    """Say whether the ledger has all that is stated."""
    return (
        not _differing(known, _said_of_customer(party))
        and contact_change(known.contacts, party) is None
        and not differing_values(party.custom, known.custom)
    )


def create_parties(session: Session, parties: Sequence[IncomingParty]) -> dict[str, int]:
    """Create customers that the ledger does not have, with all that is stated of each; return their ids.

    Later statements about a customer complete earlier ones, as one by one they would.
    """
    merged: dict[str, IncomingParty] = {}
    contacts: dict[str, list[KnownContact]] = {}
    for party in parties:
        external_id = party.customer_id
        contacts[external_id] = with_contact(contacts.get(external_id, []), party)
        before = merged.get(external_id)
        if before is not None:
            custom = {**dict(before.custom), **dict(party.custom)}
            party = replace(before, **_said_of_customer(party), custom=tuple(custom.items()))
        merged[external_id] = party
    return create_customers(session, [(party, contacts[party.customer_id]) for party in merged.values()])


def create_customers(
    session: Session, customers: Sequence[tuple[IncomingParty, Sequence[KnownContact]]]
) -> dict[str, int]:
    """Write customers that the ledger does not have, each with its contacts; return their ids."""
    ids = reserve_ids(session, Customer, len(customers))
    rows, contacts = [], []
    for id_, (party, of_party) in zip(ids, customers, strict=True):
        rows.append((id_, party.customer_id, party.name, party.locale, party.payment_term_days))
        contacts += [(id_, k.role, k.is_main, k.email, k.first_name, k.last_name) for k in of_party]
    copy_in(session, Customer, ("id", "external_id", "name", "locale", "payment_term_days"), rows)
    columns = ("customer_id", "role", "is_main", "email", "first_name", "last_name")
    copy_in(session, Contact, columns, contacts)
    copy_values(session, "customer", [(id_, party.custom) for id_, (party, _) in zip(ids, customers, strict=True)])
    return {party.customer_id: id_ for id_, (party, _) in zip(ids, customers, strict=True)}


def contact_change(
    contacts: Sequence[KnownContact], party: IncomingParty
) -> tuple[KnownContact | None, dict[str, Any]] | None:
    """Return which contact the statement is about, None for a new one, and what differs; None if nothing does.

    A contact is found by its address, else by its role. A new address is worth a new try, whatever the old one
    met.
    """
    email = party.email
    said: dict[str, Any] = {"email": email, "first_name": party.first_name, "last_name": party.last_name}
    said = {column: value for column, value in said.items() if value is not None}
    if not said:
        return None
    known = None
    if email is not None:
        folded = email.lower()
        known = next((one for one in contacts if one.email is not None and one.email.lower() == folded), None)
    if known is None:
        known = next((one for one in contacts if one.role == party.role), None)
    if known is None:
        return None, {"role": party.role, "is_main": party.role == "main", **said}
    if known.role != party.role:
        # The same address under another role: a row for each role must not rename the person back and forth.
        return None
    if email is not None and (known.email or "").lower() != email.lower():
        said["unreachable_because"] = None
    differing = _differing(known, said)
    return (known, differing) if differing else None


def with_contact(contacts: list[KnownContact], party: IncomingParty) -> list[KnownContact]:
    """Return the contacts as they are after the statement."""
    change = contact_change(contacts, party)
    if change is None:
        return contacts
    known, differing = change
    if known is None:
        return [*contacts, replace(KnownContact(None, "", False, None, None, None), **differing)]
    return [replace(known, **differing) if one is known else one for one in contacts]


def write_contact(
    session: Session, customer_id: int, known: KnownContact | None, differing: dict[str, Any]
) -> list[str]:
    """Write what differs of a contact, or a new one, and return that in words."""
    if known is None:
        session.execute(insert(Contact).values(customer_id=customer_id, **differing))
        return [f"{differing['role']} contact {differing.get('email') or 'without an address'} is new"]
    session.execute(update(Contact).where(Contact.id == known.id).values(**differing))
    shown = {name: value for name, value in differing.items() if name != "unreachable_because"}
    return [_told(f"{known.role} contact {name}", getattr(known, name), value) for name, value in shown.items()]


def _told(name: str, before: object, after: object) -> str:
    return f"{name} {shown(before)} → {shown(after)}"


def shown(value: object) -> str:
    """Return the value as reports show it."""
    return "nothing" if value is None else str(value)


def _said_of_customer(party: IncomingParty) -> dict[str, Any]:
    said = {"name": party.name, "locale": party.locale, "payment_term_days": party.payment_term_days}
    return {column: value for column, value in said.items() if value is not None}


def _differing(known: KnownCustomer | KnownContact, said: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in said.items() if getattr(known, column) != value}
