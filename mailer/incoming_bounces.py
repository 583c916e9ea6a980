"""Reads what a mail server says of a message it could not deliver: to whom, for good or for now, and why."""

import re
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from mailer.incoming_parts import (
    address_of,
    header,
    headers,
    message_ids,
    parts_of,
    shown,
    text_of,
    text_of_part,
)

REASON_CHARACTERS_MAX = 300
FAILURES_MAX = 100
_LINE_CHARACTERS_MAX = 500
_GUESSED_CHARACTERS_MAX = 16_000
_MAILERS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "mdaemon")
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d]|\.\d)")
# Of a refusal for good: that the address or its domain is wrong or gone, or that its mailbox is switched off.
_DEAD = re.compile(r"5\.(?:0\.0|1\.(?:[012346]|10)|2\.1|4\.4)$")
_ALIVE_WORDS = re.compile(
    r"\b(?:full|quota|too large|size limit|spam|blocked|block list|blacklist|blocklist|policy|spf|dkim|dmarc"
    r"|rate limit|timed? ?out|connection refused|loop)\b",
    re.IGNORECASE,
)
_TEMPORARY_WORDS = re.compile(
    r"\b(?:delayed|will (?:be retried|keep trying|retry)|not yet been delivered|temporar(?:y|ily)|warning only)\b",
    re.IGNORECASE,
)
_KINDLY = {
    "5.1.0": "the address was refused",
    "5.1.1": "the address does not exist",
    "5.1.2": "the domain of the address does not exist",
    "5.1.3": "the address is written wrongly",
    "5.1.6": "the mailbox has moved",
    "5.1.10": "the address does not exist",
    "5.2.0": "the mailbox cannot take messages",
    "5.2.1": "the mailbox is disabled",
    "5.2.2": "the mailbox is full",
    "4.2.2": "the mailbox is full",
    "5.2.3": "the message is too large for the mailbox",
    "5.3.4": "the message is too large",
    "5.4.1": "the recipient's server did not answer",
    "4.4.1": "the recipient's server does not answer",
    "5.4.4": "no mail server takes mail for the domain",
    "4.4.7": "it could not be delivered for too long",
    "5.4.7": "it could not be delivered for too long",
    "5.7.1": "the recipient's server does not accept it",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient that a message did not reach; `also` are further addresses it is known by on the way.

    Permanent is what nobody tries again; `is_dead` says that the address itself is at fault, so that no other
    message will reach it either. A full mailbox, or a server that refuses this very message, is not.
    """

    recipient: str
    is_permanent: bool
    is_dead: bool
    reason: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """A report that a message was not delivered, with the Message-IDs and addresses of the message it returns."""

    failures: tuple[Failure, ...]
    message_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def returned(message: Message) -> Returned | None:
    """Return what the report says, or None if the message reports no failed delivery."""
    failures = _stated(message)
    if failures is None:
        # Only machines write in these forms: a person may quote one, and must not be taken for it.
        if not _is_from_a_mailer(message):
            return None
        failures = _guessed(message)
        if not failures:
            return None
    if not failures:
        return None
    ids, addresses = _of_the_original(message)
    return Returned(failures, ids, addresses)


def is_report(message: Message) -> bool:
    """Say whether the message is a machine's report about another one, whatever it reports."""
    return any(part.get_content_type() == "message/delivery-status" for part in parts_of(message))


def original_of(message: Message) -> Message | None:
    """Return the message, or its header, that a report brings back."""
    for part in parts_of(message):
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
            return payload[0]
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            return _headers_in(text_of_part(part) or str(payload))
    return None


def _stated(message: Message) -> tuple[Failure, ...] | None:
    """Return the failures of a delivery status (RFC 3464), or None if there is none."""
    found = [part for part in parts_of(message) if part.get_content_type() == "message/delivery-status"]
    if not found:
        return None
    failures: list[Failure] = []
    for part in found:
        for block in _blocks(part)[:FAILURES_MAX]:
            failure = _failure(block, message)
            if failure is not None:
                failures.append(failure)
    return tuple(failures[:FAILURES_MAX])


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    # Some encode it as if it were a text.
    return [_headers_in(block) for block in re.split(r"\n[ \t]*\n", text_of_part(part))]


def _failure(block: Message, message: Message) -> Failure | None:
    action = header(block, "Action").lower()
    status = _STATUS.search(header(block, "Status"))
    recipients = [
        address
        for name in ("Original-Recipient", "X-Actual-Recipient", "Final-Recipient")
        if (address := _typed_address(header(block, name)))
    ]
    if not recipients or not action.startswith(("fail", "error", "delay")):
        return None
    code = None if status is None else status[0]
    said = _typed(header(block, "Diagnostic-Code")) or _sentence_about(recipients, message)
    # Failed is given up, also for a reason that began as a temporary one; delayed is still tried.
    is_permanent = not action.startswith("delay")
    is_dead = is_permanent and _is_dead(code, said)
    return Failure(recipients[0], is_permanent, is_dead, _reason(code, said), tuple(dict.fromkeys(recipients[1:])))


def _is_dead(code: str | None, said: str) -> bool:
    """Say whether the address is at fault; the server's own words know more than a general code does."""
    found = _STATUS.search(said)
    if found is not None and (code is None or code.endswith(".0.0")):
        code = found[0]
    if code is not None and not code.endswith(".0.0"):
        return bool(_DEAD.match(code))
    return (code is None or code.startswith("5")) and not _ALIVE_WORDS.search(said)


def _typed(value: str) -> str:
    """Return the value without its type, such as `smtp;`."""
    kind, separator, rest = value.partition(";")
    return rest.strip() if separator and re.fullmatch(r"[\w-]{1,30}", kind.strip()) else value.strip()


def _typed_address(value: str) -> str:
    text = _typed(value)
    return address_of(text) or (text.strip("<> ") if "@" in text else "")


def _sentence_about(recipients: list[str], message: Message) -> str:
    """Return the line of the report that follows or names a recipient, where the machine part gives no reason."""
    lines = [line.strip() for line in text_of(message).splitlines()[:200]]
    for index, line in enumerate(lines):
        if any(recipient.lower() in line.lower() for recipient in recipients):
            rest = re.sub(r"^.{0,300}?>?:\s*", "", line, count=1) if ":" in line else ""
            return rest or next((later for later in lines[index + 1 : index + 4] if later), "")
    return ""


def _guessed(message: Message) -> tuple[Failure, ...]:
    """Return the failures of a report in a form of its own: qmail's, Exim's, and those flufl.bounce knows."""
    text = _bounded_text(message)
    simple = Message()
    for name in ("From", "Subject", "X-Failed-Recipients", "X-Mailer"):
        for value in headers(message, name):
            simple[name] = re.sub(r"[\r\n]", " ", value)
    simple.set_payload(text.encode("ascii", "replace").decode())
    try:
        temporary, permanent = all_failures(simple)
    except Exception:
        # A form that its detectors trip over is none that they know; the message is kept for a person.
        temporary, permanent = frozenset(), frozenset()
    gave_up = {address.decode("ascii", "replace").lower() for address in permanent}
    for_now = {address.decode("ascii", "replace").lower() for address in temporary} - gave_up
    if not gave_up and not for_now:
        gave_up = {
            found.lower() for found in re.findall(r"^<([^<>\s@]{1,64}@[^<>\s@]{1,255})>:", text, re.MULTILINE)
        }
    subject = header(message, "Subject")
    if gave_up and _TEMPORARY_WORDS.search(subject):
        gave_up, for_now = set(), gave_up | for_now
    return tuple(
        _guess(address, address in gave_up, message)
        for address in sorted(gave_up | for_now)[:FAILURES_MAX]
        if "@" in address
    )


def _guess(address: str, is_permanent: bool, message: Message) -> Failure:
    said = _sentence_about([address], message)
    return Failure(address, is_permanent, is_permanent and _is_dead(None, said), _reason(None, said))


def _bounded_text(message: Message) -> str:
    lines = text_of(message)[:_GUESSED_CHARACTERS_MAX].splitlines()
    return "\n".join(line[:_LINE_CHARACTERS_MAX] for line in lines)


def _is_from_a_mailer(message: Message) -> bool:
    if any(path.strip() == "<>" for path in headers(message, "Return-Path")):
        return True
    local = address_of(header(message, "From")).partition("@")[0].lower()
    return local.startswith(_MAILERS) or bool(header(message, "X-Failed-Recipients"))


def _reason(code: str | None, said: str) -> str:
    """Return the reason as a person reads it: in words where the code is known, then what the server said."""
    said = " ".join(shown(said).split())[:REASON_CHARACTERS_MAX]
    if code is None:
        found = _STATUS.search(said)
        code = None if found is None else found[0]
    kindly = _KINDLY.get(code or "")
    if kindly is None:
        return said or (f"status {code}" if code else "no reason was given")
    return f"{kindly} ({said})" if said else kindly


def _of_the_original(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    original = original_of(message)
    if original is None:
        # Whoever sends no part of it back often copies its header into the text.
        original = _pasted_header(_bounded_text(message))
    ids = message_ids(header(original, "Message-ID"))
    addresses = [header(original, name) for name in ("Reply-To", "From")]
    return tuple(ids[:1]), tuple(filter(None, addresses))


def _pasted_header(text: str) -> Message:
    start = re.search(r"^[ \t>]*(?:Return-Path|Received|Message-ID|From|Date|Subject|To):", text, re.I | re.M)
    found = Message()
    if start is None:
        return found
    for name in ("Message-ID", "Reply-To"):
        line = re.search(rf"^[ \t>]*{name}:[ \t]*(\S[^\n]{{0,500}})", text, re.IGNORECASE | re.MULTILINE)
        if line is not None:
            found[name] = line[1].strip()
    return found


def _headers_in(text: str) -> Message:
    """Return the header lines of a text as a message of nothing else."""
    found = Message()
    unfolded = re.sub(r"\n[ \t]+", " ", text.replace("\r", "").strip("\n"))
    for line in unfolded.splitlines()[:200]:
        name, separator, value = line.partition(":")
        if separator and re.fullmatch(r"[!-9;-~]{1,100}", name.strip()):
            found[name.strip()] = value.strip()[:2000]
    return found
