"""Says a composed message in the fields of Resend's API, which takes no raw message."""

import hashlib
import re
from base64 import b64encode
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from typing import Any

KEY_CHARACTERS_MAX = 256
_PLAIN_KEY = re.compile(r"[!-~]+")
# What has a field of its own, what the provider writes itself, and what is about the parts of the message.
_NOT_CUSTOM = frozenset({"from", "to", "cc", "bcc", "reply-to", "subject", "date", "mime-version"})


def idempotency_key(message_id: str) -> str:
    """Return the key under which a message is delivered once: a pure function of its Message-ID."""
    bare = message_id.strip("<>")
    if len(bare) <= KEY_CHARACTERS_MAX and _PLAIN_KEY.fullmatch(bare):
        return bare
    return hashlib.sha256(bare.encode()).hexdigest()


def fields_of(recipients: tuple[str, ...], message: bytes) -> dict[str, Any]:
    """Return the fields of POST /emails for a message as it is composed.

    It goes to `recipients` and nobody else: who is named in the message and is none of them is left out, and who
    is one without being named gets a blind copy. The same bytes give the same fields.
    """
    parsed = message_from_bytes(message, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    left = {recipient.casefold(): recipient for recipient in recipients}
    to = _named(parsed, "To", left)
    cc = _named(parsed, "Cc", left)
    bcc = list(left.values())
    if not to:
        # The API wants somebody in it.
        source = cc or bcc
        to = [source.pop(0)]
    (sender,) = _addresses(parsed, "From")
    reply_to = [str(address) for address in _addresses(parsed, "Reply-To")]
    fields: dict[str, Any] = {"from": str(sender), "to": to, "cc": cc, "bcc": bcc, "reply_to": reply_to}
    fields |= {"subject": str(parsed["Subject"] or ""), **_content(parsed), "headers": _headers(parsed)}
    return {name: value for name, value in fields.items() if value or name == "subject"}


def _addresses(message: EmailMessage, name: str) -> tuple[Address, ...]:
    header = message[name]
    return () if header is None else tuple(header.addresses)


def _named(message: EmailMessage, name: str, left: dict[str, str]) -> list[str]:
    """Return the header's people who are recipients, and take them out of those that are left."""
    kept = []
    for address in _addresses(message, name):
        if left.pop(address.addr_spec.casefold(), None) is not None:
            kept.append(str(address))
    return kept


def _headers(message: EmailMessage) -> dict[str, str]:
    return {
        name: " ".join(str(value).split())
        for name, value in message.items()
        if name.lower() not in _NOT_CUSTOM and not name.lower().startswith("content-")
    }


def _content(message: EmailMessage) -> dict[str, Any]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    attachments = [
        _attachment(part)
        for part in message.walk()
        if not part.is_multipart() and part is not text and part is not html
    ]
    return {
        "text": None if text is None else _text(text),
        "html": None if html is None else _text(html),
        "attachments": attachments,
    }


def _text(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def _attachment(part: MIMEPart) -> dict[str, str]:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    content = {
        "filename": part.get_filename() or "file",
        "content": b64encode(data).decode(),
        "content_type": part.get_content_type(),
    }
    content_id = part["Content-ID"]
    # An image that the HTML shows by "cid:…".
    return content if content_id is None else {**content, "content_id": str(content_id).strip("<> ")}
