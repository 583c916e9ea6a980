"""Reads pages of invoices, whatever is asked of them and in whatever order.

If one thing that is asked leaves over few invoices (`narrow`), all the rest is asked of those. If each leaves over
many, the page walks along the index of its order and looks at 651 invoices at most: a page may then have
fewer lines than it could, and say where to go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.conditions import DUE_ON, OPEN_COLLECTION, Conditions, conditions_of
from db.queries.lists.narrow import FEW_MAX, Few, few_of
from db.queries.lists.orders import PARTS, Order, Part, Place, walk_of
from db.queries.lists.plans import by_indexes

PAGE_MAX: Final = 500
COUNT_MAX: Final = 10_000
# How many invoices a page looks at, one window after the other, until it is full.
WINDOWS: Final = (150, 450)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An invoice as lists show it: what is owed since when, who follows it up how, and what is next and why.

    `due_on` is the derived day where the invoice has none; `days_overdue` is negative before it. `acts_at` is when
    its process wakes; `next_on` is the day of `step`. `place` is where the line is in its list.
    """

    id: int
    external_id: str
    number: str
    customer: str
    customer_name: str
    state: str
    issued_on: date
    due_on: date | None
    days_overdue: int | None
    currency: str
    total: Decimal
    outstanding: Decimal
    is_hidden: bool
    cadence: str | None
    stage: str | None
    step: str | None
    channel: str | None
    execution: str | None
    next_on: date | None
    acts_at: datetime | None
    sentence: str | None
    because: list[dict[str, Any]] | None
    place: Place


@dataclass(frozen=True, slots=True)
class Total:
    """How many invoices there are in a currency, and what is outstanding on them."""

    currency: str
    count: int
    outstanding: Decimal


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """A page of a list, and where to go on if there may be more.

    `count` is how many there are in all, or `at_least` so many. `totals` are by currency, and empty where it would
    take too long to add them up.
    """

    lines: tuple[InvoiceLine, ...]
    ends_at: Place | None
    count: int
    at_least: bool
    totals: tuple[Total, ...] = ()


# The offset keeps what is asked of them from being looked for in other indexes.
_THESE: Final = "(SELECT * FROM invoices WHERE id = ANY(CAST(:ids AS bigint[])) OFFSET 0)"
_WALKED: Final = "(SELECT * FROM invoices WHERE id = walked.id OFFSET 0)"
_LINES = text(f"""
SELECT i.id, i.external_id, i.number, cu.external_id AS customer, cu.name AS customer_name, i.state, i.issued_on,
       {DUE_ON} AS due_on, CAST(:today AS date) - {DUE_ON} AS days_overdue, i.currency, i.total, i.outstanding,
       i.is_hidden, ca.name AS cadence, n.stage, n.step_id AS step, n.channel, n.execution, n.due_on AS next_on,
       n.acts_at, n.sentence, n.because
  FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS listed (id, turn)
  JOIN invoices i ON i.id = listed.id
  JOIN customers cu ON cu.id = i.customer_id
 JOIN organization o ON o.id = 1
  LEFT JOIN collections c ON {OPEN_COLLECTION}
  LEFT JOIN cadences ca ON ca.id = c.cadence_id
  LEFT JOIN next_actions n ON n.collection_id = c.id
 ORDER BY listed.turn
""")  # noqa: S608


def invoice_page(
    session: Session,
    chosen: InvoiceChoice,
    today: date,
    limit: int,
    order: Order = Order.OUTSTANDING,
    after: Place | None = None,
) -> InvoicePage:
    """Return up to `limit` (at most 500) of the invoices behind `after`, with what they are all together."""
    assert 0 < limit <= PAGE_MAX, "a page is bounded"
    if chosen.state != "unsettled":
        # Nothing is outstanding, due or next of them: the newest come first.
        order = Order.NEWEST
    by_indexes(session)
    few = few_of(session, chosen, today)
    if few is not None:
        return _page_of_few(session, few, today, limit, order, after)
    return _page_of_many(session, chosen, today, limit, order, after)


def _page_of_few(
    session: Session, few: Few, today: date, limit: int, order: Order, after: Place | None
) -> InvoicePage:
    asked = conditions_of(few.left, today)
    said = []
    for number, part in enumerate(PARTS[order]):
        if after is None or number >= after.part:
            goes_on = after is not None and number == after.part and not after.is_beginning
            behind = part.behind if goes_on else "true"
            said.append((number, part, behind))
    # Every invoice is in one part of the order at most; the sums are of all of them, wherever the page begins.
    pages = " UNION ALL ".join(
        f"(SELECT {number} AS part, row_number() OVER (ORDER BY {part.sorted_by}) AS turn, i.id,"  # noqa: S608
        f" CAST({part.key} AS text) AS key"
        f" FROM matched JOIN invoices i ON i.id = matched.id {_joins(part)}"
        f" WHERE {part.belongs} AND {behind} ORDER BY {part.sorted_by} LIMIT :lines)"
        for number, part, behind in said
    )
    statement = f"""
    WITH matched AS MATERIALIZED (
      SELECT i.id, i.currency, i.outstanding
        FROM {_THESE} i {asked.joins()} WHERE {asked.where()})
    SELECT (SELECT json_agg(json_build_array(t.currency, t.count, CAST(t.outstanding AS text)) ORDER BY t.currency)
              FROM (SELECT currency, count(*) AS count, sum(outstanding) AS outstanding FROM matched
                     GROUP BY currency) t) AS totals,
           (SELECT json_agg(json_build_array(p.part, p.key, p.id) ORDER BY p.part, p.turn)
              FROM ({pages}) p) AS places
    """  # noqa: S608  # constants alone
    values = {**asked.values, "ids": list(few.ids), "lines": limit + 1, **_behind(after)}
    row = session.execute(text(statement), values).one()
    totals = tuple(Total(currency, count, Decimal(sum_)) for currency, count, sum_ in row.totals or ())
    places = [Place(*found) for found in row.places or ()]
    count = sum(total.count for total in totals)
    return _page(session, places, today, limit, None, count, at_least=False, totals=totals)


def _page_of_many(
    session: Session, chosen: InvoiceChoice, today: date, limit: int, order: Order, after: Place | None
) -> InvoicePage:
    asked, parts = conditions_of(chosen, today), PARTS[order]
    number, within = (0, None) if after is None else (after.part, None if after.is_beginning else after)
    found: list[Place] = []
    ends_at: Place | None = None
    for size in (limit + 1, *WINDOWS):
        matching, last = _look(session, chosen, asked, today, number, parts[number], within, size)
        found += matching
        if last is not None:
            ends_at = within = last
        else:
            # This part of the order is at its end; the page goes on in the next one, at its beginning.
            number, within = number + 1, None
            ends_at = Place(number) if number < len(parts) else None
        if len(found) > limit or ends_at is None:
            break
    # All, and all that are unsettled, have an index to be counted in.
    is_counted = chosen.is_everything and chosen.state in ("any", "unsettled")
    count = _count_up_to(session, chosen, today, FEW_MAX) if is_counted else len(found)
    is_whole = after is None and ends_at is None and len(found) <= limit
    return _page(session, found, today, limit, ends_at, count, at_least=not is_whole)


def _page(
    session: Session,
    places: list[Place],
    today: date,
    limit: int,
    ends_at: Place | None,
    count: int,
    *,
    at_least: bool,
    totals: tuple[Total, ...] = (),
) -> InvoicePage:
    if len(places) > limit:
        places = places[:limit]
        ends_at = places[-1]
    lines = invoice_lines(session, places, today)
    return InvoicePage(lines, ends_at, count, at_least, totals)


def invoice_count(session: Session, chosen: InvoiceChoice, today: date, most: int = COUNT_MAX) -> tuple[int, bool]:
    """Return how many invoices are chosen, and whether there are more than `most`, which is then what is returned.

    For a list of many that says no more than `at_least`: it looks at the invoices one by one until it has so many,
    and may take longer than a page may. To be asked for when the page is there.
    """
    by_indexes(session)
    count = _count_up_to(session, chosen, today, most)
    return min(count, most), count > most


def _count_up_to(session: Session, chosen: InvoiceChoice, today: date, most: int) -> int:
    """Return how many invoices are chosen, at most one more than `most`."""
    asked = conditions_of(chosen, today)
    statement = f"""
    SELECT count(*) FROM (
      SELECT FROM invoices i {asked.joins()} WHERE {asked.where()} LIMIT :most) counted
    """  # noqa: S608  # constants alone
    count: int = session.execute(text(statement), {**asked.values, "most": most + 1}).scalar_one()
    return count


def invoice_lines(session: Session, places: Sequence[Place], today: date) -> tuple[InvoiceLine, ...]:
    """Return the lines of the invoices at these places, in this order (the primary keys, uq_collections_open)."""
    if not places:
        return ()
    rows = session.execute(_LINES, {"ids": [place.invoice_id for place in places], "today": today})
    by_id = {place.invoice_id: place for place in places}
    return tuple(InvoiceLine(**row._mapping, place=by_id[row.id]) for row in rows)


def _look(
    session: Session,
    chosen: InvoiceChoice,
    asked: Conditions,
    today: date,
    number: int,
    part: Part,
    within: Place | None,
    size: int,
) -> tuple[list[Place], Place | None]:
    """Look at the next `size` invoices of a part behind a place.

    Return the places of those that are chosen and belong to the part, and the last place that was looked at, None
    if the part ended before.
    """
    sql, values = walk_of(part, chosen, today, within)
    statement = f"""
    WITH walked AS MATERIALIZED (SELECT id, key, row_number() OVER () AS turn FROM ({sql}) walked)
    SELECT matched.id, CAST(matched.key AS text) AS key, last.turn AS looked, last.id AS last_id,
           CAST(last.key AS text) AS last_key
      FROM (SELECT id, key, turn FROM walked ORDER BY turn DESC LIMIT 1) last
      LEFT JOIN (
        SELECT walked.id, walked.key, walked.turn
          FROM walked CROSS JOIN LATERAL {_WALKED} i {asked.joins(*part.tables)}
         WHERE {asked.where()} AND {part.belongs}) matched ON true
     ORDER BY matched.turn
    """  # noqa: S608  # constants alone
    rows = session.execute(text(statement), {**asked.values, **values, "looked": size}).all()
    places = [Place(number, row.key, row.id) for row in rows if row.id is not None]
    is_whole = bool(rows) and rows[0].looked == size
    return places, Place(number, rows[0].last_key, rows[0].last_id) if is_whole else None


def _joins(part: Part) -> str:
    return Conditions(tables=set(part.tables)).joins()


def _behind(after: Place | None) -> dict[str, Any]:
    return {} if after is None else {"key": after.key, "after_id": after.invoice_id}
