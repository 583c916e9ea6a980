"""Webhooks and their deliveries in words."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console

from console.terminal.printing import say
from console.terminal.tables import row, table_of
from db.queries.webhooks import OWED_COUNTED_MAX, DeliveryLine, EndpointLine


def owed_words(line: EndpointLine) -> str:
    """Return how many deliveries wait."""
    if not line.owed:
        return ""
    return f"{OWED_COUNTED_MAX}+" if line.owed >= OWED_COUNTED_MAX else str(line.owed)


def how_it_goes(line: EndpointLine, zone: ZoneInfo) -> str:
    """Return how it goes with the webhook."""
    if not line.is_active:
        return f"stopped: {line.stopped_because}"
    if line.failing_since is None:
        return "well"
    again = "" if line.rests_until is None else f", tried again {_moment(line.rests_until, zone)}"
    return f"failing since {_moment(line.failing_since, zone)}{again}: {line.last_error}"


def print_webhook(console: Console, line: EndpointLine, zone: ZoneInfo) -> None:
    """Print a webhook."""
    say(console, f"Webhook {line.id}, {line.url}: {how_it_goes(line, zone)}.")
    private = " It may be in a private network." if line.allows_private else ""
    say(console, f"It is told of {', '.join(line.kinds) or 'everything'}.{private}")
    say(console, f"Added by {line.created_by}, {_moment(line.created_at, zone)}.")
    if line.two_secrets_until is not None:
        say(console, f"It has two secrets until {_moment(line.two_secrets_until, zone)}.")
    if line.owed:
        oldest = "" if line.oldest_at is None else f", the oldest since {_moment(line.oldest_at, zone)}"
        say(console, f"{owed_words(line)} deliveries wait{oldest}.")


def print_deliveries(console: Console, lines: Sequence[DeliveryLine], zone: ZoneInfo) -> None:
    """Print deliveries as a table; whose they are is said where it is not plain."""
    if not lines:
        return
    several = len({line.webhook for line in lines}) > 1
    table = table_of("delivery", *(["webhook"] if several else []), "happened", "kind", "invoice", "")
    for line in lines:
        happened = f"{line.created_at.astimezone(zone):%m-%d\N{NO-BREAK SPACE}%H:%M}"
        whose = [line.webhook] if several else []
        row(table, line.id, *whose, happened, line.kind, line.invoice, _state(line, zone))
    console.print(table)


def _state(line: DeliveryLine, zone: ZoneInfo) -> str:
    if line.state == "owed" and line.attempts:
        return f"{line.last_error}; again {_moment(line.due_at, zone)}"
    if line.state == "given up":
        return f"given up after {line.attempts} attempts: {line.last_error}"
    return line.state


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
