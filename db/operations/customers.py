"""Takes in customers and their contacts."""

from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.tables.customers import Contact, Customer


def take_customer(
    session: Session, external_id: str, name: str, locale: str | None, payment_term_days: int | None
) -> tuple[int, bool]:
    """Create the customer or bring it up to date; return its id and whether anything changed.

    What is not said (None) is left as it is.
    """
    said = {"name": name, "locale": locale, "payment_term_days": payment_term_days}
    said = {column: value for column, value in said.items() if value is not None}
    customer = session.scalar(select(Customer).where(Customer.external_id == external_id))
    if customer is None:
        statement = insert(Customer).values(external_id=external_id, **said).returning(Customer.id)
        return session.execute(statement).scalar_one(), True
    return customer.id, _update(session, customer, said)


def take_contact(
    session: Session,
    customer_id: int,
    role: str,
    email: str | None,
    first_name: str | None,
    last_name: str | None,
) -> bool:
    """Create the customer's contact or bring it up to date, and say whether anything changed.

    A contact is found by its address, else by its role. A new address is worth a new try, whatever the old
    one met.
    """
    said: dict[str, Any] = {"email": email, "first_name": first_name, "last_name": last_name}
    said = {column: value for column, value in said.items() if value is not None}
    if not said:
        return False
    of_customer = select(Contact).where(Contact.customer_id == customer_id)
    contact = None
    if email is not None:
        contact = session.scalar(of_customer.where(func.lower(Contact.email) == email.lower()))
    if contact is None:
        contact = session.scalar(of_customer.where(Contact.role == role).order_by(Contact.id).limit(1))
    if contact is None:
        session.execute(insert(Contact).values(customer_id=customer_id, role=role, is_main=role == "main", **said))
        return True
    if contact.role != role:
        # The same address under another role: a row for each role must not rename the person back and forth.
        return False
    if email is not None and (contact.email or "").lower() != email.lower():
        said["unreachable_because"] = None
    return _update(session, contact, said)


def _update(session: Session, row: Customer | Contact, said: dict[str, Any]) -> bool:
    differing = {column: value for column, value in said.items() if getattr(row, column) != value}
    if differing:
        session.execute(update(type(row)).where(type(row).id == row.id).values(**differing))
    return bool(differing)
