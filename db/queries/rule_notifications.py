"""Reads what rules told the team, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.invoices import Invoice
from db.tables.rules import RuleNotification, SmartRule


@dataclass(frozen=True, slots=True)
class NotificationLine:
    """A notification as lists show it. `due_at` is when the next attempt is made, as long as it is owed."""

    id: int
    invoice: str
    rule: str
    recipient: str
    channel: str
    text: str
    state: str
    attempts: int
    sent_to: Sequence[str]
    last_error: str | None
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None


def notification_lines(
    session: Session, invoice_id: int | None, limit: int, before_id: int | None = None
) -> list[NotificationLine]:
    """Return the newest notifications before that one, of one invoice or of all, the newest first.

    By pk_rule_notifications backwards, or ix_rule_notifications_invoice_id.
    """
    statement = (
        select(RuleNotification, Invoice.number, SmartRule.name)
        .join(Invoice, Invoice.id == RuleNotification.invoice_id)
        .join(SmartRule, SmartRule.id == RuleNotification.rule_id)
        .order_by(RuleNotification.id.desc())
        .limit(limit)
    )
    if invoice_id is not None:
        statement = statement.where(RuleNotification.invoice_id == invoice_id)
    if before_id is not None:
        statement = statement.where(RuleNotification.id < before_id)
    rows = session.execute(statement.execution_options(populate_existing=True))
    return [_line(one, number, rule) for one, number, rule in rows]


def _line(one: RuleNotification, number: str, rule: str) -> NotificationLine:
    return NotificationLine(
        id=one.id,
        invoice=number,
        rule=rule,
        recipient=one.recipient,
        channel=one.channel,
        text=one.text,
        state=one.state,
        attempts=one.attempts,
        sent_to=tuple(one.sent_to),
        last_error=one.last_error,
        created_at=one.created_at,
        due_at=one.due_at if one.state == "owed" else None,
        sent_at=one.sent_at,
    )
