"""What happened to an invoice and what will, as points on one axis: newest past first, nearest future last."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from console.views.ahead_words import expiry_words
from console.views.invoice_ahead import InvoiceAhead
from console.web.languages import Reader
from console.web.pages.invoices.words import CHANNELS
from console.web.words import N_
from db.queries.incoming import InboxLine
from db.queries.invoice_messages import InvoiceMessage
from db.queries.timelines import TimelineEntryLine
from dunning.decision import HOLDS, Because, Expired, Reason
from dunning.forecast import Foretold

# Numbers by which the ledger knows things; people are shown the things.
_UNSHOWN = frozenset({"action", "todo", "inbox", "message", "currency", "collection"})
# The core says them in English: an offset from a date, and a delay after a contact.
_OFFSET = re.compile(r"(due|issue) date ([+-]\d+) days?")
_AFTER = re.compile(r"(\d+) days? after (?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d)")
_ISO_DAY = re.compile(r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{4}-\d\d-\d\d)")
_SAID = (N_("due date %(days)s days"), N_("issue date %(days)s days"), N_("%(days)s days after %(day)s"))
_LASTS = frozenset({*HOLDS, Because.CONTACT_DELAY, Because.SNOOZED, Because.SEND_HOURS, Because.RESUMED_TODAY})


@dataclass(frozen=True, slots=True)
class Past:
    """Something that happened, with the message or the reply that it was."""

    entry: TimelineEntryLine
    details: tuple[tuple[str, str], ...]
    message: InvoiceMessage | None = None
    reply: InboxLine | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """A message or a to-do ahead, why it is on its day, and the steps that end before it without having run."""

    action: Foretold
    channel: str
    reasons: tuple[str, ...]
    expired: tuple[tuple[str, str], ...]
    merged_with: str | None


def past_of(
    reader: Reader,
    entries: Sequence[TimelineEntryLine],
    messages: Sequence[InvoiceMessage],
    replies: Sequence[InboxLine],
) -> list[Past]:
    """Return the entries of a timeline as they are shown, in their order."""
    by_action = {message.action_id: message for message in messages}
    by_inbox = {reply.id: reply for reply in replies}
    return [
        Past(
            entry,
            tuple(_details(reader, entry.data)),
            by_action.get(_number(entry.data, "action")) if entry.kind.startswith("message ") else None,
            by_inbox.get(_number(entry.data, "inbox")),
        )
        for entry in entries
    ]


def coming_of(reader: Reader, ahead: InvoiceAhead) -> list[Coming]:
    """Return what is ahead of an invoice, the nearest last."""
    facts = ahead.collection.facts
    points = []
    for action in ahead.ahead.actions:
        reasons = [reason_words(reader, reason, action.on) for reason in action.because]
        obstacle = facts.obstacle(action.step)
        if not action.is_sent and action.step.is_automatic and obstacle is not None:
            reasons.append(reader.text("cannot be sent: %(why)s", why=reader.text(obstacle)))
        merged = None if action.merged_into is None else ahead.numbers[action.merged_into]
        channel = CHANNELS[action.step.channel.value]
        points.append(Coming(action, channel, tuple(reasons), expired_words(reader, action.expired), merged))
    return points[::-1]


def expired_words(reader: Reader, expired: Sequence[Expired]) -> tuple[tuple[str, str], ...]:
    """Return the steps that will never run, each with why."""
    return tuple((one.step.name or one.step.id, reader.text(expiry_words(one))) for one in expired)


def reason_words(reader: Reader, reason: Reason, on: date | None = None) -> str:
    """Return a reason in the reader's language; a day that is `on` need not be said again."""
    words = reader.text(reason.because.value)
    if reason.because is Because.TRIGGER and reason.detail is not None:
        words, detail = detail_words(reader, reason.detail), None
    else:
        detail = reason.detail
    if reason.day is not None and reason.day != on:
        day = reader.day(reason.day)
        if reason.because in _LASTS:
            words = reader.text("%(what)s until %(day)s", what=words, day=day)
        else:
            words = f"{words}: {day}"
    elif reason.day is None and reason.because in HOLDS:
        words = reader.text("%(what)s until it is ended", what=words)
    return words if detail is None else f"{words} ({detail_words(reader, detail)})"


def detail_words(reader: Reader, detail: str) -> str:
    """Return what a reason tells more in the reader's language, as far as it is known; else as it stands."""
    found = _OFFSET.fullmatch(detail)
    if found is not None:
        anchor = "due date %(days)s days" if found[1] == "due" else "issue date %(days)s days"
        return reader.text(anchor, days=found[2])
    found = _AFTER.fullmatch(detail)
    if found is not None:
        return reader.text("%(days)s days after %(day)s", days=found[1], day=_day_or(reader, found[2]))
    return _ISO_DAY.sub(lambda one: _day_or(reader, one[1]), reader.text(detail))


def _day_or(reader: Reader, said: str) -> str:
    day = _day(said)
    return said if day is None else reader.day(day)


def kept_reasons(reader: Reader, kept: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Return reasons as the ledger keeps them, in the reader's language."""
    return [_kept(reader, reason) for reason in kept or ()]


def _kept(reader: Reader, reason: Mapping[str, Any]) -> str:
    because, detail = str(reason.get("because") or ""), reason.get("detail")
    day = _day(reason.get("day"))
    try:
        return reason_words(reader, Reason(Because(because), day, None if detail is None else str(detail)))
    except ValueError:
        # Written by another release, or about a parked collection: shown as it stands.
        shown = (because and reader.text(because), detail and str(detail), day and reader.day(day))
        return ": ".join(part for part in shown if part)


def _details(reader: Reader, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if key in _UNSHOWN or value in (None, "", []):
            continue
        label = reader.text(key.replace("_", " "))
        if key == "changed" and isinstance(value, dict):
            found += [(name, " → ".join(_value(reader, one) for one in pair)) for name, pair in value.items()]
        elif key in ("amount", "total") and isinstance(data.get("currency"), str):
            found.append((label, _money(reader, value, data["currency"])))
        elif key == "channel" and value in CHANNELS:
            found.append((label, reader.text(CHANNELS[str(value)])))
        else:
            found.append((label, _value(reader, value)))
    return found


def _money(reader: Reader, amount: object, currency: str) -> str:
    try:
        return reader.money(Decimal(str(amount)), currency)
    except InvalidOperation:
        return f"{amount} {currency}"


def _value(reader: Reader, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(_value(reader, one) for one in value)
    if not isinstance(value, str):
        return str(value)
    day = _day(value)
    if day is not None:
        return reader.day(day)
    return reader.text(value) if value else "–"


def _day(value: object) -> date | None:
    if not isinstance(value, str) or len(value) != len("2026-06-01"):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _number(data: Mapping[str, Any], key: str) -> int:
    value = data.get(key)
    return value if isinstance(value, int) else 0
