"""Rounds of deliveries: what is due to an endpoint, what became of it, and when the next round is.

An endpoint is told in the order of what happened. One that does not answer rests, and everything owed to it waits;
an event that it refuses waits by itself, together with the later ones of its invoice (docs/decisions/0023).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, TextClause, delete, func, text, update
from sqlalchemy.orm import Session

from db.tables.webhooks import WebhookDelivery, WebhookEndpoint

# A process that was told is not told again for so long, nor while a round goes on, which takes less than that.
TOLD_FOR = timedelta(seconds=10)
ROUND_MAX = timedelta(seconds=60)
# Its own timer wakes a process for another attempt; only one that is not there by then is told.
TIMER_GRACE = timedelta(seconds=60)
ERROR_CHARACTERS_MAX = 500
# By ix_webhook_deliveries_owed; what waits, by ix_webhook_deliveries_waiting. What was never tried is due by any
# clock; a later event of an invoice waits for the one before. Equality would make the order one of ids alone, and
# then the planner likes to walk the primary key, past all that was delivered in a month.
_IS_DUE = """
d.endpoint_id BETWEEN e.id AND e.id AND d.state = 'owed' AND (d.attempts = 0 OR d.due_at <= :now AND NOT :untried)
AND NOT EXISTS (
      SELECT FROM webhook_deliveries b
       WHERE b.endpoint_id = e.id AND b.state = 'owed' AND b.attempts > 0 AND (b.due_at > :now OR :untried)
         AND b.invoice_id = d.invoice_id AND b.id < d.id)
"""


# In order, or the planner reads the whole table and hopes to come across one soon.
_HAS_DUE = (
    "(SELECT d.id FROM webhook_deliveries d WHERE -IS DUE- ORDER BY d.endpoint_id, d.id LIMIT 1) IS NOT NULL"
)


def _about_due(statement: str) -> TextClause:
    return text(statement.replace("-HAS DUE-", _HAS_DUE).replace("-IS DUE-", _IS_DUE))


_DUE = _about_due("""
SELECT d.id, d.event_id, d.invoice_id, d.payload, d.attempts
  FROM webhook_endpoints e JOIN webhook_deliveries d ON -IS DUE-
 WHERE e.id = :endpoint_id AND e.is_active
 ORDER BY d.endpoint_id, d.id LIMIT :limit
""")
_NEXT = _about_due("""
SELECT -HAS DUE- AS is_due, e.rests_until,
       (SELECT min(w.due_at) FROM webhook_deliveries w
         WHERE w.endpoint_id = e.id AND w.state = 'owed' AND w.attempts > 0) AS due_at
  FROM webhook_endpoints e WHERE e.id = :endpoint_id AND e.is_active
""")
_WAITING_TO_BE_TOLD = _about_due("""
UPDATE webhook_endpoints SET told_until = :told_until
 WHERE id IN (SELECT e.id FROM webhook_endpoints e
               WHERE e.is_active AND coalesce(e.told_until <= :told_at, true)
                 AND coalesce(e.rests_until <= :now, true)
                 AND -HAS DUE-
               ORDER BY e.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
""")
# By ix_webhook_deliveries_created_at. What is owed to an endpoint that was stopped is not kept for ever either.
_FORGET = text("""
DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY (
  SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
   WHERE d.created_at < :before AND (d.state <> 'owed' OR NOT e.is_active)
   ORDER BY d.created_at LIMIT :limit FOR UPDATE OF d SKIP LOCKED))
""")


# Whoever owes an endpoint something holds its key until that is committed.
_REMOVED = text("""
SELECT id FROM webhook_endpoints WHERE removed_at IS NOT NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
# In the order of an index, and of none that others share.
_FORGET_OF = text("""
DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY (
  SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint_id ORDER BY d.event_id LIMIT :limit))
""")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to deliver, and how; the first secret is the one in force. `rests_until` is when to try again."""

    id: int
    url: str
    secrets: tuple[str, ...]
    allows_private: bool
    failing_since: datetime | None
    failures: int
    rests_until: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """An event to deliver now; `attempts` failed before."""

    id: int
    event_id: str
    invoice_id: int | None
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Ended:
    """When the next round is: None when nothing is owed."""

    next_at: datetime | None


def endpoints_to_tell(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """Return endpoints to which something is due and whose process was not told, and note that it is now."""
    parameters = {
        "told_at": now,
        "told_until": now + TOLD_FOR,
        "now": now - TIMER_GRACE,
        "limit": limit,
        "untried": False,
    }
    return session.scalars(_WAITING_TO_BE_TOLD, parameters).all()


def begin_round(session: Session, endpoint_id: int, now: datetime) -> Endpoint | None:
    """Return where to deliver; None if that is stopped or removed."""
    statement = (
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.is_active)
        .values(told_until=now + ROUND_MAX)
        .returning(WebhookEndpoint)
    )
    row = session.scalars(statement).one_or_none()
    if row is None:
        return None
    secrets = [row.secret]
    if row.previous_secret is not None and row.previous_until is not None and now < row.previous_until:
        secrets.append(row.previous_secret)
    return Endpoint(
        row.id, row.url, tuple(secrets), row.allows_private, row.failing_since, row.failures, row.rests_until
    )


def due_deliveries(
    session: Session, endpoint_id: int, now: datetime, limit: int, *, untried: bool = False
) -> list[Due]:
    """Return the next events to deliver, in order; `untried` are those that did not fail before."""
    rows = session.execute(_DUE, {"endpoint_id": endpoint_id, "now": now, "limit": limit, "untried": untried})
    return [Due(**row._mapping) for row in rows]


def end_round(session: Session, endpoint_id: int, now: datetime) -> Ended | None:
    """Return when to go on; None if the endpoint is stopped or removed.

    If it is not at once, what is owed from now on is told anew.
    """
    row = session.execute(_NEXT, {"endpoint_id": endpoint_id, "now": now, "untried": False}).one_or_none()
    if row is None:
        return None
    rests = row.rests_until is not None and row.rests_until > now
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(told_until=now + ROUND_MAX if row.is_due and not rests else None)
    )
    next_at = now if row.is_due else row.due_at
    if next_at is not None and rests:
        next_at = max(next_at, row.rests_until)
    return Ended(next_at)


def record_delivered(session: Session, delivery: Due, status: int, now: datetime) -> None:
    """Note that the event arrived."""
    _write(session, delivery.id, state="delivered", ended_at=now, last_status=status, last_error=None)


def record_well(session: Session, endpoint_id: int) -> None:
    """Note that an endpoint answers again that did not."""
    statement = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
    session.execute(statement.values(failing_since=None, failures=0, rests_until=None, last_error=None))


def record_failed(
    session: Session, delivery: Due, status: int | None, error: str, due_at: datetime, *, ended_at: datetime | None
) -> None:
    """Note that the event did not arrive; it is tried again at `due_at`, or given up at `ended_at`."""
    state = "owed" if ended_at is None else "given up"
    said = error[:ERROR_CHARACTERS_MAX]
    _write(
        session, delivery.id, state=state, due_at=due_at, ended_at=ended_at, last_status=status, last_error=said
    )


def let_rest(session: Session, endpoint_id: int, error: str, now: datetime, until: datetime) -> None:
    """Try nothing at the endpoint until then."""
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(
            failing_since=func.coalesce(WebhookEndpoint.failing_since, now),
            failures=WebhookEndpoint.failures + 1,
            rests_until=until,
            last_error=error[:ERROR_CHARACTERS_MAX],
        )
    )


def forget_deliveries(session: Session, before: datetime, limit: int) -> int:
    """Forget a page of old deliveries that are over, and return how many those were."""
    result = session.execute(_FORGET, {"before": before, "limit": limit})
    assert isinstance(result, CursorResult)
    return result.rowcount


def forget_removed(session: Session, limit: int) -> int:
    """Forget a page of what a removed endpoint was and is owed, with the last one the endpoint; return how many.

    Endpoints to which something is just being owed, by whoever saw them before they were removed, come later.
    """
    endpoint_id = session.scalar(_REMOVED)
    if endpoint_id is None:
        return 0
    result = session.execute(_FORGET_OF, {"endpoint_id": endpoint_id, "limit": limit})
    assert isinstance(result, CursorResult)
    if result.rowcount < limit:
        session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))
    return result.rowcount


def _write(session: Session, delivery_id: int, **values: Any) -> None:
    # Somebody may have removed it meanwhile, or another attempt that was taken for dead delivered it.
    statement = update(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.state == "owed")
    session.execute(statement.values(attempts=WebhookDelivery.attempts + 1, **values))
