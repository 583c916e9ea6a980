"""Reads a message of which only the bytes are left, so that people can see what was said."""

import re
from base64 import b64encode
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

CHARACTERS_MAX = 200_000
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_PICTURE_BYTES_MAX = 1_000_000
_CID = re.compile(r"cid:([!-;=?-~]{1,200}?)(?=[\"'\s)])")


@dataclass(frozen=True, slots=True)
class AsSent:
    """A message as it is read: its headers, its text, its HTML with the pictures in it, and what came along."""

    sender: str
    to: str
    copies: str
    subject: str
    text: str
    html: str | None
    attachments: tuple[str, ...]


def as_sent(mime: bytes) -> AsSent:
    """Return what the bytes say; what they do not say, or not readably, is empty."""
    message = BytesParser(policy=policy.default).parsebytes(mime)
    assert isinstance(message, EmailMessage), "the policy says so"
    html = _part(message, "html")
    return AsSent(
        sender=_header(message, "From"),
        to=_header(message, "To"),
        copies=_header(message, "Cc"),
        subject=_header(message, "Subject"),
        text=_part(message, "plain") or "",
        html=None if html is None else _with_pictures(message, html),
        attachments=tuple(_attachments(message)),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):
        # The parser of addresses gives up on some that others wrote.
        return ""


def _part(message: EmailMessage, subtype: str) -> str | None:
    try:
        part = message.get_body((subtype,))
        content = None if part is None else part.get_content()
    except (KeyError, LookupError, ValueError, AttributeError, TypeError):
        return None
    return content[:CHARACTERS_MAX] if isinstance(content, str) else None


def _with_pictures(message: EmailMessage, html: str) -> str:
    pictures: dict[str, str] = {}
    for part in message.walk():
        name, kind = str(part.get("Content-ID", "")).strip().strip("<>"), part.get_content_type()
        content = part.get_payload(decode=True)
        if name and kind in _PICTURES and isinstance(content, bytes) and len(content) <= _PICTURE_BYTES_MAX:
            pictures[name] = f"data:{kind};base64,{b64encode(content).decode()}"
    return _CID.sub(lambda found: pictures.get(found[1], found[0]), html)


def _attachments(message: EmailMessage) -> list[str]:
    try:
        return [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    except (ValueError, AttributeError, TypeError, KeyError):
        return []
