"""Reads what a message says: the organization, the customer with a contact, the invoice and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who can be written to."""

    email: str
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Everything that a message about one invoice may say. Amounts are in `currency`."""

    organization_name: str
    organization_email: str
    organization_address: str
    bank_details: str
    locale: str
    customer_name: str
    customer_external_id: str
    recipient: Recipient
    invoice_id: int
    number: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    settled: Decimal
    outstanding: Decimal
    reminders_sent: int
    thread: tuple[str, ...]


# Bounded by the invoices' ids; the main contact comes first, then the oldest that can be reached.
_CORRESPONDENCE = text("""
SELECT o.name AS organization_name, o.email AS organization_email, o.address AS organization_address,
       o.bank_details, COALESCE(cu.locale, o.locale) AS locale, cu.name AS customer_name,
       cu.external_id AS customer_external_id, k.email, k.first_name, k.last_name,
       i.id AS invoice_id, i.number, i.po_number, i.issued_on,
       COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days)) AS due_on,
       i.currency, i.total, i.settled, i.outstanding,
       ARRAY(SELECT m.message_id FROM collections c JOIN actions a ON a.collection_id = c.id
               JOIN messages m ON m.action_id = COALESCE(a.merged_into, a.id)
              WHERE c.invoice_id = i.id AND m.state = 'sent' ORDER BY m.sent_at, m.id) AS thread
  FROM invoices i
  JOIN customers cu ON cu.id = i.customer_id
 CROSS JOIN organization o
  JOIN LATERAL (SELECT email, first_name, last_name FROM contacts
                 WHERE customer_id = cu.id AND email IS NOT NULL AND unreachable_because IS NULL
                 ORDER BY is_main DESC, id LIMIT 1) k ON true
 WHERE i.id = ANY(:invoice_ids)
 ORDER BY due_on, i.number
""")


def correspondences(session: Session, invoice_ids: Sequence[int]) -> list[Correspondence]:
    """Return what messages about the invoices may say, by due date; what nobody can be written to is left out."""
    return [_correspondence(row) for row in session.execute(_CORRESPONDENCE, {"invoice_ids": list(invoice_ids)})]


def correspondence(session: Session, invoice_id: int) -> Correspondence | None:
    """Return what a message about the invoice may say, or None if nobody can be written to."""
    return next(iter(correspondences(session, [invoice_id])), None)


def _correspondence(row: Row[Any]) -> Correspondence:
    values = dict(row._mapping)
    recipient = Recipient(values.pop("email"), values.pop("first_name"), values.pop("last_name"))
    thread = tuple(values.pop("thread"))
    return Correspondence(recipient=recipient, thread=thread, reminders_sent=len(thread), **values)
