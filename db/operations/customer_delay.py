"""Brings a customer's other collections up to date after a contact (rule 2.14, docs/decisions/0008)."""

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.operations.messages.claim_locks import lock_giving_way
from db.operations.outbox import owe
from db.operations.settle import Settled, settle

# A customer with more open collections than this leaves it to each of them to look again at its own moment.
OTHERS_MAX = 50
log = structlog.get_logger()

_OTHERS = text("""
SELECT o.id FROM invoices i
  JOIN invoices o ON o.customer_id = i.customer_id AND o.id <> i.id
  JOIN collections c ON c.invoice_id = o.id AND c.state IN ('active', 'exhausted')
 WHERE i.id = :invoice_id ORDER BY o.id LIMIT :limit
""")
_NEXT = text("""
SELECT c.invoice_id, n.step_id, n.acts_at FROM next_actions n JOIN collections c ON c.id = n.collection_id
 WHERE c.invoice_id = ANY(:invoice_ids) AND c.state IN ('active', 'exhausted')
""")


def settle_others(session: Session, invoice_id: int, change: Change) -> int:
    """Settle the other open collections of the invoice's customer, and return how many next actions moved.

    The processes of those are owed a signal. Beyond OTHERS_MAX nothing is done: no collection relies on it,
    because each decides again before it acts. The caller holds no lock.
    """
    ids = list(session.scalars(_OTHERS, {"invoice_id": invoice_id, "limit": OTHERS_MAX + 1}))
    if len(ids) > OTHERS_MAX:
        return 0
    lock_giving_way(session, ids)
    before = {row.invoice_id: (row.step_id, row.acts_at) for row in session.execute(_NEXT, {"invoice_ids": ids})}
    moved = 0
    for other_id in ids:
        settled = settle_beside(session, other_id, change)
        if settled is None:
            continue
        projection = settled.projection
        step_id = projection.step.id if projection.step else None
        if before.get(other_id) != (step_id, projection.acts_at):
            owe(session, other_id, "invoice_changed", {"by": change.by})
            moved += 1
    return moved


def settle_beside(session: Session, invoice_id: int, change: Change) -> Settled | None:
    """Settle another invoice's collection than the one at hand, whose record must not fail with it.

    Returns None if there is no open one, or if it cannot be settled: its own process meets the same, and parks
    it with the reason (rule 4.5). The caller holds its lock.
    """
    try:
        with session.begin_nested():
            return settle(session, invoice_id, change)
    except DBAPIError:
        raise
    except Exception:
        log.exception("left to its own process", invoice_id=invoice_id)
        return None
