"""Reads a message that came in: what it is, and which of our messages it may be about. Pure, for any bytes."""

import re
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from mailer.incoming_bounces import Failure, Returned, is_report, original_of, returned
from mailer.incoming_parts import (
    address_of,
    header,
    headers,
    message_ids,
    open_message,
    parts_of,
    shown,
    text_of,
    text_of_part,
)
from mailer.incoming_replies import excerpt, is_automatic, is_reply

SUBJECT_CHARACTERS_MAX = 300
SENDER_CHARACTERS_MAX = 320
ABOUT_MAX = 50
# The addresses that a message was delivered to, as senders and servers note them.
_DELIVERED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Original-Recipient")
_TOKEN = re.compile(r"\+([A-Za-z0-9_-]{6,64})@")
_RAW_HEADER = re.compile(rb"^(from|subject):[ \t]*([^\r\n]{0,300})", re.IGNORECASE | re.MULTILINE)


class Kind(StrEnum):
    """What a message from outside is."""

    REPLY = "reply"
    AUTOMATIC_REPLY = "automatic reply"
    BOUNCE = "bounce"
    DELAY = "delay"
    COMPLAINT = "complaint"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Received:
    """A message from outside.

    `about` are the Message-IDs of the messages that it may be about, the likeliest first, and `tokens` what the
    addresses it came to bear behind a `+`. `failures` are the recipients that a bounce or a delay reports, and
    `complainants` who a complaint is from, as far as it says so.
    """

    kind: Kind
    sender: str
    subject: str
    excerpt: str
    about: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    complainants: tuple[str, ...] = ()


def read_received(raw: bytes) -> Received:
    """Return what the message is; never raises. What would be expensive to open is `other`, for a person."""
    message = open_message(raw)
    if message is None:
        return _unopened(raw)
    report = returned(message)
    complaint = _complaint(message)
    kind, failures = _kind(message, report, complaint is not None)
    said = text_of(message)
    # What a mail server says begins with it; what a person says may stand before or below a quotation.
    return Received(
        kind=kind,
        sender=(address_of(header(message, "From")) or header(message, "From"))[:SENDER_CHARACTERS_MAX],
        subject=header(message, "Subject")[:SUBJECT_CHARACTERS_MAX],
        excerpt=excerpt(said),
        about=_about(message, report, complaint),
        tokens=_tokens(message, report),
        failures=failures,
        complainants=() if complaint is None else _complainants(complaint),
    )


def _kind(message: Message, report: Returned | None, complains: bool) -> tuple[Kind, tuple[Failure, ...]]:
    if complains:
        return Kind.COMPLAINT, ()
    if report is not None:
        is_permanent = any(failure.is_permanent for failure in report.failures)
        return (Kind.BOUNCE if is_permanent else Kind.DELAY), report.failures
    if is_report(message):
        # It reports a delivery: nothing has to be done about that.
        return Kind.OTHER, ()
    if is_automatic(message):
        return Kind.AUTOMATIC_REPLY, ()
    return (Kind.REPLY if is_reply(message) else Kind.OTHER), ()


def _complaint(message: Message) -> Message | None:
    """Return the feedback report as headers (RFC 5965), or None if the message is no complaint."""
    for part in parts_of(message):
        if part.get_content_type() == "message/feedback-report":
            report = _report_headers(part)
            # Its other types report on authentication, or that something is no spam after all.
            kind = header(report, "Feedback-Type").lower()
            return report if kind in ("abuse", "fraud", "opt-out", "opt-out-list", "other", "virus", "") else None
    return None


def _report_headers(part: Message) -> Message:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    found = Message()
    for line in text_of_part(part).splitlines()[:100]:
        name, separator, value = line.partition(":")
        if separator and re.fullmatch(r"[A-Za-z-]{1,60}", name):
            found[name] = value.strip()[:500]
    return found


def _complainants(report: Message) -> tuple[str, ...]:
    stated = [
        address_of(value) for value in headers(report, "Original-Rcpt-To") + headers(report, "Removal-Recipient")
    ]
    return tuple(dict.fromkeys(address for address in stated if address))


def _about(message: Message, report: Returned | None, complaint: Message | None) -> tuple[str, ...]:
    ids = message_ids(header(message, "In-Reply-To"))
    ids += reversed(message_ids(header(message, "References")))
    if report is not None:
        ids += report.message_ids
    elif complaint is not None or is_report(message):
        original = original_of(message)
        ids += message_ids(header(original, "Message-ID")) if original is not None else []
    return tuple(dict.fromkeys(ids))[:ABOUT_MAX]


def _tokens(message: Message, report: Returned | None) -> tuple[str, ...]:
    texts = [value for name in _DELIVERED for value in headers(message, name)]
    texts += report.addresses if report is not None else ()
    # Some servers write addresses in capitals; a token is the same in any case.
    return tuple(dict.fromkeys(token.lower() for text in texts for token in _TOKEN.findall(text)))[:ABOUT_MAX]


def _unopened(raw: bytes) -> Received:
    found = {name.lower(): value for name, value in reversed(_RAW_HEADER.findall(raw[:64_000]))}
    sender, subject = (
        shown(found.get(name, b"").decode("utf-8", "replace")).strip() for name in (b"from", b"subject")
    )
    why = "(This message is built in a way that is too expensive to open; it is kept as it came.)"
    return Received(Kind.OTHER, sender[:SENDER_CHARACTERS_MAX], subject[:SUBJECT_CHARACTERS_MAX], why)
