"""Reads what a customer owes in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

OVERDUE_LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An overdue invoice of a customer."""

    number: str
    po_number: str | None
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    settled: Decimal
    outstanding: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """What a customer owes by currency, in all and overdue, and the oldest of the overdue invoices."""

    outstanding: Sequence[tuple[str, Decimal]]
    overdue: Sequence[tuple[str, Decimal]]
    overdue_count: int
    overdue_listed: tuple[OwedInvoice, ...]


# A customer's invoices, by ix_invoices_customer_id; hidden ones are left out of what customers read (rule 3.7).
_OPEN = """
SELECT i.number, i.po_number, i.issued_on, i.currency, i.total, i.settled, i.outstanding,
       COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days)) AS due_on
  FROM invoices i JOIN customers cu ON cu.id = i.customer_id JOIN organization o ON o.id = 1
 WHERE i.customer_id = :customer_id AND i.state = 'open' AND i.settled < i.total AND NOT i.is_hidden
"""
_SUMS = text(f"""
SELECT currency, sum(outstanding) AS outstanding, sum(outstanding) FILTER (WHERE due_on < :today) AS overdue,
       count(*) FILTER (WHERE due_on < :today) AS overdue_count
  FROM ({_OPEN}) open GROUP BY currency ORDER BY currency
""")  # noqa: S608
_OVERDUE = text(f"""
SELECT number, po_number, issued_on, due_on, currency, total, settled, outstanding
  FROM ({_OPEN}) open WHERE due_on < :today ORDER BY due_on, number LIMIT {OVERDUE_LISTED_MAX}
""")  # noqa: S608


def account_of(session: Session, customer_id: int, today: date) -> Account:
    """Return what the customer owes on the day."""
    values = {"customer_id": customer_id, "today": today}
    sums = session.execute(_SUMS, values).all()
    listed = session.execute(_OVERDUE, values)
    return Account(
        outstanding=[(row.currency, row.outstanding) for row in sums],
        overdue=[(row.currency, row.overdue) for row in sums if row.overdue is not None],
        overdue_count=sum(row.overdue_count for row in sums),
        overdue_listed=tuple(OwedInvoice(**row._mapping) for row in listed),
    )
