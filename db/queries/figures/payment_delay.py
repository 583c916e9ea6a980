"""How late a customer pays: the mean of the days between the due date and full payment."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.conditions import DUE_ON
from db.queries.lists.plans import by_indexes

PERIOD_DAYS: Final = 365
PAYMENTS_MAX: Final = 100
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class PaymentDelay:
    """The delay of the `count` invoices that a customer paid in the period; negative days are early.

    `mean_days` counts each invoice alike, `weighted_days` each unit of money; both are None without an invoice.
    Of a customer that pays very often it is about the newest payments only, and not about the `whole` period.
    """

    definition: ClassVar[Figure] = Figure.PAYMENT_DELAY
    customer_id: int
    count: int
    late_count: int
    mean_days: Decimal | None
    weighted_days: Decimal | None
    whole: bool = True

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list of what the customer has paid."""
        return InvoiceChoice(state="paid", customer_id=self.customer_id)


# The newest payments of the customer by ix_payments_customer; the invoices that they went to by the unique key
# of allocations, and what else settled those by ix_payment_allocations_invoice_id and
# ix_credit_allocations_invoice_id. Amounts of several currencies weigh by their numbers alone.
_DELAYS = text(f"""
WITH paying AS MATERIALIZED (
  SELECT p.id FROM payments p
   WHERE p.customer_id = :customer_id AND p.reversed_on IS NULL AND p.received_on > :after
   ORDER BY p.id DESC LIMIT :payments_max),
touched AS MATERIALIZED (
  SELECT DISTINCT a.invoice_id AS id FROM paying JOIN payment_allocations a ON a.payment_id = paying.id),
settled AS (
  SELECT i.total, {DUE_ON} AS due_on, GREATEST(
           (SELECT max(p.received_on) FROM payment_allocations a JOIN payments p ON p.id = a.payment_id
             WHERE a.invoice_id = i.id AND p.reversed_on IS NULL),
           (SELECT max(n.issued_on) FROM credit_allocations a JOIN credit_notes n ON n.id = a.credit_note_id
             WHERE a.invoice_id = i.id AND n.voided_on IS NULL)) AS paid_on
    FROM touched JOIN invoices i ON i.id = touched.id JOIN customers cu ON cu.id = i.customer_id
    JOIN organization o ON o.id = 1
   WHERE i.state = 'open' AND i.settled = i.total)
SELECT count(*) AS invoices, count(*) FILTER (WHERE paid_on > due_on) AS late, avg(paid_on - due_on) AS mean_days,
       sum((paid_on - due_on) * total) / sum(total) AS weighted_days,
       (SELECT count(*) FROM paying) < :payments_max AS whole
  FROM settled WHERE paid_on > :after AND due_on IS NOT NULL
""")  # noqa: S608  # constants alone


def payment_delay(session: Session, customer_id: int, today: date, period_days: int = PERIOD_DAYS) -> PaymentDelay:
    """Return how late the customer paid what it paid in full within the period, the last 12 months unless said.

    The delay of an invoice is the days from its due date, the derived one where it has none, to the day of the
    last money that settled it: of a payment that was not reversed or a credit note that is not void. What credit
    notes alone settled was not paid, and does not count. Of a customer that pays very often, the newest 100
    payments are looked at.
    """
    by_indexes(session)
    values = {
        "customer_id": customer_id,
        "after": today - timedelta(days=period_days),
        "payments_max": PAYMENTS_MAX,
    }
    row = session.execute(_DELAYS, values).one()
    days = _tenth(row.mean_days), _tenth(row.weighted_days)
    return PaymentDelay(customer_id, row.invoices, row.late, *days, whole=row.whole)


def _tenth(days: Decimal | None) -> Decimal | None:
    return None if days is None else days.quantize(_TENTH, ROUND_HALF_UP)
