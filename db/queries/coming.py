"""Reads what is planned: the contacts that no action was made for yet, the next one first.

As a list of actions, it looks at a bounded number of plans (ix_next_actions_acts_at; of a customer by
ix_invoices_customer_id and uq_collections_open) and says where to look further.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.plans import by_indexes
from db.queries.todos import ActionFilter
from db.queries.worklist import SCANNED_MAX, Worth, conditions_of


@dataclass(frozen=True, slots=True)
class ComingPlace:
    """Where a page ends."""

    acts_at: datetime
    collection_id: int


@dataclass(frozen=True, slots=True)
class ComingLine:
    """A contact to come. `sentence` is the ledger's plan, with what holds it up."""

    collection_id: int
    invoice: str
    customer: str
    customer_name: str
    outstanding: Decimal
    currency: str
    cadence: str
    step: str | None
    channel: str | None
    execution: str | None
    acts_at: datetime
    sentence: str
    invoice_due_on: date | None


@dataclass(frozen=True, slots=True)
class ComingPage:
    """A page of plans, and where to look further."""

    lines: tuple[ComingLine, ...]
    ends_at: ComingPlace | None


_COLUMNS = """
SELECT n.collection_id, i.number AS invoice, cu.external_id AS customer, cu.name AS customer_name, i.outstanding,
       i.currency, ca.name AS cadence, n.step_id AS step, n.channel, n.execution, n.acts_at, n.sentence,
       COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days)) AS invoice_due_on
"""
_JOINS = """
  JOIN collections c ON c.id = n.collection_id
  JOIN invoices i ON i.id = c.invoice_id
  JOIN customers cu ON cu.id = i.customer_id
  JOIN cadences ca ON ca.id = c.cadence_id
  JOIN organization o ON o.id = 1
"""
_WORTH = """
  JOIN next_actions n ON n.collection_id = seen.id
  JOIN collections c ON c.id = seen.id
  JOIN invoices i ON i.id = c.invoice_id
"""
_OF_WHOLE = 3
_BEHIND = "(n.acts_at, n.collection_id) > (:after_at, :after_id)"
_ORDER = "ORDER BY n.acts_at, n.collection_id LIMIT :scanned"
_SCANNED = f"SELECT n.collection_id AS id, n.acts_at FROM next_actions n WHERE {{behind}} {_ORDER}"  # noqa: S608
_OF_CUSTOMER = f"""
SELECT n.collection_id AS id, n.acts_at
  FROM invoices i JOIN collections c ON c.invoice_id = i.id AND c.state IN ('active', 'exhausted')
  JOIN next_actions n ON n.collection_id = c.id
 WHERE i.customer_id = :customer_id AND {{behind}} {_ORDER}
"""  # noqa: S608


def coming_page(
    session: Session, chosen: ActionFilter, worth: Worth, today: date, limit: int, after: ComingPlace | None = None
) -> ComingPage:
    """Return up to `limit` of the plans behind `after`; of the filter, cadence, customer and channels count.

    What waits for a person is an action already, and is left out.
    """
    by_indexes(session)
    conditions, parameters = conditions_of(worth, today)
    parameters |= {"scanned": SCANNED_MAX + 1, "seen": SCANNED_MAX, "lines": limit + 1}
    behind = "n.acts_at IS NOT NULL"
    if after is not None:
        behind = _BEHIND
        parameters |= {"after_at": after.acts_at, "after_id": after.collection_id}
    if chosen.customer_id is not None:
        parameters["customer_id"] = chosen.customer_id
    scan = (_SCANNED if chosen.customer_id is None else _OF_CUSTOMER).format(behind=behind)
    conditions += ["n.stage IN ('waiting', 'due', 'held')", "n.step_id IS NOT NULL"]
    if chosen.cadence_id is not None:
        conditions.append("c.cadence_id = :cadence_id")
        parameters["cadence_id"] = chosen.cadence_id
    if chosen.channels:
        conditions.append("n.channel = ANY(:channels)")
        parameters["channels"] = list(chosen.channels)
    # Only constants are put in here; what people ask for goes in as parameters. Where nothing is to be shown there
    # is one row, without a line.
    statement = f"""
    WITH looked AS MATERIALIZED ({scan}),
    seen AS MATERIALIZED (SELECT * FROM looked ORDER BY acts_at, id LIMIT :seen),
    best AS MATERIALIZED (
      SELECT seen.id FROM seen {_WORTH} WHERE {" AND ".join(conditions)}
       ORDER BY seen.acts_at, seen.id LIMIT :lines)
    {_COLUMNS}, whole.looked, ending.acts_at AS ends_at, ending.id AS ends_id
      FROM (SELECT count(*) AS looked FROM looked) whole
      LEFT JOIN (SELECT acts_at, id FROM seen ORDER BY acts_at DESC, id DESC LIMIT 1) ending ON true
      LEFT JOIN (best JOIN next_actions n ON n.collection_id = best.id {_JOINS}) ON true
     ORDER BY n.acts_at, n.collection_id"""  # noqa: S608
    rows = session.execute(text(statement), parameters).all()
    whole = rows[0]
    # A line's columns are in the order of its fields; what is said of the whole stands behind them.
    lines = tuple(ComingLine(*row[:-_OF_WHOLE]) for row in rows if row.collection_id is not None)
    if len(lines) > limit:
        last = lines[limit - 1]
        return ComingPage(lines[:limit], ComingPlace(last.acts_at, last.collection_id))
    has_more = whole.looked > SCANNED_MAX
    return ComingPage(lines, ComingPlace(whole.ends_at, whole.ends_id) if has_more else None)
