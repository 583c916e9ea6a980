"""Composes a message: from a rendered text to the bytes that are handed over."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from mailer.render import Rendered


class _MessageIds(UnstructuredHeader, BaseHeader):
    """A header of Message-IDs, one on each line: the library would encode an ID that is longer than a line."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header with a line for each ID."""
        return f"{self.name}: " + f"{policy.linesep} ".join(str(self).split()) + policy.linesep


_HEADERS = HeaderRegistry()
for _name in ("In-Reply-To", "References"):
    _HEADERS.map_to_type(_name, _MessageIds)
# 7 bits pass every server; 8 bits only one that offers 8BITMIME, and only when it is asked for (RFC 6152).
_POLICY = SMTP.clone(header_factory=_HEADERS, cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, under which Message-ID and in which thread (Message-IDs, the first one first)."""

    sender_name: str
    sender_email: str
    recipient_name: str
    recipient_email: str
    message_id: str
    thread: tuple[str, ...] = ()


def message_id(organization_email: str, collection_id: int, step_id: str, occurrence: int) -> str:
    """Return the Message-ID of a step's message: a pure function of what makes it unique.

    A repeat after a crash bears the same one, so that mail programs and people see one message.
    """
    local, _, domain = organization_email.rpartition("@")
    key = f"{local}/{collection_id}/{step_id}/{occurrence}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return f"<{digest}.{collection_id}.{occurrence}@{domain}>"


def compose(rendered: Rendered, envelope: Envelope, at: datetime) -> bytes:
    """Return the message as bytes, CRLF line ends included. Raises ValueError for a header with a line break."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(envelope.sender_name, envelope.sender_email)
    message["To"] = _address(envelope.recipient_name, envelope.recipient_email)
    message["Subject"] = rendered.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = envelope.message_id
    # Out-of-office replies to a machine would only start a loop (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if envelope.thread:
        message["In-Reply-To"] = envelope.thread[-1]
        message["References"] = " ".join(envelope.thread)
    message.set_content(rendered.body)
    return message.as_bytes()


def _address(name: str, email: str) -> Address:
    username, _, domain = email.rpartition("@")
    return Address(display_name=name, username=username, domain=domain)
