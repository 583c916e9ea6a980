"""Composes a message: from a rendered text to the bytes that are handed over, the same for the same values."""

import binascii
import hashlib
import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from mailer.addresses import wire_address, wire_domain
from mailer.headers import (
    CRLF,
    Mailbox,
    disposition_header,
    ids_header,
    mailboxes_header,
    require_one_line,
    text_header,
)
from mailer.render import Rendered

LOGO_ID = "logo"
_LINE_BYTES_MAX = 998
_ASCII = bytes(range(128))
# What every server passes on untouched: visible ASCII and the tab.
_PLAIN_TEXT = re.compile(r"[\t\n -~]*")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; `media_type` is such as application/pdf."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, under which Message-ID and in which thread (Message-IDs, the first one first).

    Blind copies are no part of a message: whoever hands it over names them to the server alone.
    """

    sender: Mailbox
    to: tuple[Mailbox, ...]
    message_id: str
    thread: tuple[str, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: Mailbox | None = None


def message_id(organization_email: str, collection_id: int, step_id: str, occurrence: int) -> str:
    """Return the Message-ID of a step's message: a pure function of what makes it unique.

    A repeat after a crash bears the same one, so that mail programs and people see one message.
    """
    local, _, domain = organization_email.rpartition("@")
    key = f"{local}/{collection_id}/{step_id}/{occurrence}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return f"<{digest}.{collection_id}.{occurrence}@{wire_domain(domain)}>"


def reply_token(message_id: str) -> str:
    """Return what replies to the message are recognised by: 20 characters that survive being lower-cased.

    It is as public as the Message-ID, and only files a reply; nothing is granted by it.
    """
    return b32encode(hashlib.sha256(f"reply to {message_id}".encode()).digest()).decode().lower()[:20]


def compose(
    rendered: Rendered,
    envelope: Envelope,
    at: datetime,
    logo: Attachment | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> bytes:
    """Return the message as bytes, CRLF line ends included.

    Raises ValueError for an address that cannot be, and for a header with a line break or another control.
    """
    head = [
        mailboxes_header("From", [envelope.sender]),
        mailboxes_header("To", envelope.to),
        text_header("Subject", rendered.subject),
        f"Date: {format_datetime(at)}{CRLF}",
        ids_header("Message-ID", [envelope.message_id]),
        # Out-of-office replies to a machine would only start a loop (RFC 3834).
        f"Auto-Submitted: auto-generated{CRLF}",
    ]
    if envelope.cc:
        head.append(mailboxes_header("Cc", envelope.cc))
    if envelope.reply_to is not None:
        head.append(mailboxes_header("Reply-To", [envelope.reply_to]))
    if envelope.thread:
        head.append(ids_header("In-Reply-To", [envelope.thread[-1]]))
        head.append(ids_header("References", envelope.thread))
    head.append(f"List-Unsubscribe: <{_unsubscribe(envelope.reply_to or envelope.sender)}>{CRLF}")
    head.append(f"MIME-Version: 1.0{CRLF}")
    body = _body(rendered, envelope.message_id, logo, attachments)
    return "".join(head).encode() + body


def _unsubscribe(replies_go_to: Mailbox) -> str:
    """Return where a mail program writes that somebody wants no more (RFC 2369): a reply like any other."""
    return f"mailto:{quote(wire_address(replies_go_to.email), safe='@+')}?subject=unsubscribe"


def _body(
    rendered: Rendered, message_id: str, logo: Attachment | None, attachments: tuple[Attachment, ...]
) -> bytes:
    if rendered.html is None and not attachments:
        return _text("plain", rendered.body, may_stay=True)
    part = _text("plain", rendered.body)
    if rendered.html is not None:
        html = _text("html", rendered.html)
        if logo is not None and f"cid:{LOGO_ID}" in rendered.html:
            html = _multipart("related", message_id, html, _logo(logo), parameters='; type="text/html"')
        part = _multipart("alternative", message_id, part, html)
    if attachments:
        part = _multipart("mixed", message_id, part, *map(_attached, attachments))
    return part


def _multipart(kind: str, message_id: str, *parts: bytes, parameters: str = "") -> bytes:
    # Neither base64 nor quoted-printable can ever hold "=_", so that no text can close its part.
    boundary = "=_" + hashlib.sha256(f"{kind} {message_id}".encode()).hexdigest()[:32]
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"{parameters}{CRLF}{CRLF}'
    between = f"--{boundary}{CRLF}".encode()
    inner = b"".join(between + part + (b"" if part.endswith(b"\r\n") else b"\r\n") for part in parts)
    return head.encode() + inner + f"--{boundary}--{CRLF}".encode()


def _text(subtype: str, text: str, *, may_stay: bool = False) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    # The dot that ends a message for an SMTP server stands on a line of its own.
    lines = lines if lines.endswith("\n") else lines + "\n"
    data = lines.encode(errors="replace")
    if may_stay and _PLAIN_TEXT.fullmatch(lines) and max(map(len, data.split(b"\n"))) <= _LINE_BYTES_MAX:
        encoding, content = "7bit", data.replace(b"\n", b"\r\n")
    elif len(data.translate(None, _ASCII)) * 3 > len(data):
        encoding, content = "base64", _base64(data.replace(b"\n", b"\r\n"))
    else:
        encoding, content = "quoted-printable", binascii.b2a_qp(data.replace(b"\n", b"\r\n"), istext=True)
    head = f'Content-Type: text/{subtype}; charset="utf-8"{CRLF}Content-Transfer-Encoding: {encoding}{CRLF}{CRLF}'
    return head.encode() + content


def _logo(logo: Attachment) -> bytes:
    return _file(logo, f"Content-ID: <{LOGO_ID}>{CRLF}" + disposition_header("inline", logo.name))


def _attached(attachment: Attachment) -> bytes:
    return _file(attachment, disposition_header("attachment", attachment.name))


def _file(file: Attachment, headers: str) -> bytes:
    require_one_line(file.media_type)
    head = f"Content-Type: {file.media_type}{CRLF}Content-Transfer-Encoding: base64{CRLF}{headers}{CRLF}"
    return head.encode() + _base64(file.content)


def _base64(content: bytes) -> bytes:
    encoded = binascii.b2a_base64(content, newline=False)
    return b"".join(encoded[start : start + 76] + b"\r\n" for start in range(0, len(encoded), 76))
