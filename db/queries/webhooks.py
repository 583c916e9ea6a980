"""Reads webhooks: who is told of what, how that goes, and what became of single deliveries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint as lists show it, without its secrets.

    `owed` counts what waits, up to a thousand; `oldest_at` is when the oldest of that happened.
    """

    id: int
    url: str
    kinds: list[str]
    allows_private: bool
    is_active: bool
    stopped_because: str | None
    failing_since: datetime | None
    rests_until: datetime | None
    last_error: str | None
    created_at: datetime
    created_by: str
    two_secrets_until: datetime | None
    owed: int
    oldest_at: datetime | None

    @property
    def state(self) -> str:
        """Return in a word how it goes."""
        if not self.is_active:
            return "stopped"
        return "failing" if self.failing_since is not None else "well"


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery as lists show it; `invoice` is the number of the invoice that it is about."""

    id: int
    webhook: int
    event_id: str
    kind: str
    invoice: str | None
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None


OWED_COUNTED_MAX = 1000
BIGINT_MAX = 2**63 - 1
# A few dozens of endpoints, each by ix_webhook_deliveries_owed.
_LINES = text("""
SELECT e.id, e.url, e.kinds, e.allows_private, e.is_active, e.stopped_because, e.failing_since, e.rests_until,
       e.last_error, e.created_at, e.created_by, o.owed, o.oldest_at,
       CASE WHEN e.previous_until > :now THEN e.previous_until END AS two_secrets_until
  FROM webhook_endpoints e
 CROSS JOIN LATERAL (SELECT count(*) AS owed, min(d.created_at) AS oldest_at
                       FROM (SELECT created_at FROM webhook_deliveries
                              WHERE endpoint_id BETWEEN e.id AND e.id AND state = 'owed'
                              ORDER BY endpoint_id, id LIMIT :limit) d) o
 WHERE e.removed_at IS NULL AND (CAST(:id AS bigint) IS NULL OR e.id = :id)
 ORDER BY e.id
""")
_DELIVERY = """
SELECT d.id, d.endpoint_id AS webhook, d.event_id, d.kind, i.number AS invoice, d.state, d.attempts,
       d.last_status, d.last_error, d.due_at, d.created_at, d.ended_at
  FROM webhook_deliveries d LEFT JOIN invoices i ON i.id = d.invoice_id
 WHERE d.endpoint_id NOT IN (SELECT id FROM webhook_endpoints WHERE removed_at IS NOT NULL)
"""
# The newest first: all by the primary key, those of an endpoint by ix_webhook_deliveries_endpoint_id; for BETWEEN
# see db/operations/webhook_deliveries.py.
_BEFORE = "d.id < :before_id"
_NEWEST = text(f"{_DELIVERY} AND {_BEFORE} ORDER BY d.id DESC LIMIT :limit")
_NEWEST_OF = text(
    f"{_DELIVERY} AND d.endpoint_id BETWEEN :id AND :id AND {_BEFORE}"
    "  ORDER BY d.endpoint_id DESC, d.id DESC LIMIT :limit"
)
_ONE_DELIVERY = text(f"{_DELIVERY} AND d.id = :id AND d.endpoint_id = :endpoint_id")
# By ix_webhook_deliveries_given_up and ix_webhook_deliveries_waiting, which hold nothing else and are short.
_FAILED = text(
    f"{_DELIVERY} AND (d.state = 'given up' OR d.state = 'owed' AND d.attempts > 0) AND {_BEFORE}"
    "  AND (CAST(:id AS bigint) IS NULL OR d.endpoint_id = :id) ORDER BY d.id DESC LIMIT :limit"
)


def endpoint_lines(session: Session, now: datetime, endpoint_id: int | None = None) -> list[EndpointLine]:
    """Return all endpoints in the order of their ids, or the one with this id if it is there."""
    parameters = {"now": now, "limit": OWED_COUNTED_MAX, "id": endpoint_id}
    return [EndpointLine(**row._mapping) for row in session.execute(_LINES, parameters)]


def delivery_lines(
    session: Session, limit: int, endpoint_id: int | None, before_id: int | None = None, *, failed: bool
) -> list[DeliveryLine]:
    """Return the newest deliveries, of one endpoint or all; `failed` are those that were not taken so far."""
    statement = _FAILED if failed else _NEWEST if endpoint_id is None else _NEWEST_OF
    before_id = BIGINT_MAX if before_id is None else before_id
    rows = session.execute(statement, {"limit": limit, "id": endpoint_id, "before_id": before_id})
    return [DeliveryLine(**row._mapping) for row in rows]


def delivery_line(session: Session, endpoint_id: int, delivery_id: int) -> DeliveryLine | None:
    """Return a delivery to the endpoint, if it has such a one (by the primary key)."""
    row = session.execute(_ONE_DELIVERY, {"id": delivery_id, "endpoint_id": endpoint_id}).one_or_none()
    return None if row is None else DeliveryLine(**row._mapping)
