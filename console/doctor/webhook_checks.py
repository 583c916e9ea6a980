"""Doctor: whether those who are to be told of events are."""

from datetime import datetime, timedelta

from console.doctor.check import Check
from db.engine import Session
from db.queries.webhooks import EndpointLine, endpoint_lines

# A worker delivers what is owed within seconds.
OWED_MAX = timedelta(minutes=5)


def examine_webhooks(session: Session, now: datetime) -> list[Check]:
    """Return how it goes with webhooks; nothing where there are none."""
    lines = endpoint_lines(session, now)
    if not lines:
        return []
    troubled = [check for check in (_trouble(line, now) for line in lines) if check is not None]
    told = sum(line.state == "well" for line in lines)
    return [Check("webhooks", "ok", f"{told} of {len(lines)} are told"), *troubled]


def _trouble(line: EndpointLine, now: datetime) -> Check | None:
    name, mend = f"webhook {line.id}", f"mend the receiver, then: duewell webhook start {line.id}"
    if not line.is_active:
        is_ordered = (line.stopped_because or "").startswith("by ")
        return Check(
            name, "ok" if is_ordered else "warn", f"stopped: {line.stopped_because}", None if is_ordered else mend
        )
    if line.failing_since is not None:
        return Check(
            name, "warn", f"failing since {line.failing_since:%Y-%m-%d %H:%M} UTC: {line.last_error}", mend
        )
    if line.oldest_at is not None and now - line.oldest_at > OWED_MAX:
        return Check(
            name, "warn", f"{line.owed} deliveries wait", f"duewell webhook deliveries {line.id} --failed"
        )
    return None
