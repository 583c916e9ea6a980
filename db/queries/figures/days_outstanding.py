"""Days sales outstanding: how many days' sales are not paid yet, and how many of them need not be so yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.aging import AgingBalance
from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice
from rules.fields import Aging

DAYS: Final = 90
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class DaysOutstanding:
    """The days of one currency: `receivables` and `not_due` of them today, `sales` of the last `days` days.

    All are None where nothing was sold in the period.
    """

    definition: ClassVar[Figure] = Figure.DAYS_OUTSTANDING
    currency: str
    days: int
    receivables: Decimal
    not_due: Decimal
    sales: Decimal

    @property
    def days_outstanding(self) -> Decimal | None:
        """Receivables ÷ sales × days of the period (DSO), to the tenth."""
        return self._days(self.receivables)

    @property
    def best_days_outstanding(self) -> Decimal | None:
        """The same of what is not due: what it would be if everybody paid in time (best possible DSO)."""
        return self._days(self.not_due)

    @property
    def days_delinquent(self) -> Decimal | None:
        """The difference of both: by how many days customers are late on average (ADD)."""
        if self.days_outstanding is None or self.best_days_outstanding is None:
            return None
        return self.days_outstanding - self.best_days_outstanding

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list of what is receivable."""
        return InvoiceChoice(currency=self.currency, aging=tuple(Aging))

    def _days(self, amount: Decimal) -> Decimal | None:
        if self.sales <= 0:
            return None
        return (amount / self.sales * self.days).quantize(_TENTH, ROUND_HALF_UP)


# Invoices of the period by ix_invoices_issued_on, if they came in the order of their days. What was written off
# was sold all the same. Credit notes are few, and read from end to end.
_SALES = text("""
SELECT currency, sum(amount) AS sales FROM (
  SELECT i.currency, i.total AS amount FROM invoices i
   WHERE i.issued_on > :after AND i.issued_on <= :today AND i.state IN ('open', 'written_off')
   UNION ALL
  SELECT k.currency, -k.total FROM credit_notes k
   WHERE k.issued_on > :after AND k.issued_on <= :today AND k.voided_on IS NULL) sold
 GROUP BY currency
""")


def days_outstanding(
    session: Session, balances: Sequence[AgingBalance], today: date, days: int = DAYS
) -> tuple[DaysOutstanding, ...]:
    """Return the days of each currency in which something is outstanding.

    Receivables are those of the aging balance. Sales are the totals of the invoices that were issued within the
    last `days` days, today included, less the credit notes of these days; without drafts and void ones.
    """
    rows = session.execute(_SALES, {"after": today - timedelta(days=days), "today": today})
    sales = {row.currency: row.sales for row in rows}
    return tuple(
        DaysOutstanding(one.currency, days, one.outstanding, one.not_due, sales.get(one.currency, Decimal(0)))
        for one in balances
    )
