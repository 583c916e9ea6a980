"""Reads how a customer stands: what it owes, and what of its money settles nothing yet."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer owes in one currency, and what of its money settles nothing yet."""

    currency: str
    outstanding: Decimal
    overdue: Decimal
    overdue_count: int
    unallocated_payments: Decimal
    unallocated_credits: Decimal

    @property
    def balance(self) -> Decimal:
        """What the customer would owe if all its money were allocated."""
        return self.outstanding - self.unallocated_payments - self.unallocated_credits


# By ix_invoices_customer; by ix_payments_unallocated and ix_credit_notes_unallocated; the currencies in which
# there is nothing any more by ix_payments_customer and ix_credit_notes_customer.
_BALANCES = text("""
SELECT currency, COALESCE(sum(outstanding), 0) AS outstanding, COALESCE(sum(overdue), 0) AS overdue,
       COALESCE(sum(overdue_count), 0)::int AS overdue_count,
       COALESCE(sum(payments), 0) AS unallocated_payments, COALESCE(sum(credits), 0) AS unallocated_credits
  FROM (
    SELECT i.currency, sum(i.outstanding) AS outstanding,
           sum(i.outstanding) FILTER (WHERE i.due < :today) AS overdue,
           count(*) FILTER (WHERE i.due < :today) AS overdue_count, 0 AS payments, 0 AS credits
      FROM (SELECT n.currency, n.outstanding,
                   COALESCE(n.due_on, n.issued_on + COALESCE(c.payment_term_days, o.payment_term_days)) AS due
              FROM invoices n JOIN customers c ON c.id = n.customer_id JOIN organization o ON o.id = 1
             WHERE n.customer_id = :customer_id AND n.state = 'open' AND n.settled < n.total) i
     GROUP BY i.currency
     UNION ALL
    SELECT p.currency, 0, 0, 0, sum(p.unallocated), 0
      FROM payments p WHERE p.customer_id = :customer_id AND p.unallocated > 0
     GROUP BY p.currency
     UNION ALL
    SELECT k.currency, 0, 0, 0, 0, sum(k.unallocated)
      FROM credit_notes k WHERE k.customer_id = :customer_id AND k.unallocated > 0
     GROUP BY k.currency
     UNION ALL
    SELECT DISTINCT p.currency, 0, 0, 0, 0, 0
      FROM payments p WHERE p.customer_id = :customer_id AND p.reversed_on IS NULL
     UNION ALL
    SELECT DISTINCT k.currency, 0, 0, 0, 0, 0
      FROM credit_notes k WHERE k.customer_id = :customer_id AND k.voided_on IS NULL) parts
 GROUP BY currency ORDER BY currency
""")


def balances_of(session: Session, customer_id: int, today: date) -> list[Balance]:
    """Return what the customer owes on the day, by currency; all that it ever dealt in, the settled ones too."""
    found = session.execute(_BALANCES, {"customer_id": customer_id, "today": today})
    return [Balance(**row._mapping) for row in found]
