"""Promises to pay that stand: what should come within days, what should have come, and the list of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.lists.plans import by_indexes

DAYS: Final = 7
PAGE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class PromiseChoice:
    """Which of the promises that stand to list: those for days from `first` on, up to `last`."""

    currency: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class PromisesDue:
    """What was promised in one currency for the days from `today` to `last`, and what for days before that.

    What was promised and is late still stands: it is within its days of grace.
    """

    definition: ClassVar[Figure] = Figure.PROMISES_DUE
    currency: str
    today: date
    last: date
    count: int
    amount: Decimal
    late_count: int
    late_amount: Decimal

    @property
    def listed(self) -> PromiseChoice:
        """Return the list of what is due."""
        return PromiseChoice(self.currency, self.today, self.last)

    @property
    def late_listed(self) -> PromiseChoice:
        """Return the list of what is late."""
        return PromiseChoice(self.currency, None, self.today - timedelta(days=1))


@dataclass(frozen=True, slots=True, order=True)
class PromisePlace:
    """Where a page of promises ends."""

    promised_for: date
    promise_id: int


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """A promise that stands; `amount` is what of it has not come since."""

    id: int
    invoice: str
    customer: str
    customer_name: str
    promised_for: date
    amount: Decimal
    outstanding: Decimal
    currency: str
    made_by: str

    @property
    def place(self) -> PromisePlace:
        """Return where the line is in its list."""
        return PromisePlace(self.promised_for, self.id)


# Of the amount that was promised, what has not come since; without one, all that is outstanding (rule 3.5).
_AMOUNT: Final = """
LEAST(i.outstanding,
      GREATEST(COALESCE(p.amount, p.outstanding_before) - (p.outstanding_before - i.outstanding), 0))
"""
# By ix_promises_due.
_DUE = text(f"""
SELECT i.currency, count(*) FILTER (WHERE p.promised_for >= :today) AS count,
       COALESCE(sum({_AMOUNT}) FILTER (WHERE p.promised_for >= :today), 0) AS amount,
       count(*) FILTER (WHERE p.promised_for < :today) AS late_count,
       COALESCE(sum({_AMOUNT}) FILTER (WHERE p.promised_for < :today), 0) AS late_amount
  FROM promises p JOIN invoices i ON i.id = p.invoice_id
 WHERE p.outcome = 'open' AND p.promised_for <= :last
 GROUP BY i.currency ORDER BY i.currency
""")  # noqa: S608
_PAGE = text(f"""
SELECT p.id, i.number AS invoice, cu.external_id AS customer, cu.name AS customer_name, p.promised_for,
       {_AMOUNT} AS amount, i.outstanding, i.currency, p.made_by
  FROM promises p JOIN invoices i ON i.id = p.invoice_id JOIN customers cu ON cu.id = i.customer_id
 WHERE p.outcome = 'open' AND p.promised_for BETWEEN :first AND :last
   AND (p.promised_for, p.id) > (:after_day, :after_id)
   AND (CAST(:currency AS text) IS NULL OR i.currency = :currency)
 ORDER BY p.promised_for, p.id LIMIT :limit
""")  # noqa: S608


def promises_due(session: Session, today: date, days: int = DAYS) -> tuple[PromisesDue, ...]:
    """Return what was promised for today and the `days` after it, by currency, and what is late."""
    last = today + timedelta(days=days)
    rows = session.execute(_DUE, {"today": today, "last": last})
    return tuple(PromisesDue(today=today, last=last, **row._mapping) for row in rows)


def promise_page(
    session: Session, chosen: PromiseChoice, limit: int, after: PromisePlace | None = None
) -> tuple[tuple[PromiseLine, ...], PromisePlace | None]:
    """Return a page of the promises that stand, the next day first, and where to go on if there are more."""
    assert 0 < limit <= PAGE_MAX, "a page is bounded"
    by_indexes(session)
    after = after or PromisePlace(date.min, 0)
    values = {
        "first": chosen.first or date.min,
        "last": chosen.last or date.max,
        "currency": chosen.currency,
        "after_day": after.promised_for,
        "after_id": after.promise_id,
        "limit": limit + 1,
    }
    lines = tuple(PromiseLine(**row._mapping) for row in session.execute(_PAGE, values))
    return lines[:limit], lines[limit - 1].place if len(lines) > limit else None
