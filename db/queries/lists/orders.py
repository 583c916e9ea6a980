"""The orders in which invoices are listed, and how a page finds the next invoices of each by an index.

An order has one part or two: what has no due date, or no next action, comes behind what has one. In a part the
invoices are sorted by a key and then by their id, so that a page begins exactly where the one before it ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.conditions import BUCKETS, UNSETTLED
from db.queries.lists.narrow import CURRENCIES

# Longer than anything is overdue.
MANY_DAYS: Final = 1_000_000


class Order(StrEnum):
    """What comes first: the most money, what is due longest, customers by name, what acts next, the newest."""

    OUTSTANDING = "outstanding"
    DUE = "due"
    CUSTOMER = "customer"
    NEXT_ACTION = "next action"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: in which part of its order, by which key, at which invoice; or where the part begins.

    The key is as SQL writes it.
    """

    part: int
    key: str | None = None
    invoice_id: int = 0

    @property
    def is_beginning(self) -> bool:
        """Say whether nothing of the part comes before it."""
        return not self.invoice_id


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order.

    `belongs` says which invoices are in it, `sorted_by` what they are sorted by, `key` is what a place remembers,
    `behind` says which come after a place, and `tables` what these name beside the invoice. `walk` returns the
    next `:looked` invoices with their keys: {behind} is what comes after the place, {asked} what is asked that its
    index answers.
    """

    belongs: str
    sorted_by: str
    key: str
    behind: str
    walk: str
    tables: tuple[str, ...] = ()


_NEWEST: Final = Part(
    belongs="true",
    sorted_by="i.id DESC",
    key="NULL",
    behind="i.id < :after_id",
    # By ix_invoices_unsettled, or the primary key for invoices of any state.
    walk="SELECT i.id, NULL AS key FROM invoices i WHERE {asked} AND {behind} ORDER BY i.id DESC LIMIT :looked",
)
_OUTSTANDING: Final = Part(
    belongs=UNSETTLED,
    sorted_by="i.outstanding DESC, i.id DESC",
    key="i.outstanding",
    behind="(i.outstanding, i.id) < (CAST(:key AS numeric), :after_id)",
    # By ix_invoices_outstanding: the next of each currency are all that can be among the next of all.
    walk=f"""
    SELECT i.id, i.outstanding AS key FROM {CURRENCIES} each CROSS JOIN LATERAL (
      SELECT i.id, i.outstanding FROM invoices i
       WHERE i.currency = each.currency AND {UNSETTLED} AND {{asked}} AND {{behind}}
       ORDER BY i.outstanding DESC, i.id DESC LIMIT :looked) i
     ORDER BY i.outstanding DESC, i.id DESC LIMIT :looked
    """,  # noqa: S608
)
_DATED: Final = Part(
    belongs=f"{UNSETTLED} AND i.due_on IS NOT NULL",
    sorted_by="i.due_on, i.id",
    key="i.due_on",
    behind="(i.due_on, i.id) > (CAST(:key AS date), :after_id)",
    # By ix_invoices_due_on.
    walk=f"""
    SELECT i.id, i.due_on AS key FROM invoices i
     WHERE {UNSETTLED} AND i.due_on IS NOT NULL AND {{asked}} AND {{behind}}
     ORDER BY i.due_on, i.id LIMIT :looked
    """,  # noqa: S608
)
_UNDATED: Final = Part(
    belongs=f"{UNSETTLED} AND i.due_on IS NULL",
    sorted_by="i.issued_on, i.id",
    key="i.issued_on",
    behind="(i.issued_on, i.id) > (CAST(:key AS date), :after_id)",
    # By ix_invoices_undated.
    walk=f"""
    SELECT i.id, i.issued_on AS key FROM invoices i WHERE {UNSETTLED} AND i.due_on IS NULL AND {{behind}}
     ORDER BY i.issued_on, i.id LIMIT :looked
    """,  # noqa: S608
)
_CUSTOMER: Final = Part(
    belongs=UNSETTLED,
    sorted_by="cu.name, cu.id, i.id",
    key="cu.name",
    behind="(cu.name, cu.id, i.id)"
    " > (:key, (SELECT p.customer_id FROM invoices p WHERE p.id = :after_id), :after_id)",
    # By ix_customers_name and ix_invoices_customer.
    walk=f"""
    SELECT i.id, cu.name AS key FROM customers cu CROSS JOIN LATERAL (
      SELECT i.id FROM invoices i WHERE i.customer_id = cu.id AND {UNSETTLED} AND {{behind}}
       ORDER BY i.id LIMIT :looked) i
     WHERE {{reached}} ORDER BY cu.name, cu.id, i.id LIMIT :looked
    """,  # noqa: S608
    tables=("cu",),
)
_ACTING: Final = Part(
    belongs=f"{UNSETTLED} AND n.acts_at IS NOT NULL",
    sorted_by="n.acts_at, c.id",
    key="n.acts_at",
    behind="(n.acts_at, c.id) > (CAST(:key AS timestamptz),"
    " (SELECT p.id FROM collections p WHERE p.invoice_id = :after_id AND p.state IN ('active', 'exhausted')))",
    # By ix_next_actions_acts_at, or ix_next_actions_stage.
    walk="""
    SELECT c.invoice_id AS id, n.acts_at AS key FROM next_actions n JOIN collections c ON c.id = n.collection_id
     WHERE n.acts_at IS NOT NULL AND c.state IN ('active', 'exhausted') AND {asked} AND {behind} AND {reached}
     ORDER BY n.acts_at, c.id LIMIT :looked
    """,
    tables=("c", "n"),
)
_RESTING: Final = Part(
    belongs=f"{UNSETTLED} AND n.acts_at IS NULL",
    sorted_by="i.id DESC",
    key="NULL",
    behind="i.id < :after_id",
    # By ix_invoices_unsettled.
    walk=f"""
    SELECT i.id, NULL AS key FROM invoices i WHERE {UNSETTLED} AND {{behind}} ORDER BY i.id DESC LIMIT :looked
    """,  # noqa: S608
    tables=("c", "n"),
)
PARTS: Final[Mapping[Order, tuple[Part, ...]]] = {
    Order.OUTSTANDING: (_OUTSTANDING,),
    Order.DUE: (_DATED, _UNDATED),
    Order.CUSTOMER: (_CUSTOMER,),
    Order.NEXT_ACTION: (_ACTING, _RESTING),
    Order.NEWEST: (_NEWEST,),
}
_REACHED: Final[Mapping[Part, str]] = {
    _CUSTOMER: "(cu.name, cu.id) >= (:key, (SELECT p.customer_id FROM invoices p WHERE p.id = :after_id))",
    _ACTING: "n.acts_at >= CAST(:key AS timestamptz)",
}


def walk_of(part: Part, chosen: InvoiceChoice, today: date, within: Place | None) -> tuple[str, dict[str, Any]]:
    """Return the query for the next invoices of the part, and its values.

    `within` is where the walk has come to, None at the beginning of the part.
    """
    asked, values = _answered(part, chosen, today)
    behind, reached = "true", "true"
    if within is not None:
        behind, reached = part.behind, _REACHED.get(part, "true")
        values |= {"key": within.key, "after_id": within.invoice_id}
    return part.walk.format(asked=asked, behind=behind, reached=reached), values


def _answered(part: Part, chosen: InvoiceChoice, today: date) -> tuple[str, dict[str, Any]]:
    """Return what is asked that the index of the part answers: it makes the walk shorter."""
    asked: dict[str, Any] = {}
    if part is _NEWEST and chosen.state == "unsettled":
        return UNSETTLED, {}
    if part is _OUTSTANDING:
        asked = {
            "i.currency = :currency": chosen.currency,
            "i.outstanding >= :outstanding_min": chosen.outstanding_min,
            "i.outstanding <= :outstanding_max": chosen.outstanding_max,
        }
    if part is _DATED and chosen.aging:
        first = [BUCKETS[bucket][0] for bucket in chosen.aging]
        last = [BUCKETS[bucket][1] for bucket in chosen.aging]
        least, most = min(first, key=lambda days: days or 0), max(last, key=lambda days: days or MANY_DAYS)
        asked = {
            "i.due_on <= :latest": None if least is None else today - timedelta(days=least),
            "i.due_on >= :earliest": None if most is None else today - timedelta(days=most),
        }
    if part is _ACTING and len(chosen.stages) == 1:
        asked = {"n.stage = :stage": chosen.stages[0]}
    said = {condition: value for condition, value in asked.items() if value is not None}
    return " AND ".join(said) or "true", {one.rpartition(":")[2]: value for one, value in said.items()}
