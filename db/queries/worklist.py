"""Reads actions as people work them off: what is worth most first, narrowed down by what their invoices owe.

What an invoice owes and how old it is stands in no index of actions. So a list looks at the first `SCANNED_MAX`
actions that its other filters leave, found by ix_actions_list and its kin, and says if there are more: it costs
the same however many actions there are.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.plans import by_indexes
from db.queries.todos import COLUMNS, JOINS, ActionFilter, ActionLine, Order, Place, any_ids, ids_in_order
from dunning.currencies import CURRENCY_DECIMALS

WorkOrder = Literal["value", "due", "newest"]
SCANNED_MAX = 600
COUNTED_MAX = 2_000
DECIMALS_DEFAULT = 2


@dataclass(frozen=True, slots=True)
class Worth:
    """What the invoices owe, in whichever currency, and how many days they are overdue; None does not filter.

    What is not due yet is overdue by less than one day.
    """

    outstanding_min: Decimal | None = None
    outstanding_max: Decimal | None = None
    overdue_days_min: int | None = None
    overdue_days_max: int | None = None

    @property
    def is_everything(self) -> bool:
        """Say whether nothing is filtered."""
        return self == _EVERYTHING


_EVERYTHING = Worth()


@dataclass(frozen=True, slots=True)
class WorkLine(ActionLine):
    """An action, and when its invoice is due."""

    invoice_due_on: date | None


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """Where a page ends; `value` where what is worth most comes first."""

    place: Place
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of a list. `ends_at` is where to look further; only the first ones `is_partly_sorted` by worth.

    `count` is how many there are, where that came to light on the way.
    """

    lines: tuple[WorkLine, ...]
    ends_at: WorkPlace | None
    is_partly_sorted: bool = False
    count: "Count | None" = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; at least so many, where it is not exact."""

    number: int
    is_exact: bool


_DUE = "COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days))"
# Customers and the organization are asked only where an invoice has no due date of its own.
_DUE_SEEN = """
COALESCE(i.due_on, i.issued_on + COALESCE(
  (SELECT cu.payment_term_days FROM customers cu WHERE cu.id = i.customer_id),
  (SELECT o.payment_term_days FROM organization o WHERE o.id = 1)))
"""
_OVERDUE_DAYS = f"(CAST(:today AS date) - {_DUE_SEEN})"
# Nobody's payment term means that an invoice never falls due: it is not overdue either.
_CONDITIONS = {
    "outstanding_min": "i.outstanding >= :outstanding_min",
    "outstanding_max": "i.outstanding <= :outstanding_max",
    "overdue_days_min": f"COALESCE({_OVERDUE_DAYS}, 0) >= :overdue_days_min",
    "overdue_days_max": f"COALESCE({_OVERDUE_DAYS}, 0) <= :overdue_days_max",
}
# What a list looks at is joined with as little as it takes; only what it shows is joined with all.
_WORTH = "JOIN invoices i ON i.id = a.invoice_id"
_SHOWN = f"JOIN actions a ON a.id = best.id {JOINS} JOIN organization o ON o.id = 1"
# Nobody knows the rates between currencies. In smallest units 1,000 yen come behind 100 euros, as they should.
_UNUSUAL = sorted(set(CURRENCY_DECIMALS.values()) - {DECIMALS_DEFAULT})
_FACTORS = " ".join(
    f"WHEN i.currency = ANY('{{{','.join(name for name, own in CURRENCY_DECIMALS.items() if own == decimals)}}}')"
    f" THEN {10**decimals}"
    for decimals in _UNUSUAL
)
_VALUE = f"(i.outstanding * CASE {_FACTORS} ELSE {10**DECIMALS_DEFAULT} END)"
_SORTED: dict[WorkOrder, str] = {
    "value": "value DESC, listed_on, id",
    "due": "listed_on, id",
    "newest": "listed_on DESC, id DESC",
}
_BACKWARDS: dict[Order, str] = {"due": "listed_on DESC, id DESC", "newest": "listed_on, id"}
_OF_WHOLE = 4
_BEHIND = "(-m.value, m.listed_on, m.id) > (-CAST(:value AS numeric), :day, :id)"


def value_of(line: ActionLine) -> Decimal:
    """Return by what actions are compared: what is outstanding, in the currency's smallest unit."""
    return line.outstanding.scaleb(CURRENCY_DECIMALS.get(line.currency, DECIMALS_DEFAULT))


def work_page(
    session: Session,
    chosen: ActionFilter,
    worth: Worth,
    today: date,
    limit: int,
    order: WorkOrder = "value",
    after: WorkPlace | None = None,
) -> WorkPage:
    """Return up to `limit` of the actions behind `after`.

    By value, the first `SCANNED_MAX` by due date are sorted. By day, a page may be short or empty and still have
    an `ends_at`, where so many were looked at and did not match.
    """
    by_indexes(session)
    by_value = order == "value"
    by_day: Order = "newest" if order == "newest" else "due"
    begin = None if after is None or by_value else after.place
    seen_max = limit if worth.is_everything and not by_value else SCANNED_MAX
    looked, parameters = _looked(chosen, worth, today, begin, by_day, seen_max)
    behind = "true"
    if by_value and after is not None and after.value is not None:
        behind = _BEHIND
        day, action_id = after.place.listed_on, after.place.action_id
        parameters |= {"value": after.value, "day": day, "id": action_id}
    # Only constants are put in here; what people ask for goes in as parameters. Where nothing is to be shown there
    # is one row, without a line.
    statement = f"""
    {looked},
    best AS MATERIALIZED (
      SELECT id, value, listed_on FROM matched m WHERE {behind} ORDER BY {_SORTED[order]} LIMIT :lines)
    {COLUMNS}, {_DUE} AS invoice_due_on,
           whole.looked, whole.matching, ending.listed_on AS ends_on, ending.id AS ends_id
      FROM (SELECT (SELECT count(*) FROM looked) AS looked, (SELECT count(*) FROM matched) AS matching) whole
      LEFT JOIN (SELECT listed_on, id FROM seen ORDER BY {_BACKWARDS[by_day]} LIMIT 1) ending ON true
      LEFT JOIN (best {_SHOWN}) ON true
     ORDER BY {_SORTED[order]}"""  # noqa: S608
    rows = session.execute(text(statement), parameters | {"lines": limit + 1}).all()
    whole = rows[0]
    has_more = whole.looked > seen_max
    # A line's columns are in the order of its fields; what is said of the whole stands behind them.
    lines = tuple(WorkLine(*row[:-_OF_WHOLE]) for row in rows if row.id is not None)
    ends_at = None
    if len(lines) > limit:
        last = lines[limit - 1]
        ends_at = WorkPlace(last.place, value_of(last) if by_value else None)
    elif has_more and not by_value:
        ends_at = WorkPlace(Place(whole.ends_on, whole.ends_id))
    # Of what stands before it a later page by day knows nothing, and one by value only where it has a line.
    is_counted = after is None or (by_value and bool(lines))
    count = Count(whole.matching, not has_more) if is_counted and seen_max == SCANNED_MAX else None
    return WorkPage(lines[:limit], ends_at, is_partly_sorted=by_value and has_more, count=count)


def count_work(session: Session, chosen: ActionFilter, worth: Worth, today: date) -> Count:
    """Return how many actions there are, up to what a list looks at."""
    by_indexes(session)
    if worth.is_everything:
        scanned, parameters = any_ids(chosen)
        statement = f"SELECT count(*) FROM ({scanned}) scanned"  # noqa: S608
        number = session.execute(text(statement), parameters | {"limit": COUNTED_MAX + 1}).scalar_one()
        return Count(min(number, COUNTED_MAX), number <= COUNTED_MAX)
    looked, parameters = _looked(chosen, worth, today, None, "due", SCANNED_MAX)
    # Only constants are put in here; what people ask for goes in as parameters.
    statement = f"{looked} SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM matched)"  # noqa: S608
    number, matching = session.execute(text(statement), parameters).one()
    return Count(matching, number <= SCANNED_MAX)


def work_ids(session: Session, chosen: ActionFilter, worth: Worth, today: date, limit: int) -> list[int]:
    """Return the ids of all that match, in ascending order, or of any `limit` of them if there are more.

    Unlike a page of the list it looks at each of them.
    """
    found, parameters = any_ids(chosen)
    if not worth.is_everything:
        conditions, asked = conditions_of(worth, today)
        # The list itself must not be cut before all conditions were asked.
        parameters |= asked | {"limit": None, "at_most": limit}
        # Only constants are put in here, as above.
        matching = f"SELECT a.id FROM found a {_WORTH} WHERE {' AND '.join(conditions)} LIMIT :at_most"  # noqa: S608
        found = f"WITH found AS MATERIALIZED ({found}) {matching}"
    else:
        parameters |= {"limit": limit}
    return sorted(row.id for row in session.execute(text(found), parameters))


def _looked(
    chosen: ActionFilter, worth: Worth, today: date, after: Place | None, order: Order, seen_max: int
) -> tuple[str, dict[str, Any]]:
    """Return the beginning of a statement that looks at the first `seen_max` actions, and its parameters.

    `looked` has one more, if there are more; `seen` has them, and `matched` those whose invoices are such.
    """
    scanned, parameters = ids_in_order(chosen, after, order)
    conditions, asked = conditions_of(worth, today)
    # Only constants are put in here; what people ask for goes in as parameters.
    statement = f"""
    WITH looked AS MATERIALIZED ({scanned}),
    seen AS MATERIALIZED (SELECT * FROM looked ORDER BY {_SORTED[order]} LIMIT :seen),
    matched AS MATERIALIZED (
      SELECT a.id, a.listed_on, {_VALUE} AS value FROM seen a {_WORTH}
       WHERE {" AND ".join(["true", *conditions])})"""  # noqa: S608
    return statement, parameters | asked | {"limit": seen_max + 1, "seen": seen_max}


def conditions_of(worth: Worth, today: date) -> tuple[list[str], dict[str, Any]]:
    """Return what the invoices' worth asks of a statement that joins them as lists do, and its parameters."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(worth, name)) is not None}
    parameters: dict[str, Any] = dict(asked)
    if any(name.startswith("overdue") for name in asked):
        parameters["today"] = today
    return [_CONDITIONS[name] for name in asked], parameters
