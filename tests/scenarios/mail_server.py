"""An SMTP server inside the test that answers as the test says, and keeps what it was handed."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from devstack.ports import HOST, lease_port

ACCEPTED = "250 2.0.0 Taken"
# The connection breaks after the final dot, and no answer arrives.
HANG_UP = "hang up"
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Handed:
    """A message that was handed over up to its final dot, and what was answered."""

    recipient: str
    message_id: str
    content: bytes
    answer: str


@dataclass
class MailServer:
    """Answers to recipients and to messages can be changed while it runs; `handed` is in order of arrival."""

    to_recipient: Callable[[str], str] = lambda _address: "250 2.1.5 Ok"
    to_message: Callable[[str], str] = lambda _recipient: ACCEPTED
    answers_after_seconds: float = 0.0
    handed: list[Handed] = field(default_factory=list)
    refused_recipients: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def accepted(self) -> list[Handed]:
        """Return the messages that it took, and said so."""
        return [handed for handed in self.handed if handed.answer == ACCEPTED]

    @property
    def message_ids(self) -> set[str]:
        """Return the different Message-IDs it has seen."""
        return {handed.message_id for handed in self.handed}

    @contextmanager
    def running(self) -> Iterator["MailServer"]:
        """Serve until the block ends."""
        lease = lease_port()
        self.url = f"smtp://{HOST}:{lease.number}"
        controller = Controller(self, hostname=HOST, port=lease.number)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()
            lease.release()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        answer = self.to_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        else:
            self.refused_recipients.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, then answer."""
        (recipient,) = envelope.rcpt_tos
        found = _MESSAGE_ID.search(envelope.content)
        assert found is not None, "every message has a Message-ID"
        await asyncio.sleep(self.answers_after_seconds)
        answer = self.to_message(recipient)
        self.handed.append(Handed(recipient, found[1].decode(), envelope.content, answer))
        if answer == HANG_UP:
            server.transport.abort()
        return answer
