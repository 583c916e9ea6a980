"""Reads the messages about one invoice: how each fared, and to the byte what it said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class InvoiceMessage:
    """A message of ours about the invoice, perhaps one that speaks of others too.

    `action_id` is the invoice's own action, of which timelines speak. `because` is why it came back or failed.
    """

    id: int
    action_id: int
    step: str
    state: str
    subject: str
    recipients: tuple[str, ...]
    created_at: datetime
    sent_at: datetime | None
    returned_at: datetime | None
    because: str | None


_COLUMNS = """
SELECT m.id, a.id AS action_id, a.step_id AS step, m.state, m.subject, m.recipients, m.created_at, m.sent_at,
       m.returned_at, COALESCE(m.returned_because, m.last_error) AS because
"""
# Bounded by the actions of one invoice's collections: uq_collections_…, uq_actions_… and uq_messages_action_id.
_JOINS = """
  FROM collections c JOIN actions a ON a.collection_id = c.id
  JOIN messages m ON m.action_id = COALESCE(a.merged_into, a.id)
 WHERE c.invoice_id = :invoice_id
"""
_ALL = text(f"{_COLUMNS}{_JOINS} ORDER BY m.id DESC LIMIT :limit")
_ONE = text(f"{_COLUMNS}, m.mime {_JOINS} AND m.id = :id LIMIT 1")


def messages_about(session: Session, invoice_id: int, limit: int = 200) -> list[InvoiceMessage]:
    """Return the messages about the invoice, the newest first."""
    return [_message(row) for row in session.execute(_ALL, {"invoice_id": invoice_id, "limit": limit})]


def message_as_sent(session: Session, invoice_id: int, message_id: int) -> tuple[InvoiceMessage, bytes] | None:
    """Return the message and its bytes, or None if there is no such message about the invoice."""
    row = session.execute(_ONE, {"invoice_id": invoice_id, "id": message_id}).one_or_none()
    return None if row is None else (_message(row), bytes(row.mime))


def _message(row: Row[Any]) -> InvoiceMessage:
    return InvoiceMessage(
        row.id,
        row.action_id,
        row.step,
        row.state,
        row.subject,
        tuple(row.recipients),
        row.created_at,
        row.sent_at,
        row.returned_at,
        row.because,
    )
