"""Finds the few invoices that one of the things asked for leaves over, by an index of its own.

Each thing that can be asked is tried by its index, for no more ids than the bound. As soon as one leaves over no
more than that, all the rest is asked of those invoices alone: then the page is in any order, and its totals exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.conditions import BUCKETS, OLD_DAYS, UNSETTLED
from rules.fields import Aging

# Of so many invoices all that a page shows is worked out in a few milliseconds.
FEW_MAX: Final = 600
_OPEN: Final = "c.state IN ('active', 'exhausted')"
# What the open collections wait for, and the invoices that they are of. Those that are closed wait for nothing.
_WAITING: Final = (
    f"SELECT c.invoice_id FROM next_actions n JOIN collections c ON c.id = n.collection_id AND {_OPEN} WHERE"  # noqa: S608
)
_NEXT: Final = "next_actions n WHERE"
# The currencies there are, one look into ix_invoices_outstanding for each.
CURRENCIES: Final = """
(WITH RECURSIVE each (currency) AS (
   (SELECT i.currency FROM invoices i WHERE i.state = 'open' AND i.settled < i.total ORDER BY 1 LIMIT 1)
    UNION ALL
   SELECT (SELECT i.currency FROM invoices i WHERE i.state = 'open' AND i.settled < i.total
              AND i.currency > each.currency ORDER BY 1 LIMIT 1)
     FROM each WHERE each.currency IS NOT NULL)
 SELECT currency FROM each WHERE currency IS NOT NULL)
"""
_UNDATED = f"SELECT i.id FROM invoices i WHERE i.due_on IS NULL AND {UNSETTLED}"  # noqa: S608
# Behind whatever goes on after the same beginning.
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Few:
    """A few invoices, among which all are that are chosen, and what is left to be asked of them."""

    ids: Sequence[int]
    left: InvoiceChoice


@dataclass(frozen=True, slots=True)
class _Source:
    """A query for invoices by an index, and the things asked that need not be asked of them again."""

    sql: str
    values: dict[str, Any]
    answers: tuple[str, ...] = ()
    # What has a row at least for each invoice of the query, and is counted sooner.
    rows: str | None = None


def few_of(session: Session, chosen: InvoiceChoice, today: date) -> Few | None:
    """Return the few invoices that one of the things asked leaves over; None if each leaves over more."""
    for source in _sources(chosen, today):
        found = f"ARRAY(SELECT * FROM ({source.sql}) found LIMIT :few)"  # noqa: S608
        if source.rows is not None:
            counted = f"SELECT count(*) FROM (SELECT FROM {source.rows} LIMIT :few) counted"  # noqa: S608
            found = f"CASE WHEN ({counted}) < :few THEN {found} END"
        values = {**source.values, "few": FEW_MAX + 1}
        ids: list[int] | None = session.execute(text(f"SELECT {found}"), values).scalar_one()
        if ids is not None and len(ids) <= FEW_MAX:
            nothing = InvoiceChoice()
            left = replace(chosen, **{name: getattr(nothing, name) for name in source.answers})
            return Few(sorted(set(ids)), left)
    return None


def _sources(chosen: InvoiceChoice, today: date) -> Iterator[_Source]:
    """Yield the queries for invoices that one thing leaves over, what is likely to leave the fewest first."""
    if chosen.customer_id is not None:
        # By ix_invoices_customer, or ix_invoices_customer_id.
        unsettled = f" AND {UNSETTLED}" if chosen.state == "unsettled" else ""
        sql = f"SELECT i.id FROM invoices i WHERE i.customer_id = :customer_id{unsettled}"  # noqa: S608
        yield _Source(sql, {"customer_id": chosen.customer_id}, ("customer_id",))
    if chosen.words:
        yield _by_words(chosen.words)
    if chosen.is_hidden:
        yield _Source("SELECT i.id FROM invoices i WHERE i.is_hidden", {}, ("is_hidden",))
    if chosen.state in ("draft", "void", "written_off"):
        # By ix_invoices_ended.
        ended = "SELECT i.id FROM invoices i WHERE i.state <> 'open' AND i.state = :state"
        yield _Source(ended, {"state": chosen.state})
    yield from _by_following(chosen)
    if chosen.risks:
        yield _by_risks(chosen.risks, today)
    if len(chosen.aging) == 1:
        yield _by_age(chosen.aging[0], today)
    if chosen.state == "unsettled":
        yield from _by_money(chosen)


def _by_words(words: str) -> _Source:
    """By ix_invoices_number_begins and ix_invoices_number_ends, the names of all customers, and their invoices."""
    said = words.strip().lower()
    sql = """
    SELECT i.id FROM invoices i WHERE lower(i.number) ~>=~ :words AND lower(i.number) ~<~ :behind
     UNION ALL
    SELECT i.id FROM invoices i
     WHERE reverse(lower(i.number)) ~>=~ reverse(:words) AND reverse(lower(i.number))
           ~<~ (reverse(:words) || :last)
     UNION ALL
    SELECT i.id FROM customers cu JOIN invoices i ON i.customer_id = cu.id WHERE strpos(lower(cu.name), :words) > 0
    """
    return _Source(sql, {"words": said, "behind": said + _LAST, "last": _LAST}, ("words",))


def _by_following(chosen: InvoiceChoice) -> Iterator[_Source]:
    if chosen.owners:
        # By ix_actions_list_owner alone.
        sql = "SELECT a.invoice_id FROM actions a WHERE a.owner = ANY(:owners) AND a.state = 'open'"
        yield _Source(sql, {"owners": list(chosen.owners)})
    if chosen.stages:
        # By ix_next_actions_stage.
        either = "n.stage = ANY(:stages)"
        values = {"stages": list(chosen.stages)}
        yield _Source(f"{_WAITING} {either}", values, ("stages",), f"{_NEXT} {either}")
    if chosen.next_to is not None or chosen.next_from is not None:
        # By ix_next_actions_due_on, which has the channel and the execution beside the day.
        asked: dict[str, tuple[str, Any]] = {
            "next_from": ("n.due_on >= :next_from", chosen.next_from),
            "next_to": ("n.due_on <= :next_to", chosen.next_to),
            "channels": ("n.channel = ANY(:channels)", list(chosen.channels) or None),
            "execution": ("n.execution = :execution", chosen.execution),
        }
        said = {name: pair for name, pair in asked.items() if pair[1] is not None}
        both = " AND ".join(["n.due_on IS NOT NULL", *(condition for condition, _ in said.values())])
        values = {name: value for name, (_, value) in said.items()}
        yield _Source(f"{_WAITING} {both}", values, tuple(said), f"{_NEXT} {both}")
    if chosen.cadence_id is not None:
        # By ix_collections_version_id.
        sql = f"SELECT c.invoice_id FROM collections c WHERE c.cadence_id = :cadence_id AND {_OPEN}"  # noqa: S608
        yield _Source(sql, {"cadence_id": chosen.cadence_id}, ("cadence_id",))


def _by_risks(risks: tuple[Risk, ...], today: date) -> _Source:
    """By uq_holds_invoice_open, ix_promises_broken, ix_next_actions_stage and ix_invoices_due_on."""
    by_risk = {
        Risk.BLOCKED: f"{_WAITING} n.stage = 'blocked'",
        Risk.DISPUTED: "SELECT h.invoice_id FROM holds h WHERE h.invoice_id IS NOT NULL AND h.ended_at IS NULL"
        " AND h.kind = 'dispute'",
        Risk.BROKEN_PROMISE: "SELECT p.invoice_id FROM promises p WHERE p.outcome = 'broken'",
        Risk.OLD: f"SELECT i.id FROM invoices i WHERE i.due_on < :old AND {UNSETTLED} UNION ALL {_UNDATED}",  # noqa: S608
    }
    asked = [f"({sql})" for risk, sql in by_risk.items() if risk in risks]
    values = {"old": today - timedelta(days=OLD_DAYS)} if Risk.OLD in risks else {}
    return _Source(" UNION ALL ".join(asked), values)


def _by_age(bucket: Aging, today: date) -> _Source:
    """By ix_invoices_due_on, and ix_invoices_undated for those whose day depends on their term."""
    first, last = BUCKETS[bucket]
    values = {}
    said = f"SELECT i.id FROM invoices i WHERE {UNSETTLED} AND i.due_on IS NOT NULL"  # noqa: S608
    if first is not None:
        said += " AND i.due_on <= :latest"
        values["latest"] = today - timedelta(days=first)
    if last is not None:
        said += " AND i.due_on >= :earliest"
        values["earliest"] = today - timedelta(days=last)
    return _Source(f"{said} UNION ALL {_UNDATED}", values)


def _by_money(chosen: InvoiceChoice) -> Iterator[_Source]:
    """By ix_invoices_outstanding, one range for each currency."""
    asked: dict[str, tuple[str, Any]] = {
        "currency": ("i.currency = :currency", chosen.currency),
        "outstanding_min": ("i.outstanding >= :outstanding_min", chosen.outstanding_min),
        "outstanding_max": ("i.outstanding <= :outstanding_max", chosen.outstanding_max),
    }
    said = {name: pair for name, pair in asked.items() if pair[1] is not None}
    if said:
        both = " AND ".join(condition for condition, _ in said.values())
        sql = f"""
        SELECT found.id FROM {CURRENCIES} each CROSS JOIN LATERAL (
          SELECT i.id FROM invoices i WHERE i.currency = each.currency AND {UNSETTLED} AND {both} LIMIT :few) found
        """  # noqa: S608
        yield _Source(sql, {name: value for name, (_, value) in said.items()}, tuple(said))
