"""What comes back: replies, automatic replies, bounces and complaints, kept as they arrived."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, one_of

INCOMING_KINDS = ("reply", "automatic reply", "bounce", "delay", "complaint", "other")


class IncomingMessage(Base):
    """A message from outside. `digest` (SHA-256 of its bytes) makes that it is taken in once.

    `answers` is the message of ours that it is about, and `invoice_id` the invoice of that; both are None for one
    that nothing of ours matches, which a person has to look at.
    """

    __tablename__ = "incoming_messages"
    __table_args__ = (
        one_of("kind", INCOMING_KINDS),
        Index("ix_incoming_messages_invoice_id", "invoice_id", "id"),
        Index("ix_incoming_messages_unmatched", "id", postgresql_where=text("invoice_id IS NULL")),
    )

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    received_at: Mapped[datetime]
    kind: Mapped[str]
    sender: Mapped[str]
    subject: Mapped[str]
    excerpt: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
