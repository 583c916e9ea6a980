"""Counts the invoices that an application of rules asks about."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from db.queries.rule_matches import asked_fields, matches
from db.queries.rule_rows import rule_rows
from db.queries.smart_rules import active_rules
from db.tables.invoices import Invoice


def count_asked(session: Session, rule_ids: Sequence[int] | None, today: date, until_id: int) -> int:
    """Return how many invoices up to the id match any of these active rules; None: all. Reads the book once."""
    if rule_ids is None:
        return session.scalar(select(func.count()).where(Invoice.id <= until_id)) or 0
    definitions = [rule.definition for rule in active_rules(session).rules if rule.id in rule_ids]
    rows = rule_rows(asked_fields(definitions), today, Invoice.id <= until_id)
    matching = or_(*(matches(one, rows) for one in definitions)) if definitions else ~true()
    return session.scalar(select(func.count()).select_from(rows.rows).where(matching)) or 0
