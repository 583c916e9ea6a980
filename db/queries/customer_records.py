"""Reads customers and their contacts whole, as programs see them: one, or page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.queries.custom_fields import Values, custom_values


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that stands; `until` is the first active day, None leaves it open-ended."""

    until: date | None
    reason: str | None
    by: str


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer."""

    id: int
    external_id: str
    name: str
    locale: str | None
    payment_term_days: int | None
    created_at: datetime
    pause: Pause | None
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A person at a customer, and why their address is not written to, if it is not."""

    id: int
    external_id: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    role: str
    is_main: bool
    locale: str | None
    unreachable_because: str | None


_CUSTOMER = """
SELECT cu.id, cu.external_id, cu.name, cu.locale, cu.payment_term_days, cu.created_at,
       h.id AS hold_id, h.until_on, h.reason, h.started_by
  FROM customers cu
  LEFT JOIN holds h ON h.customer_id = cu.id AND h.kind = 'pause' AND h.ended_at IS NULL
"""
_ONE = text(f"{_CUSTOMER} WHERE cu.external_id = :external_id")
_BY_ID = text(f"{_CUSTOMER} WHERE cu.id = :id")
_PAGE = text(f"{_CUSTOMER} WHERE cu.id > :after_id ORDER BY cu.id LIMIT :limit")
_CONTACTS = text("""
SELECT k.id, k.external_id, k.first_name, k.last_name, k.email, k.role, k.is_main, k.locale, k.unreachable_because
  FROM contacts k WHERE k.customer_id = :customer_id ORDER BY k.id
""")


def customer_record(session: Session, external_id: str) -> CustomerRecord | None:
    """Return the customer, or None if there is none (uq_customers_external_id)."""
    return next(iter(_records(session, session.execute(_ONE, {"external_id": external_id}).all())), None)


def customer_record_of(session: Session, customer_id: int) -> CustomerRecord | None:
    """Return the customer with the id, or None if there is none (the primary key)."""
    return next(iter(_records(session, session.execute(_BY_ID, {"id": customer_id}).all())), None)


def customer_records(session: Session, after_id: int, limit: int) -> list[CustomerRecord]:
    """Return a page of the customers, in order of their ids (the primary key)."""
    return _records(session, session.execute(_PAGE, {"after_id": after_id, "limit": limit}).all())


def contact_records(session: Session, customer_id: int) -> list[ContactRecord]:
    """Return the customer's people, the oldest first (uq_contacts_email)."""
    return [ContactRecord(**row._mapping) for row in session.execute(_CONTACTS, {"customer_id": customer_id})]


def _records(session: Session, rows: Sequence[Row[tuple[object, ...]]]) -> list[CustomerRecord]:
    values = custom_values(session, "customer", [row.id for row in rows])
    return [
        CustomerRecord(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            locale=row.locale,
            payment_term_days=row.payment_term_days,
            created_at=row.created_at,
            pause=None if row.hold_id is None else Pause(row.until_on, row.reason, row.started_by),
            custom=values.get(row.id, {}),
        )
        for row in rows
    ]
