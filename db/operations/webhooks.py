"""Who is told of events over HTTP: endpoints, and what is owed to them beside what the timeline owes by itself."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import CursorResult, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.tables.webhook_events import FAMILIES, KINDS, PING, VERSION
from db.tables.webhooks import WebhookDelivery, WebhookEndpoint

# Every event is written once for each of them.
ENDPOINTS_MAX = 50
BOTH_SECRETS_FOR = timedelta(hours=24)
# As the trigger on the timeline does it, for what is on no timeline.
_OWE = text("""
INSERT INTO webhook_deliveries (endpoint_id, event_id, kind, invoice_id, payload)
SELECT e.id, :event_id, :kind, i.id, jsonb_build_object(
         'version', :version, 'id', CAST(:event_id AS text), 'kind', CAST(:kind AS text),
         'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'on', (now() AT TIME ZONE o.time_zone)::date,
         'invoice', jsonb_build_object('external_id', i.external_id, 'number', i.number),
         'customer', jsonb_build_object('external_id', c.external_id),
         'data', CAST(:data AS jsonb))
  FROM webhook_endpoints e JOIN organization o ON o.id = 1
  JOIN invoices i ON i.id = :invoice_id
  JOIN customers c ON c.id = i.customer_id
 WHERE e.is_active AND (e.kinds = '[]' OR e.kinds ? :kind OR e.kinds ? :family)
 ORDER BY e.id
   FOR KEY SHARE OF e
    ON CONFLICT (endpoint_id, event_id) DO NOTHING
""")


def owe_webhook(session: Session, kind: str, invoice_id: int, payload: Mapping[str, Any], event_id: str) -> int:
    """Owe an event about the invoice to every endpoint that wants its kind; return to how many it is new.

    `payload` is the event's `data`, as JSON. What bears an `event_id` that an endpoint is or was owed is not owed
    to it again.
    """
    parameters = {
        "kind": kind,
        "family": f"{kind.partition('.')[0]}.*",
        "invoice_id": invoice_id,
        "data": json.dumps(payload, default=str),
        "event_id": event_id,
        "version": VERSION,
    }
    result = session.execute(_OWE, parameters)
    assert isinstance(result, CursorResult)
    return result.rowcount


def owe_ping(session: Session, endpoint_id: int, now: datetime) -> int:
    """Owe an event to the endpoint that tells of nothing, and return the delivery's id. Raises Refused."""
    _told(session, endpoint_id)
    event_id = f"evt_{uuid4().hex}"
    body = {"version": VERSION, "id": event_id, "kind": PING, "at": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}", "data": {}}
    values = {"endpoint_id": endpoint_id, "event_id": event_id, "kind": PING, "payload": body}
    return session.execute(insert(WebhookDelivery).values(values).returning(WebhookDelivery.id)).scalar_one()


def require_kinds(kinds: Sequence[str]) -> list[str]:
    """Return the kinds as an endpoint keeps them; `payment.*` is a whole family. Raises Refused."""
    known = {*KINDS, *(f"{family}.*" for family in FAMILIES)}
    for kind in kinds:
        if kind not in known:
            raise Refused("{kind!r} is no kind of event; see duewell webhook kinds", kind=kind)
    return sorted(set(kinds))


def add_endpoint(
    session: Session, url: str, kinds: Sequence[str], secret: str, allows_private: bool, by: str
) -> int:
    """Let the address be told of events from now on, and return the endpoint's id. Raises Refused."""
    # Two at once may come to one more than the bound, which hurts nobody.
    if (session.scalar(select(func.count()).where(WebhookEndpoint.removed_at.is_(None))) or 0) >= ENDPOINTS_MAX:
        raise Refused("there are {most} webhooks already; remove one", most=ENDPOINTS_MAX)
    statement = insert(WebhookEndpoint).values(
        url=url,
        kinds=require_kinds(kinds),
        secret=secret,
        allows_private=allows_private,
        created_by=by,
    )
    return session.execute(statement.returning(WebhookEndpoint.id)).scalar_one()


def change_endpoint(
    session: Session, endpoint_id: int, url: str | None, kinds: Sequence[str] | None, allows_private: bool
) -> bool:
    """Let the endpoint be elsewhere, or be told of other kinds, where that is given; say whether it differs.

    What is owed already goes to where it is then, at once: whatever kept it back was of the address before.
    Raises Refused.
    """
    endpoint = _locked(session, endpoint_id)
    sound = endpoint.kinds if kinds is None else require_kinds(kinds)
    is_moved = url is not None and (endpoint.url, endpoint.allows_private) != (url, allows_private)
    if not is_moved and sound == endpoint.kinds:
        return False
    endpoint.kinds = sound
    if url is not None and is_moved:
        endpoint.url, endpoint.allows_private = url, allows_private
        if endpoint.is_active:
            session.flush()
            start_endpoint(session, endpoint_id)
    return True


def rotate_secret(session: Session, endpoint_id: int, secret: str, now: datetime) -> datetime:
    """Sign with a new secret, and for a day with the one before too; return until when. Raises Refused."""
    endpoint = _locked(session, endpoint_id)
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, now + BOTH_SECRETS_FOR
    endpoint.secret = secret
    return endpoint.previous_until


def stop_endpoint(session: Session, endpoint_id: int, because: str) -> bool:
    """Send nothing more there, and owe it nothing new; say whether that is news. Raises Refused if there is none.

    What is owed already waits for `start_endpoint`.
    """
    endpoint = _locked(session, endpoint_id)
    if not endpoint.is_active:
        return False
    endpoint.is_active, endpoint.stopped_because = False, because
    return True


def start_endpoint(session: Session, endpoint_id: int) -> bool:
    """Send what is owed to the endpoint, at once, whatever failed before; say whether it was stopped or rested.

    Raises Refused if there is none.
    """
    endpoint = _locked(session, endpoint_id)
    is_news = not endpoint.is_active or endpoint.rests_until is not None
    endpoint.is_active, endpoint.stopped_because = True, None
    endpoint.failing_since = endpoint.rests_until = endpoint.told_until = None
    endpoint.failures = 0
    tried = WebhookDelivery.state == "owed", WebhookDelivery.attempts > 0
    session.execute(
        update(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, *tried).values(attempts=0)
    )
    return is_news


def redeliver(session: Session, delivery_id: int) -> int:
    """Owe the delivery once more, under the same event id, and return its endpoint's. Raises Refused."""
    row = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if row is None:
        raise Refused("there is no delivery {delivery_id}; it may have been forgotten", delivery_id=delivery_id)
    _told(session, row.endpoint_id).told_until = None
    row.state, row.ended_at, row.attempts = "owed", None, 0
    return row.endpoint_id


def redeliver_given_up(session: Session, endpoint_id: int, limit: int) -> int:
    """Owe the endpoint's oldest deliveries that were given up once more; return how many. Raises Refused."""
    _told(session, endpoint_id).told_until = None
    chosen = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state == "given up")
        .order_by(WebhookDelivery.id)
        .limit(limit)
        .cte("chosen")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    again = {"state": "owed", "ended_at": None, "attempts": 0}
    result = session.execute(update(WebhookDelivery).where(WebhookDelivery.id == chosen.c.id).values(again))
    assert isinstance(result, CursorResult)
    return result.rowcount


def remove_endpoint(session: Session, endpoint_id: int) -> None:
    """Let the endpoint not be there any more: it is told, owed and shown nothing. Raises Refused if there is none.

    What it was and is owed is left to `forget_removed`: there may be millions, and nobody has to wait for that.
    """
    endpoint = _locked(session, endpoint_id)
    endpoint.is_active, endpoint.removed_at = False, func.now()


def _locked(session: Session, endpoint_id: int) -> WebhookEndpoint:
    # Not FOR UPDATE: what happens to invoices meanwhile must not wait for it.
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.removed_at.is_(None)
    )
    endpoint = session.scalars(statement.with_for_update(key_share=True)).one_or_none()
    if endpoint is None:
        raise Refused("there is no webhook {endpoint_id}", endpoint_id=endpoint_id)
    return endpoint


def _told(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """Return the endpoint under lock. Raises Refused if there is none, or if it is stopped."""
    endpoint = _locked(session, endpoint_id)
    if not endpoint.is_active:
        raise Refused(
            "webhook {endpoint_id} is stopped; see duewell webhook start {endpoint_id}", endpoint_id=endpoint_id
        )
    return endpoint
