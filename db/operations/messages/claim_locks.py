"""Takes the locks of a claim, always in one order: the customer, then invoices ascending (docs/decisions/0008)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.engine import LOCK_TIMEOUT_MS
from db.operations.adoption import adopted
from db.operations.change import Change
from db.operations.deciding import decided
from db.queries.collections import open_collection
from db.statement import Statement
from db.tables.invoices import Invoice
from dunning.decision import Send

# No message lists more invoices than this; the rest of such a customer follows in further ones.
MERGED_MAX = 100

# Where every collection is on its own, its claim costs what it always did: this one statement.
_LOCK_ALONE = Statement("""
SELECT i.id FROM invoices i JOIN organization o ON o.id = 1
 WHERE i.id = :invoice_id AND o.contact_delay_scope = 'collection' AND NOT o.merges_same_day
   AND NOT EXISTS (SELECT FROM collections c JOIN actions a ON a.collection_id = c.id
                    WHERE c.invoice_id = i.id AND a.state <> 'done'
                      AND (a.merged_into IS NOT NULL OR EXISTS (SELECT FROM actions b WHERE b.merged_into = a.id)))
   FOR UPDATE OF i
""")
# Not the customer's row: whoever books a payment holds an invoice and needs that row after it.
_LOCK_CUSTOMER = text("""
SELECT pg_advisory_xact_lock(CAST(:space AS int), CAST(i.customer_id % 2147483647 AS int)), o.merges_same_day
  FROM invoices i JOIN organization o ON o.id = 1 WHERE i.id = :invoice_id
""")
_SPACE_OF_CUSTOMERS = 2014
# PostgreSQL looks for a deadlock after a second (deadlock_timeout).
_GIVE_WAY = text("SET LOCAL lock_timeout = 700")
_WAIT_AS_ALWAYS = text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
# The invoices that are or were in one message with this one, and may still be written about together.
_COMPANIONS = text("""
WITH own AS (
  SELECT a.id, a.merged_into FROM collections c JOIN actions a ON a.collection_id = c.id
   WHERE c.invoice_id = :invoice_id AND a.state <> 'done')
SELECT a.invoice_id FROM own JOIN actions a ON a.merged_into = own.id
 UNION
SELECT a.invoice_id FROM own JOIN actions a ON a.merged_into = own.merged_into
 UNION
SELECT a.invoice_id FROM own JOIN actions a ON a.id = own.merged_into
""")
# By the projection, which names the truth (rule 2.12); whether it still is the truth is asked again under lock.
_OTHERS = text("""
SELECT i.id FROM invoices i
  JOIN collections c ON c.invoice_id = i.id
  JOIN next_actions n ON n.collection_id = c.id
 WHERE i.customer_id = :customer_id AND i.id <> :invoice_id
   AND c.cadence_id = :cadence_id AND c.state IN ('active', 'exhausted')
   AND n.step_id = :step_id AND n.due_on <= :today
 ORDER BY i.due_on, i.id
 LIMIT :limit
""")


def lock_for_claim(session: Session, invoice_id: int, change: Change) -> list[int] | None:
    """Lock what the claim of a step of the invoice may touch, until the transaction ends.

    Returns None where the invoice is on its own. Where its customer is written to as a whole, or about several
    invoices at once, all claims of the customer wait for each other, and the invoices that may be written about
    with this one are locked and returned.
    """
    if _LOCK_ALONE.scalar(session, invoice_id=invoice_id) is not None:
        return None
    customer = session.execute(
        _LOCK_CUSTOMER, {"invoice_id": invoice_id, "space": _SPACE_OF_CUSTOMERS}
    ).one_or_none()
    if customer is None:
        return None
    ids = {invoice_id, *session.scalars(_COMPANIONS, {"invoice_id": invoice_id})}
    if customer.merges_same_day:
        ids |= _others(session, invoice_id, change)
    return [locked for locked in lock_giving_way(session, ids) if locked != invoice_id]


def lock_giving_way(session: Session, invoice_ids: Iterable[int]) -> Sequence[int]:
    """Lock the invoices, ascending, and return those there are.

    Who cannot have them soon is undone and tries again: an import locks in the order of its file, and when both
    wait for each other it must not be the import, or a person's command, that PostgreSQL ends.
    """
    session.execute(_GIVE_WAY)
    lock = select(Invoice.id).where(Invoice.id.in_(list(invoice_ids))).order_by(Invoice.id).with_for_update()
    locked = session.scalars(lock).all()
    session.execute(_WAIT_AS_ALWAYS)
    return locked


def _others(session: Session, invoice_id: int, change: Change) -> set[int]:
    """Return the customer's other invoices for which the same step is due today (rule 2.15)."""
    collection = open_collection(session, invoice_id)
    if collection is None:
        return set()
    decision = decided(adopted(session, collection), change.at)
    if not isinstance(decision, Send):
        return set()
    parameters = {
        "customer_id": collection.customer_id,
        "invoice_id": invoice_id,
        "cadence_id": collection.cadence_id,
        "step_id": decision.step.id,
        "today": change.on,
        "limit": MERGED_MAX - 1,
    }
    return set(session.scalars(_OTHERS, parameters))
