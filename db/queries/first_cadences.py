"""Reads under which cadences a page of new invoices went."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

# By uq_invoices_number and uq_collections_open; bounded by the page.
_CADENCES = text("""
SELECT ca.name, count(*) AS invoices
  FROM invoices i
  LEFT JOIN collections c ON c.invoice_id = i.id AND c.state IN ('active', 'exhausted')
  LEFT JOIN cadences ca ON ca.id = c.cadence_id
 WHERE i.number = ANY(:numbers)
 GROUP BY ca.name
""")


def cadences_of(session: Session, numbers: Sequence[str]) -> dict[str | None, int]:
    """Return how many of the invoices are under each cadence, by its name; None for those under none."""
    return {row.name: int(row.invoices) for row in session.execute(_CADENCES, {"numbers": list(numbers)})}
