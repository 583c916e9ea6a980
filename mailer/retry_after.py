"""Reads how long a server wishes to be left alone (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_SECONDS_MAX = 86_400.0


def seconds_of(wish: str | None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None if it is neither."""
    if not wish:
        return None
    try:
        seconds = float(wish)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(wish) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 1.0), RETRY_AFTER_SECONDS_MAX) if seconds == seconds else None
