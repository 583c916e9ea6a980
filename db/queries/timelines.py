"""Reads what happened to an invoice, page by page."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

BIGINT_MAX = 2**63 - 1
# By ix_timeline_invoice_id, from its end.
_PAGE = text("""
SELECT id, at, on_date, kind, actor, data FROM timeline
 WHERE invoice_id = :invoice_id AND id < :before_id
 ORDER BY invoice_id DESC, id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class TimelineEntryLine:
    """One thing that happened: at which moment, on which day of the organization, and by whom."""

    id: int
    at: datetime
    on_date: date
    kind: str
    actor: str
    data: dict[str, Any]


def timeline_page(
    session: Session, invoice_id: int, limit: int, before_id: int | None = None
) -> list[TimelineEntryLine]:
    """Return what happened to the invoice, the newest first."""
    before_id = BIGINT_MAX if before_id is None else before_id
    rows = session.execute(_PAGE, {"invoice_id": invoice_id, "before_id": before_id, "limit": limit})
    return [TimelineEntryLine(**row._mapping) for row in rows]
