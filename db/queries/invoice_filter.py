"""Reads which invoices meet conditions, those of smart rules: all at once to count them, or page by page.

A page goes over the invoices by their ids (pk_invoices) and looks at so many of them at most, so that it is short
whatever the conditions are and however few meet them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from db.queries.rule_matches import meets
from db.queries.rule_rows import RuleRows, rule_rows
from db.tables.invoices import Invoice
from rules.conditions import Condition

WINDOW = 200
WINDOWS_MAX = 25


@dataclass(frozen=True, slots=True)
class Matched:
    """The next invoices that meet the conditions, in order of their ids.

    `reached_id` is where the walk has come to, None at its end, when no invoice is left.
    """

    invoice_ids: Sequence[int]
    reached_id: int | None


def newest_invoice_id(session: Session) -> int:
    """Return the highest id of an invoice, 0 if there is none."""
    return session.scalar(select(func.max(Invoice.id))) or 0


def next_invoice(session: Session, after_id: int, until_id: int) -> tuple[int, str] | None:
    """Return id and number of the first invoice behind one id and up to another, None if there is none."""
    statement = select(Invoice.id, Invoice.number).where(Invoice.id > after_id, Invoice.id <= until_id)
    row = session.execute(statement.order_by(Invoice.id).limit(1)).one_or_none()
    return None if row is None else (row.id, row.number)


def count_matches(session: Session, conditions: Sequence[Condition], today: date, until_id: int) -> int:
    """Return how many invoices up to the id meet the conditions; reads all of them once."""
    rows = _rows(conditions, today, Invoice.id <= until_id)
    counted = select(func.count()).select_from(rows.rows).where(_meet(conditions, rows))
    return session.scalar(counted) or 0


def next_matches(
    session: Session, conditions: Sequence[Condition], today: date, after_id: int, until_id: int, limit: int
) -> Matched:
    """Return up to `limit` of the next invoices that meet the conditions, from behind one id up to another."""
    for _ in range(WINDOWS_MAX):
        window = (
            select(Invoice.id)
            .where(Invoice.id > after_id, Invoice.id <= until_id)
            .order_by(Invoice.id)
            .limit(WINDOW)
        )
        ids = session.scalars(window).all()
        if not ids:
            return Matched((), None)
        # By their ids and not by a range of them: for a range the whole of the smaller tables is read.
        rows = _rows(conditions, today, Invoice.id.in_(ids))
        statement = select(rows.id).where(_meet(conditions, rows)).order_by(rows.id).limit(limit)
        found = session.scalars(statement).all()
        after_id = found[-1] if len(found) == limit else ids[-1]
        if found:
            return Matched(found, after_id)
    return Matched((), after_id)


def those_that_match(
    session: Session, conditions: Sequence[Condition], today: date, invoice_ids: Sequence[int]
) -> dict[int, str]:
    """Return the numbers of those of the invoices that meet the conditions, by their ids."""
    rows = _rows(conditions, today, Invoice.id.in_(invoice_ids))
    statement = (
        select(Invoice.id, Invoice.number).join(rows.rows, rows.id == Invoice.id).where(_meet(conditions, rows))
    )
    return {row.id: row.number for row in session.execute(statement.order_by(Invoice.id))}


def _rows(conditions: Sequence[Condition], today: date, where: ColumnElement[bool]) -> RuleRows:
    return rule_rows((condition.field for condition in conditions), today, where)


def _meet(conditions: Sequence[Condition], rows: RuleRows) -> ColumnElement[bool]:
    each: list[Any] = [meets(condition, rows) for condition in conditions]
    return and_(true(), *each)
