"""What settles invoices: the one place that says which payments and credit notes count, and the check of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

# Of the invoice `i`: what is allocated to it by payments that were not reversed and credit notes that are not void
# (ix_payment_allocations_invoice_id, ix_credit_allocations_invoice_id).
SETTLED = """
(COALESCE((SELECT sum(a.amount) FROM payment_allocations a JOIN payments p ON p.id = a.payment_id
            WHERE a.invoice_id = i.id AND p.reversed_on IS NULL), 0)
 + COALESCE((SELECT sum(a.amount) FROM credit_allocations a JOIN credit_notes n ON n.id = a.credit_note_id
              WHERE a.invoice_id = i.id AND n.voided_on IS NULL), 0))
"""
_MISTAKEN = text(f"""
SELECT i.id, i.number, i.settled, s.settled AS allocated
  FROM (SELECT id, number, settled FROM invoices WHERE id > :after_id ORDER BY id LIMIT :limit) i
 CROSS JOIN LATERAL (SELECT {SETTLED} AS settled) s
 WHERE i.settled <> s.settled ORDER BY i.id
""")  # noqa: S608  # a constant
_LAST = text("SELECT max(id) FROM (SELECT id FROM invoices WHERE id > :after_id ORDER BY id LIMIT :limit) page")


@dataclass(frozen=True, slots=True)
class Mistaken:
    """An invoice that is settled by something else than what is allocated to it; resettling mends it."""

    id: int
    number: str
    settled: Decimal
    allocated: Decimal


def mistaken_page(session: Session, after_id: int, limit: int) -> tuple[Sequence[Mistaken], int | None]:
    """Check the next invoices; return those that are wrong, and after which id to go on, None at the end."""
    values = {"after_id": after_id, "limit": limit}
    wrong = [Mistaken(**row._mapping) for row in session.execute(_MISTAKEN, values)]
    return wrong, session.scalar(_LAST, values)
