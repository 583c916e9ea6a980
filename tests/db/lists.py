"""Lists and figures as simply as they can be said: every row of the ledger in memory, and loops over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from benchmarks.console_book import TODAY
from db.engine import Engine
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.orders import Order
from rules.fields import Aging

_ROWS = """
SELECT i.id, i.number, i.customer_id, cu.name, i.state, i.total, i.settled, i.outstanding, i.currency, i.due_on,
       i.issued_on, COALESCE(cu.payment_term_days, o.payment_term_days) AS term, i.is_hidden, o.tolerance,
       c.id AS collection_id, c.cadence_id, n.stage, n.acts_at, n.due_on AS next_on, n.channel, n.execution,
       ARRAY(SELECT a.owner FROM actions a WHERE a.collection_id = c.id AND a.state = 'open') AS owners,
       ARRAY(SELECT h.kind FROM holds h WHERE h.invoice_id = i.id AND h.ended_at IS NULL) AS holds,
       ARRAY(SELECT p.outcome FROM promises p WHERE p.invoice_id = i.id ORDER BY p.id) AS promises,
       ARRAY(SELECT p.received_on FROM payment_allocations x JOIN payments p ON p.id = x.payment_id
              WHERE x.invoice_id = i.id AND p.reversed_on IS NULL
              UNION ALL
             SELECT k.issued_on FROM credit_allocations x JOIN credit_notes k ON k.id = x.credit_note_id
              WHERE x.invoice_id = i.id AND k.voided_on IS NULL) AS money_on
  FROM invoices i JOIN customers cu ON cu.id = i.customer_id CROSS JOIN organization o
  LEFT JOIN collections c ON c.invoice_id = i.id AND c.closed_at IS NULL
  LEFT JOIN next_actions n ON n.collection_id = c.id
"""


@dataclass(frozen=True)
class Row:
    """An invoice with all that may be asked of it."""

    id: int
    number: str
    customer_id: int
    name: str
    state: str
    total: Decimal
    settled: Decimal
    outstanding: Decimal
    currency: str
    due_on: date | None
    issued_on: date
    term: int | None
    is_hidden: bool
    tolerance: Decimal
    collection_id: int | None
    cadence_id: int | None
    stage: str | None
    acts_at: datetime | None
    next_on: date | None
    channel: str | None
    execution: str | None
    owners: list[str]
    holds: list[str]
    promises: list[str]
    money_on: list[date]

    @property
    def is_unsettled(self) -> bool:
        return self.state == "open" and self.settled < self.total

    @property
    def derived_due_on(self) -> date | None:
        if self.due_on is None and self.term is not None:
            return self.issued_on + timedelta(days=self.term)
        return self.due_on

    @property
    def days_overdue(self) -> int:
        return 0 if self.derived_due_on is None else (TODAY - self.derived_due_on).days

    @property
    def aging(self) -> Aging | None:
        if not self.is_unsettled or self.outstanding <= self.tolerance:
            return None
        buckets = ((0, Aging.NOT_DUE), (30, Aging.TO_30), (60, Aging.TO_60), (90, Aging.TO_90))
        return next((bucket for most, bucket in buckets if self.days_overdue <= most), Aging.ABOVE_90)

    @property
    def risks(self) -> set[Risk]:
        if self.aging is None:
            return set()
        found = {
            Risk.OLD: self.days_overdue > 60,
            Risk.DISPUTED: "dispute" in self.holds,
            Risk.BROKEN_PROMISE: self.promises[-1:] == ["broken"],
            Risk.BLOCKED: self.stage == "blocked",
        }
        return {risk for risk, is_there in found.items() if is_there}


def rows_of(engine: Engine) -> list[Row]:
    """Return all invoices."""
    with engine.connect() as connection:
        return [Row(**row._mapping) for row in connection.execute(text(_ROWS))]


def is_chosen(row: Row, chosen: InvoiceChoice) -> bool:
    """Say whether the invoice is to be listed."""
    state = "paid" if row.state == "open" and not row.is_unsettled else "unsettled"
    said = (chosen.words or "").lower()
    number = row.number.lower()
    asked: list[tuple[object, bool]] = [
        (chosen.stages, row.stage in chosen.stages),
        (chosen.cadence_id, row.cadence_id == chosen.cadence_id),
        (chosen.customer_id, row.customer_id == chosen.customer_id),
        (chosen.currency, row.currency == chosen.currency),
        (chosen.aging, row.aging in chosen.aging),
        (chosen.risks, bool(row.risks & set(chosen.risks))),
        (chosen.owners, bool(set(row.owners) & set(chosen.owners))),
        (said, number.startswith(said) or number.endswith(said) or said in row.name.lower()),
        (chosen.next_from, row.next_on is not None and row.next_on >= (chosen.next_from or date.min)),
        (chosen.next_to, row.next_on is not None and row.next_on <= (chosen.next_to or date.max)),
        (chosen.channels, row.channel in chosen.channels),
        (chosen.execution, row.execution == chosen.execution),
        (chosen.outstanding_min, row.outstanding >= (chosen.outstanding_min or 0)),
        (chosen.outstanding_max, row.outstanding <= (chosen.outstanding_max or 0)),
    ]
    return (
        chosen.state in ("any", state if row.state == "open" else row.state)
        and all(holds for wanted, holds in asked if wanted)
        and chosen.is_hidden in (None, row.is_hidden)
        and chosen.has_cadence in (None, row.cadence_id is not None)
    )


def in_order(rows: Iterable[Row], order: Order) -> list[Row]:
    """Return the invoices as the list has them."""
    keys: dict[Order, Any] = {
        Order.NEWEST: lambda row: -row.id,
        Order.OUTSTANDING: lambda row: (-row.outstanding, -row.id),
        Order.CUSTOMER: lambda row: (row.name, row.customer_id, row.id),
        Order.DUE: lambda row: (row.due_on is None, row.due_on or row.issued_on, row.id),
        Order.NEXT_ACTION: lambda row: (
            (0, row.acts_at.timestamp(), row.collection_id) if row.acts_at else (1, -row.id, 0)
        ),
    }
    return sorted(rows, key=keys[order])
