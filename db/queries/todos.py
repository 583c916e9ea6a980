"""Reads the lists of actions, page by page: All, and To-do (docs/decisions/0014).

A page costs the same whatever is asked and however many actions there are. What every list can be asked by (state,
channel, kind) has few values, so that a page is put together from one short range of an index for each combination
of them, all in the order of the list; the first rows of each are all that can be on the page. The index begins
with the owner, the cadence, both, or the customer where these are asked for: ix_actions_list and its kin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.tables.actions import ACTION_KINDS, ACTION_STATES, Action
from db.tables.cadences import Cadence
from db.tables.invoices import Invoice
from db.tables.people import Group, GroupMember, User
from dunning.cadence import Channel

Order = Literal["due", "newest"]
PAGE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """Which actions to list; what is empty or None does not filter. Days are those by which the lists are sorted.

    `listed_from` and `listed_to` are the first and the last day that are listed.
    """

    owners: tuple[str, ...] = ()
    cadence_id: int | None = None
    customer_id: int | None = None
    invoice_id: int | None = None
    channels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    listed_from: date | None = None
    listed_to: date | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page ends: the next one begins behind it, whatever was added meanwhile."""

    listed_on: date
    action_id: int


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action as lists show it. `listed_on` is the due date, or the day until which it is put off."""

    id: int
    kind: str
    invoice_id: int
    customer_id: int
    invoice: str
    customer: str
    customer_name: str
    outstanding: Decimal
    currency: str
    cadence: str
    step: str
    occurrence: int
    channel: str
    execution: str
    state: str
    owner: str | None
    due_on: date
    snoozed_until: date | None
    listed_on: date
    obstacle: str | None
    outcome: str | None
    approved_by: str | None
    ended_at: datetime | None
    ended_by: str | None

    @property
    def place(self) -> Place:
        """Return where the line is in its list."""
        return Place(self.listed_on, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and where it ends if there is more."""

    lines: tuple[ActionLine, ...]
    ends_at: Place | None


COLUMNS = """
SELECT a.id, a.kind, a.invoice_id, a.customer_id, i.number AS invoice, cu.external_id AS customer,
       cu.name AS customer_name, i.outstanding, i.currency, ca.name AS cadence, a.step_id AS step, a.occurrence,
       a.channel, a.execution, a.state, a.owner, a.due_on, a.snoozed_until, a.listed_on, a.obstacle, a.outcome,
       a.approved_by, a.ended_at, a.ended_by
"""
JOINS = """
  JOIN invoices i ON i.id = a.invoice_id
  JOIN customers cu ON cu.id = a.customer_id
  JOIN cadences ca ON ca.id = a.cadence_id
"""
_LINE = text(f"{COLUMNS} FROM actions a {JOINS} WHERE a.id = :action_id")
_DIRECTIONS: dict[Order, str] = {"due": "", "newest": " DESC"}
_FEW = ("state", "channel", "kind")
_ANY_OWNER = "b.owner = ANY(CAST(:owners AS text[]))"
_OF_INVOICE = " FROM (SELECT id FROM collections WHERE invoice_id = :invoice_id) c"
_RANGES = """
  FROM unnest(CAST(:states AS text[])) s(state)
 CROSS JOIN unnest(CAST(:channels AS text[])) h(channel)
 CROSS JOIN unnest(CAST(:kinds AS text[])) k(kind)
"""


def action_page(
    session: Session, chosen: ActionFilter, limit: int, after: Place | None = None, order: Order = "due"
) -> Page:
    """Return up to `limit` (at most 10,000) of the actions behind `after`, what is due first or newest first."""
    assert 0 < limit <= PAGE_MAX, "a page is bounded"
    found, parameters = ids_in_order(chosen, after, order)
    by_page = f"ORDER BY page.listed_on{_DIRECTIONS[order]}, page.id{_DIRECTIONS[order]}"
    # Only constants are put in here; what people ask for goes in as parameters.
    shown = f"{COLUMNS} FROM page JOIN actions a ON a.id = page.id {JOINS}"
    statement = f"WITH page AS MATERIALIZED ({found}) {shown} {by_page}"
    rows = session.execute(text(statement), parameters | {"limit": limit + 1})
    lines = tuple(ActionLine(**row._mapping) for row in rows)
    is_last = len(lines) <= limit
    return Page(lines[:limit], None if is_last else lines[limit - 1].place)


def action_line(session: Session, action_id: int) -> ActionLine | None:
    """Return the action, or None if there is none (the primary key)."""
    row = session.execute(_LINE, {"action_id": action_id}).one_or_none()
    return None if row is None else ActionLine(**row._mapping)


def invoices_of_actions(session: Session, action_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Return ids and numbers of the invoices that the actions are about, by the actions' ids (pk_actions)."""
    statement = (
        select(Action.id, Invoice.id, Invoice.number)
        .join(Invoice, Invoice.id == Action.invoice_id)
        .where(Action.id.in_(action_ids))
    )
    return {action_id: (invoice_id, number) for action_id, invoice_id, number in session.execute(statement)}


def cadence_id_of(session: Session, name: str) -> int | None:
    """Return the id of the cadence, in force or not, or None if there is none of this name (uq_cadences_name)."""
    return session.scalar(select(Cadence.id).where(Cadence.name == name))


def owners_of(session: Session, name: str) -> tuple[str, ...]:
    """Return whose to-dos a user has: their own, and those of their groups. Any other name stands for itself."""
    user = session.execute(select(User.id, User.email).where(func.lower(User.email) == name.lower())).one_or_none()
    if user is None:
        return (name,)
    groups = select(Group.name).join(GroupMember).where(GroupMember.user_id == user.id).order_by(Group.name)
    return (user.email, *session.scalars(groups))


def ids_in_order(chosen: ActionFilter, after: Place | None, order: Order) -> tuple[str, dict[str, Any]]:
    """Return the query for ids and days of the first `:limit` actions behind `after`, and its parameters."""
    found, parameters = _found(chosen, after, order)
    return (
        f"{found} ORDER BY page.listed_on{_DIRECTIONS[order]}, page.id{_DIRECTIONS[order]} LIMIT :limit",
        parameters,
    )


def any_ids(chosen: ActionFilter) -> tuple[str, dict[str, Any]]:
    """Return the query for any `:limit` of the actions, which stops reading when it has them; its parameters."""
    found, parameters = _found(chosen, None, "due")
    return f"{found} LIMIT :limit", parameters


def _found(chosen: ActionFilter, after: Place | None, order: Order) -> tuple[str, dict[str, Any]]:
    direction, behind = _DIRECTIONS[order], ">" if order == "due" else "<"
    ranges, conditions, parameters = _ranges(chosen)
    bounds: dict[str, Any] = {
        "b.cadence_id = :cadence_id": chosen.cadence_id,
        "b.customer_id = :customer_id": chosen.customer_id,
        "b.listed_on >= :first_day": chosen.listed_from,
        "b.listed_on <= :last_day": chosen.listed_to,
    }
    if after is not None:
        # The server begins to read at one bound only: of two at that side it gets just the narrower one.
        begin = "b.listed_on >= :first_day" if order == "due" else "b.listed_on <= :last_day"
        day = bounds[begin]
        if day is None or (day <= after.listed_on if order == "due" else day >= after.listed_on):
            bounds[begin] = None
            conditions.append(f"(b.listed_on, b.id) {behind} (:after_day, :after_id)")
            parameters |= {"after_day": after.listed_on, "after_id": after.action_id}
    for condition, value in bounds.items():
        if value is not None:
            conditions.append(condition)
            parameters[condition.rpartition(":")[2]] = value
    by_range = f"ORDER BY b.listed_on{direction}, b.id{direction} LIMIT :limit"
    # Only constants are put in here; what people ask for goes in as parameters.
    first = f"SELECT b.id, b.listed_on, b.invoice_id FROM actions b WHERE {' AND '.join(conditions)} {by_range}"  # noqa: S608
    return f"SELECT page.* {ranges} CROSS JOIN LATERAL ({first}) page", parameters


def _ranges(chosen: ActionFilter) -> tuple[str, list[str], dict[str, Any]]:
    """Return the ranges that a page is put together from, what a range is, and their parameters."""
    parameters: dict[str, Any] = {
        "states": list(chosen.states or ACTION_STATES),
        "channels": list(chosen.channels or [channel.value for channel in Channel]),
        "kinds": list(chosen.kinds or ACTION_KINDS),
    }
    if chosen.owners:
        parameters["owners"] = list(chosen.owners)
    if chosen.invoice_id is not None:
        # An invoice has few actions, found by the unique keys of collections and actions.
        parameters["invoice_id"] = chosen.invoice_id
        conditions = ["b.collection_id = c.id", *(f"b.{name} = ANY(CAST(:{name}s AS text[]))" for name in _FEW)]
        return _OF_INVOICE, conditions + [_ANY_OWNER] * bool(chosen.owners), parameters
    conditions = ["b.state = s.state", "b.channel = h.channel", "b.kind = k.kind"]
    if chosen.owners and chosen.customer_id is not None:
        # The customer's actions are read once, and not once for each owner.
        return _RANGES, [*conditions, _ANY_OWNER], parameters
    if chosen.owners:
        by_owner = " CROSS JOIN unnest(CAST(:owners AS text[])) o(owner)"
        return _RANGES + by_owner, [*conditions, "b.owner = o.owner"], parameters
    return _RANGES, conditions, parameters
