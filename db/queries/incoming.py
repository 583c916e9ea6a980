"""Reads what came back: which message of ours it is about, and the inbox as people look at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from db.tables.incoming import IncomingMessage
from db.tables.invoices import Invoice

PAGE_MAX = 500


@dataclass(frozen=True, slots=True)
class OurMessage:
    """A message of ours, and the action that bears it."""

    id: int
    action_id: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message that a provider took, under its own id; `copies` got it beside the customer's people."""

    provider_id: str
    message_id: str
    subject: str
    recipients: tuple[str, ...]
    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A message in the inbox; `invoice` is None while nobody knows what it is about."""

    id: int
    received_at: datetime
    kind: str
    sender: str
    subject: str
    excerpt: str
    invoice: str | None


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message in the inbox, whole; `about` is the Message-ID of ours that it is about."""

    line: InboxLine
    about: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of ours about an invoice, and how it fared."""

    step: str
    state: str
    subject: str
    recipients: tuple[str, ...]
    sent_at: datetime | None
    returned_at: datetime | None
    because: str | None


# By uq_messages_message_id and ix_messages_reply_token; the caller bounds what it asks for.
_BY_ID = text("SELECT id, action_id, message_id FROM messages WHERE message_id = ANY(:ids)")
_BY_TOKEN = text("SELECT id, action_id, reply_token FROM messages WHERE reply_token = ANY(:tokens)")
_BY_PROVIDER = text(
    "SELECT provider_id, message_id, subject, recipients, copies FROM messages"
    " WHERE provider_id = ANY(:ids) ORDER BY id"
)
_LINE = """
SELECT m.id, m.received_at, m.kind, m.sender, m.subject, m.excerpt, i.number AS invoice
"""
# Newest first, by the primary key, by ix_incoming_messages_unmatched, or by ix_incoming_messages_invoice_id.
_PAGE = text(f"""{_LINE}
  FROM incoming_messages m LEFT JOIN invoices i ON i.id = m.invoice_id
 ORDER BY m.id DESC LIMIT :limit
""")  # _LINE is a constant
_UNMATCHED = text(f"""{_LINE}
  FROM incoming_messages m LEFT JOIN invoices i ON false
 WHERE m.invoice_id IS NULL ORDER BY m.id DESC LIMIT :limit
""")
_OF_INVOICE = text(f"""{_LINE}
  FROM invoices i JOIN incoming_messages m ON m.invoice_id = i.id
 WHERE i.number = :invoice ORDER BY m.id DESC LIMIT :limit
""")
_ONE = text(f"""{_LINE}, o.message_id AS about, m.content
  FROM incoming_messages m LEFT JOIN invoices i ON i.id = m.invoice_id LEFT JOIN messages o ON o.id = m.answers
 WHERE m.id = :id
""")
# Bounded by the actions of one invoice's collections.
_DELIVERIES = text("""
SELECT a.step_id, m.state, m.subject, m.recipients, m.sent_at, m.returned_at,
       COALESCE(m.returned_because, m.last_error) AS because
  FROM collections c JOIN actions a ON a.collection_id = c.id
  JOIN messages m ON m.action_id = COALESCE(a.merged_into, a.id)
 WHERE c.invoice_id = :invoice_id ORDER BY m.id LIMIT :limit
""")


def incoming_id_of(session: Session, digest: str) -> int | None:
    """Return the id of the message with the digest, or None if it never came (uq_incoming_messages_digest)."""
    return session.scalar(select(IncomingMessage.id).where(IncomingMessage.digest == digest))


def known_digests(session: Session, digests: Sequence[str]) -> set[str]:
    """Return those digests of which a message came in; the caller bounds them (uq_incoming_messages_digest)."""
    return set(session.scalars(select(IncomingMessage.digest).where(IncomingMessage.digest.in_(digests))))


def handed_to_provider(session: Session, provider_ids: Sequence[str]) -> list[HandedOver]:
    """Return the messages with the provider's ids; the caller bounds them (ix_messages_provider_id)."""
    rows = session.execute(_BY_PROVIDER, {"ids": list(provider_ids)})
    return [
        HandedOver(row.provider_id, row.message_id, row.subject, tuple(row.recipients), tuple(row.copies))
        for row in rows
    ]


def message_about(session: Session, ids: Sequence[str], tokens: Sequence[str]) -> OurMessage | None:
    """Return the message of ours with the first of the Message-IDs that is ours, or else of the tokens."""
    for statement, name, wanted in ((_BY_ID, "ids", ids), (_BY_TOKEN, "tokens", tokens)):
        if not wanted:
            continue
        found = {
            row[2]: OurMessage(row.id, row.action_id) for row in session.execute(statement, {name: list(wanted)})
        }
        first = next((found[each] for each in wanted if each in found), None)
        if first is not None:
            return first
    return None


def inbox_page(
    session: Session, limit: int, *, unmatched: bool = False, invoice: str | None = None
) -> list[InboxLine]:
    """Return what came in, the newest first: all of it, what nothing of ours matched, or about one invoice."""
    limit = min(limit, PAGE_MAX)
    if invoice is not None:
        rows = session.execute(_OF_INVOICE, {"invoice": invoice, "limit": limit})
    else:
        rows = session.execute(_UNMATCHED if unmatched else _PAGE, {"limit": limit})
    return [InboxLine(*row) for row in rows]


def inbox_message(session: Session, incoming_id: int) -> InboxMessage | None:
    """Return a message of the inbox, or None if there is no such id."""
    row = session.execute(_ONE, {"id": incoming_id}).one_or_none()
    return None if row is None else InboxMessage(_line(row), row.about, bytes(row.content))


def invoice_numbers(session: Session, invoice_ids: Sequence[int]) -> list[str]:
    """Return the numbers of the invoices, in the order of their ids."""
    return list(session.scalars(select(Invoice.number).where(Invoice.id.in_(invoice_ids)).order_by(Invoice.id)))


def deliveries(session: Session, invoice_id: int, limit: int = 50) -> list[Delivery]:
    """Return the messages about the invoice and how they fared, the oldest first."""
    rows = session.execute(_DELIVERIES, {"invoice_id": invoice_id, "limit": limit})
    return [Delivery(r.step_id, r.state, r.subject, tuple(r.recipients), *r[4:]) for r in rows]


def _line(row: Row[Any]) -> InboxLine:
    return InboxLine(row.id, row.received_at, row.kind, row.sender, row.subject, row.excerpt, row.invoice)
