"""Reads pages of customers by name, with what each owes and since when."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.conditions import DUE_ON, UNSETTLED
from db.queries.lists.plans import by_indexes

PAGE_MAX: Final = 500
# A page looks at no more names than this for one that is searched for, and at fewer for what customers owe.
NAMES_MAX: Final = 10_000
OWING_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class CustomerChoice:
    """Which customers to list: by words of their name or their whole number; those that owe."""

    words: str | None = None
    is_owing: bool = False


@dataclass(frozen=True, slots=True, order=True)
class CustomerPlace:
    """Where a page of customers ends."""

    name: str
    customer_id: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What a customer owes in one currency, and what of it is overdue."""

    currency: str
    outstanding: Decimal
    overdue: Decimal
    count: int
    overdue_count: int


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer as lists show it. `oldest_due_on` is the due date of what is due longest of what it owes."""

    id: int
    external_id: str
    name: str
    owed: tuple[Owed, ...]
    oldest_due_on: date | None
    is_paused: bool

    @property
    def place(self) -> CustomerPlace:
        """Return where the line is in its list."""
        return CustomerPlace(self.name, self.id)


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page of customers, and where to go on if there may be more."""

    lines: tuple[CustomerLine, ...]
    ends_at: CustomerPlace | None


# By ix_customers_name, and ix_invoices_customer for those that owe.
_NAMED: Final = """
WITH w AS MATERIALIZED (
  SELECT cu.id, cu.name, ({meant}) AS is_meant FROM customers cu WHERE {behind}
   ORDER BY cu.name, cu.id LIMIT :looked)
SELECT (SELECT json_agg(json_build_array(m.name, m.id))
          FROM (SELECT name, id FROM w WHERE is_meant LIMIT :lines) m) AS meant,
       (SELECT json_build_array(name, id) FROM w OFFSET :looked - 1) AS reached
"""
# The number by uq_customers_external_id, once: the names stay within their index.
_MEANT: Final = (
    "(strpos(lower(cu.name), :words) > 0 OR cu.id = (SELECT n.id FROM customers n WHERE n.external_id = :number))"
)
# With a limit, because all invoices would be read for an EXISTS of many customers.
_OWES: Final = f"""
(SELECT i.id FROM invoices i WHERE i.customer_id = cu.id AND {UNSETTLED} LIMIT 1) IS NOT NULL
"""  # noqa: S608
# By ix_invoices_customer and uq_holds_customer_open.
_LINES = text(f"""
SELECT cu.id, cu.external_id, cu.name, owed.listed, owed.oldest_due_on,
       EXISTS (SELECT FROM holds h WHERE h.customer_id = cu.id AND h.kind = 'pause' AND h.ended_at IS NULL)
         AS is_paused
  FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS named (id, turn)
  JOIN customers cu ON cu.id = named.id
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(c.currency, CAST(c.outstanding AS text), CAST(c.overdue AS text), c.invoices,
                                     c.overdue_invoices) ORDER BY c.currency) AS listed,
           min(c.oldest) AS oldest_due_on
      FROM (SELECT i.currency, sum(i.outstanding) AS outstanding, count(*) AS invoices, min(d.due_on) AS oldest,
                   COALESCE(sum(i.outstanding) FILTER (WHERE d.due_on < :today), 0) AS overdue,
                   count(*) FILTER (WHERE d.due_on < :today) AS overdue_invoices
              FROM invoices i JOIN organization o ON o.id = 1 CROSS JOIN LATERAL (SELECT {DUE_ON} AS due_on) d
             WHERE i.customer_id = cu.id AND {UNSETTLED} GROUP BY i.currency) c) owed ON true
 ORDER BY named.turn
""")  # noqa: S608  # constants alone


def customer_page(
    session: Session, chosen: CustomerChoice, today: date, limit: int, after: CustomerPlace | None = None
) -> CustomerPage:
    """Return up to `limit` (at most 500) of the customers behind `after`, by name.

    A page looks at 10,000 names at most, or asks 1,000 customers what they owe: then it may have fewer lines than
    it could, and says where to go on.
    """
    assert 0 < limit <= PAGE_MAX, "a page is bounded"
    by_indexes(session)
    asked = [_MEANT] * bool(chosen.words) + [_OWES] * chosen.is_owing
    looked = OWING_MAX if chosen.is_owing else NAMES_MAX if chosen.words else limit + 1
    said = (chosen.words or "").strip()
    values = {"looked": looked, "words": said.lower(), "number": said}
    if after is not None:
        values |= {"name": after.name, "id": after.customer_id}
    behind = "true" if after is None else "(cu.name, cu.id) > (:name, :id)"
    sql = _NAMED.format(meant=" AND ".join(asked) or "true", behind=behind)
    used = {name: value for name, value in values.items() if f":{name}" in sql}
    row = session.execute(text(sql), {**used, "lines": limit + 1}).one()
    named = [CustomerPlace(*found) for found in row.meant or ()]
    ends_at = None if row.reached is None else CustomerPlace(*row.reached)
    if len(named) > limit:
        named = named[:limit]
        ends_at = named[-1]
    lines = session.execute(_LINES, {"ids": [place.customer_id for place in named], "today": today})
    return CustomerPage(
        tuple(
            CustomerLine(row.id, row.external_id, row.name, _owed(row.listed), row.oldest_due_on, row.is_paused)
            for row in lines
        ),
        ends_at,
    )


def _owed(listed: list[list[object]] | None) -> tuple[Owed, ...]:
    return tuple(
        Owed(str(currency), Decimal(str(outstanding)), Decimal(str(overdue)), int(str(count)), int(str(late)))
        for currency, outstanding, overdue, count, late in listed or ()
    )
