"""What the mail catcher keeps: every message exactly as it came, and a note of who sent it to whom."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Self

PAGE_SIZE_MAX = 1000


@dataclass(frozen=True)
class CaughtMessage:
    """One message: `recipients` and `envelope_sender` are what SMTP said, the rest what the headers say."""

    id: int
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    received_at: datetime
    size: int
    envelope_sender: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the message as the API shows it."""
        return {
            "id": self.id,
            "message_id": self.message_id,
            "from": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "received_at": self.received_at.isoformat(),
            "size": self.size,
            "envelope_sender": self.envelope_sender,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the message that the API showed; fields it does not know are ignored."""
        return cls(
            id=values["id"],
            message_id=values["message_id"],
            sender=values["from"],
            recipients=tuple(values["to"]),
            subject=values["subject"],
            received_at=datetime.fromisoformat(values["received_at"]),
            size=values["size"],
            envelope_sender=values.get("envelope_sender", ""),
        )


class MailStore:
    """A directory of numbered messages: `000001.eml` as received, `000001.json` with its note."""

    def __init__(self, directory: Path) -> None:
        """Open the directory, with all that earlier runs stored; numbers go on where they ended."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._messages = [self._recall(path) for path in sorted(directory.glob("[0-9]*.eml"), key=_number)]
        self._by_id = {message.id: message for message in self._messages}
        self._last_id = self._messages[-1].id if self._messages else 0

    def add(self, content: bytes, *, envelope_sender: str, recipients: Sequence[str]) -> CaughtMessage:
        """Store the message; once this returns, it is listed and survives the end of the process."""
        with self._lock:
            message = replace(
                _describe(self._last_id + 1, content),
                envelope_sender=envelope_sender,
                recipients=tuple(recipients),
                received_at=datetime.now(UTC),
            )
            # The note goes first: a message exists from the moment its .eml has its name.
            self._write(self._directory / f"{message.id:06}.json", json.dumps(message.to_json()).encode())
            self._write(self._directory / f"{message.id:06}.eml", content)
            self._last_id = message.id
            self._messages.append(message)
            self._by_id[message.id] = message
        return message

    def after(self, message_id: int, *, limit: int = PAGE_SIZE_MAX) -> list[CaughtMessage]:
        """Return messages with greater numbers, oldest first, at most the limit."""
        with self._lock:
            return [message for message in self._messages if message.id > message_id][:limit]

    def newest(self, *, before: int | None = None, limit: int = 50) -> list[CaughtMessage]:
        """Return messages with smaller numbers than `before`, newest first, at most the limit."""
        with self._lock:
            wanted = (message for message in reversed(self._messages) if before is None or message.id < before)
            return [message for message, _ in zip(wanted, range(limit), strict=False)]

    def get(self, message_id: int) -> CaughtMessage | None:
        """Return the message with this number, or None."""
        return self._by_id.get(message_id)

    def raw(self, message_id: int) -> bytes:
        """Return the message's bytes as they were received."""
        return (self._directory / f"{message_id:06}.eml").read_bytes()

    def __len__(self) -> int:
        return len(self._messages)

    def _recall(self, path: Path) -> CaughtMessage:
        try:
            return CaughtMessage.from_json(json.loads(path.with_suffix(".json").read_bytes()))
        except (OSError, ValueError, KeyError):
            return _describe(_number(path), path.read_bytes())

    def _write(self, path: Path, content: bytes) -> None:
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(content)
        os.replace(unfinished, path)


def parse(content: bytes) -> EmailMessage:
    """Return the message as the standard library reads it."""
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def header(message: EmailMessage, name: str) -> str:
    """Return a header as text, decoded where it can be; empty if there is none."""
    try:
        return str(message.get(name, "")).strip()
    except (ValueError, IndexError, LookupError, AttributeError):
        # The parser of structured headers trips over some hostile ones: show those as they came.
        return " ".join(value for key, value in message.raw_items() if key.lower() == name.lower())


def attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are files; a multipart body that cannot be walked has none."""
    try:
        yield from (part for part in message.iter_attachments() if isinstance(part, EmailMessage))
    except (AttributeError, TypeError, KeyError, ValueError):
        return


def _describe(number: int, content: bytes) -> CaughtMessage:
    message = parse(content)
    return CaughtMessage(
        id=number,
        message_id=header(message, "Message-ID"),
        sender=header(message, "From"),
        recipients=tuple(address for part in header(message, "To").split(",") if (address := parseaddr(part)[1])),
        subject=header(message, "Subject"),
        received_at=datetime.now(UTC),
        size=len(content),
    )


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else 0
