"""Reads payments and credit notes, with what they settle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class AllocationLine:
    """How much settles which invoice; nothing while the payment is reversed, or the credit note void."""

    invoice_id: int
    invoice: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment. `unallocated` is what of it settles nothing yet, 0 once it was reversed."""

    id: int
    external_id: str | None
    customer: str
    customer_name: str
    source: str
    reference: str | None
    currency: str
    amount: Decimal
    received_on: date
    reversed_on: date | None
    unallocated: Decimal
    allocations: tuple[AllocationLine, ...]


@dataclass(frozen=True, slots=True)
class CreditNoteView:
    """A credit note. `unallocated` is what of it settles nothing yet, 0 once it is void."""

    id: int
    external_id: str
    number: str
    customer: str
    customer_name: str
    currency: str
    total: Decimal
    issued_on: date
    voided_on: date | None
    unallocated: Decimal
    allocations: tuple[AllocationLine, ...]


# The rows by the primary key, or the newest of a customer by its index; allocations by their unique keys.
_PAYMENTS = """
SELECT p.id, p.external_id, c.external_id AS customer, c.name AS customer_name, p.source, p.reference, p.currency,
       p.amount, p.received_on, p.reversed_on, p.unallocated,
       (SELECT json_agg(json_build_array(a.invoice_id, i.number, CAST(a.amount AS text)) ORDER BY a.id)
          FROM payment_allocations a JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = p.id
       ) AS allocations
  FROM payments p JOIN customers c ON c.id = p.customer_id
"""
_CREDIT_NOTES = """
SELECT p.id, p.external_id, p.number, c.external_id AS customer, c.name AS customer_name, p.currency, p.total,
       p.issued_on, p.voided_on, p.unallocated,
       (SELECT json_agg(json_build_array(a.invoice_id, i.number, CAST(a.amount AS text)) ORDER BY a.id)
          FROM credit_allocations a JOIN invoices i ON i.id = a.invoice_id WHERE a.credit_note_id = p.id
       ) AS allocations
  FROM credit_notes p JOIN customers c ON c.id = p.customer_id
"""
_ONE = "WHERE p.id = :id"
_PAGE = "WHERE p.id < :before_id ORDER BY p.id DESC LIMIT :limit"
_PAGE_OF_CUSTOMER = "WHERE p.customer_id = :customer_id AND p.id < :before_id ORDER BY p.id DESC LIMIT :limit"
_NEWEST = 2**63 - 1


def payment_id_of(session: Session, name: str) -> int | None:
    """Return the payment with this external id, or else with this number of the ledger; None without one."""
    return _id_of(session, "payments", name)


def credit_note_id_of(session: Session, name: str) -> int | None:
    """Return the credit note with this external id, or else with this number of the ledger; None without one."""
    return _id_of(session, "credit_notes", name)


def payment_view(session: Session, payment_id: int) -> PaymentView | None:
    """Return a payment, None if there is none."""
    row = session.execute(text(f"{_PAYMENTS} {_ONE}"), {"id": payment_id}).one_or_none()
    return None if row is None else _payment(row)


def credit_note_view(session: Session, credit_note_id: int) -> CreditNoteView | None:
    """Return a credit note, None if there is none."""
    row = session.execute(text(f"{_CREDIT_NOTES} {_ONE}"), {"id": credit_note_id}).one_or_none()
    return None if row is None else _credit_note(row)


def payment_page(
    session: Session, limit: int, before_id: int | None = None, customer_id: int | None = None
) -> list[PaymentView]:
    """Return the newest payments, of one customer or of all, further back than `before_id`."""
    return [_payment(row) for row in _page(session, _PAYMENTS, limit, before_id, customer_id)]


def credit_note_page(
    session: Session, limit: int, before_id: int | None = None, customer_id: int | None = None
) -> list[CreditNoteView]:
    """Return the newest credit notes, of one customer or of all, further back than `before_id`."""
    return [_credit_note(row) for row in _page(session, _CREDIT_NOTES, limit, before_id, customer_id)]


def _id_of(session: Session, table: str, name: str) -> int | None:
    by_external_id = text(f"SELECT id FROM {table} WHERE external_id = :name")  # noqa: S608  # one of two constants
    found = session.scalar(by_external_id, {"name": name})
    if found is None and name.isascii() and name.isdigit() and int(name) <= _NEWEST:
        found = session.scalar(text(f"SELECT id FROM {table} WHERE id = :id"), {"id": int(name)})  # noqa: S608
    return None if found is None else int(found)


def _page(
    session: Session, select: str, limit: int, before_id: int | None, customer_id: int | None
) -> Sequence[Row[Any]]:
    values = {"limit": limit, "before_id": _NEWEST if before_id is None else before_id}
    if customer_id is None:
        return session.execute(text(f"{select} {_PAGE}"), values).all()
    return session.execute(text(f"{select} {_PAGE_OF_CUSTOMER}"), {**values, "customer_id": customer_id}).all()


def _payment(row: Row[Any]) -> PaymentView:
    return PaymentView(**{**row._mapping, "allocations": _lines(row.allocations)})


def _credit_note(row: Row[Any]) -> CreditNoteView:
    return CreditNoteView(**{**row._mapping, "allocations": _lines(row.allocations)})


def _lines(found: Sequence[tuple[int, str, str]] | None) -> tuple[AllocationLine, ...]:
    return tuple(AllocationLine(id_, number, Decimal(amount)) for id_, number, amount in found or ())
