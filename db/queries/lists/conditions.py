"""What is asked of invoices, as conditions in SQL on the rows of one statement.

The invoice is `i`, its customer `cu`, the organization `o`, its open collection `c`, and what that waits for `n`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from db.queries.lists.choice import InvoiceChoice, Risk
from rules.fields import Aging

UNSETTLED: Final = "i.state = 'open' AND i.settled < i.total"
DUE_ON: Final = "COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days))"
DAYS_OVERDUE: Final = f"COALESCE(CAST(:today AS date) - {DUE_ON}, 0)"
OPEN_COLLECTION: Final = "c.invoice_id = i.id AND c.state IN ('active', 'exhausted')"
# As `rules.facts.aging` has them: the first and the last day of each bucket, in days overdue.
BUCKETS: Final[Mapping[Aging, tuple[int | None, int | None]]] = {
    Aging.NOT_DUE: (None, 0),
    Aging.TO_30: (1, 30),
    Aging.TO_60: (31, 60),
    Aging.TO_90: (61, 90),
    Aging.ABOVE_90: (91, None),
}
OLD_DAYS: Final = 60
# Nothing above the tolerance is as good as paid (rule 3.2): it has no age, and nobody is at risk of it.
_COLLECTABLE: Final = "i.outstanding > o.tolerance"
RISKS: Final[Mapping[Risk, str]] = {
    Risk.OLD: f"{DAYS_OVERDUE} > {OLD_DAYS}",
    # By uq_holds_invoice_open, ix_promises_broken with ix_promises_invoice_id, and uq_collections_open.
    Risk.DISPUTED: "EXISTS (SELECT FROM holds h WHERE h.invoice_id = i.id AND h.kind = 'dispute'"
    " AND h.ended_at IS NULL)",
    Risk.BROKEN_PROMISE: "EXISTS (SELECT FROM promises p WHERE p.invoice_id = i.id AND p.outcome = 'broken'"
    " AND NOT EXISTS (SELECT FROM promises q WHERE q.invoice_id = p.invoice_id AND q.id > p.id))",
    Risk.BLOCKED: "EXISTS (SELECT FROM collections b JOIN next_actions m ON m.collection_id = b.id"
    " WHERE b.invoice_id = i.id AND b.state IN ('active', 'exhausted') AND m.stage = 'blocked')",
}
_STATES: Final[Mapping[str, str]] = {
    "unsettled": UNSETTLED,
    "paid": "i.state = 'open' AND i.settled = i.total",
    "draft": "i.state = 'draft'",
    "void": "i.state = 'void'",
    "written_off": "i.state = 'written_off'",
}
_JOINS: Final = {
    "cu": "JOIN customers cu ON cu.id = i.customer_id",
    "o": "JOIN organization o ON o.id = 1",
    "c": f"LEFT JOIN collections c ON {OPEN_COLLECTION}",
    "n": "LEFT JOIN next_actions n ON n.collection_id = c.id",
}
_NEEDS: Final = {"n": ("c",), "c": (), "cu": (), "o": ()}


@dataclass(slots=True)
class Conditions:
    """Conditions of one statement, the values in them, and the tables that they name beside `i`."""

    said: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    def add(self, condition: str, *tables: str, **values: Any) -> None:
        """Add one; what people ask for goes in as values, never as text."""
        self.said.append(condition)
        self.values |= values
        self.tables |= set(tables)

    def joins(self, *more: str) -> str:
        """Return the joins that the conditions need, and those for `more`."""
        wanted = self.tables | set(more)
        wanted |= {other for table in wanted for other in _NEEDS[table]}
        return " ".join(join for table, join in _JOINS.items() if table in wanted)

    def where(self) -> str:
        """Return the conditions as one."""
        return " AND ".join(self.said) or "true"


def conditions_of(chosen: InvoiceChoice, today: Any) -> Conditions:
    """Return what the choice says of an invoice on the local day."""
    found = Conditions()
    if chosen.state != "any":
        found.add(_STATES[chosen.state])
    for name in ("customer_id", "currency", "is_hidden"):
        if (value := getattr(chosen, name)) is not None:
            found.add(f"i.{name} = :{name}", **{name: value})
    if chosen.outstanding_min is not None:
        found.add("i.outstanding >= :outstanding_min", outstanding_min=chosen.outstanding_min)
    if chosen.outstanding_max is not None:
        found.add("i.outstanding <= :outstanding_max", outstanding_max=chosen.outstanding_max)
    if chosen.aging:
        found.add(f"{UNSETTLED} AND {_COLLECTABLE} AND ({_ages(chosen.aging)})", "cu", "o", today=today)
    if chosen.risks:
        either = " OR ".join(RISKS[risk] for risk in chosen.risks)
        found.add(f"{UNSETTLED} AND {_COLLECTABLE} AND ({either})", "cu", "o", today=today)
    if chosen.words:
        said = chosen.words.strip().lower()
        found.add(
            "(starts_with(lower(i.number), :words) OR right(lower(i.number), length(:words)) = :words"
            " OR strpos(lower(cu.name), :words) > 0)",
            "cu",
            words=said,
        )
    _add_following(found, chosen)
    return found


def _ages(buckets: tuple[Aging, ...]) -> str:
    ages = []
    for bucket in buckets:
        first, last = BUCKETS[bucket]
        bounds = [f"{DAYS_OVERDUE} >= {first}"] * (first is not None)
        bounds += [f"{DAYS_OVERDUE} <= {last}"] * (last is not None)
        ages.append(f"({' AND '.join(bounds)})")
    return " OR ".join(ages)


def _add_following(found: Conditions, chosen: InvoiceChoice) -> None:
    """Add what is asked of how the invoice is followed up."""
    if chosen.cadence_id is not None:
        found.add("c.cadence_id = :cadence_id", "c", cadence_id=chosen.cadence_id)
    if chosen.has_cadence is not None:
        found.add(f"c.id IS {'NOT ' * chosen.has_cadence}NULL", "c")
    if chosen.stages:
        found.add("n.stage = ANY(:stages)", "n", stages=list(chosen.stages))
    if chosen.owners:
        # By ix_actions_open_owner.
        found.add(
            "EXISTS (SELECT FROM actions a WHERE a.collection_id = c.id AND a.state = 'open'"
            " AND a.owner = ANY(:owners))",
            "c",
            owners=list(chosen.owners),
        )
    if chosen.next_from is not None:
        found.add("n.due_on >= :next_from", "n", next_from=chosen.next_from)
    if chosen.next_to is not None:
        found.add("n.due_on <= :next_to", "n", next_to=chosen.next_to)
    if chosen.channels:
        found.add("n.channel = ANY(:channels)", "n", channels=list(chosen.channels))
    if chosen.execution is not None:
        found.add("n.execution = :execution", "n", execution=chosen.execution)
