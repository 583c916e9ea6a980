"""An SMTP server that writes down every step, and does at each of them what a plan says."""

import asyncio
import re
from collections.abc import Mapping

from devstack.ports import HOST
from tests.exactly_once.faults import Deed, Place
from tests.exactly_once.provider import Conversation, Gone, Provider

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)
_ADDRESS = re.compile(rb"<([^>]*)>")
_PART_OF_DATA = 200
_TAKEN = "250 2.0.0 Taken"


class SmtpProvider(Provider):
    """SMTP without extensions: what is handed over twice is delivered twice."""

    def environment(self, port: int) -> Mapping[str, str]:
        """Return the settings by which a worker finds the provider behind this port of this machine."""
        return {"SMTP_URL": f"smtp://{HOST}:{port}"}

    def conversation(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Conversation:
        """Return what answers until the other side says good-bye or is gone."""
        return _SmtpConversation(self, connection, reader, writer)


class _SmtpConversation(Conversation):
    _sender = ""
    _recipients: tuple[str, ...] = ()

    async def hold(self) -> None:
        await self._answer("220 provider.example")
        while line := await self._reader.readline():
            match line[:4].upper().strip():
                case b"EHLO" | b"HELO":
                    await self._answer("250-provider.example\r\n250 8BITMIME")
                case b"MAIL":
                    self._recipients = ()
                    self._sender = _address_in(line)
                    self.begin()
                    await self._answer("250 2.1.0 OK")
                case b"RCPT":
                    await self._name(_address_in(line))
                case b"DATA":
                    await self._take()
                case b"QUIT":
                    await self._answer("221 2.0.0 Bye")
                    return
                case b"RSET" | b"NOOP":
                    await self._answer("250 2.0.0 OK")
                case _:
                    await self._answer("502 5.5.1 What?")

    async def refuse(self, deed: Deed) -> None:
        answer = "451 4.3.0 Not now" if deed is Deed.REFUSE_FOR_NOW else "554 5.6.0 Not this one"
        self.note("answered", answer=answer)
        await self._answer(answer)

    async def _name(self, recipient: str) -> None:
        if recipient in self._provider.unknown:
            self.note("refused", recipient=recipient)
            await self._answer("550 5.1.1 No such user")
        else:
            self._recipients += (recipient,)
            await self._answer("250 2.1.5 OK")

    async def _take(self) -> None:
        if await self.suffers(Place.BEFORE_DATA):
            return
        self.note("data")
        await self._answer("354 Go ahead")
        head = b""
        if self.is_hurt(Place.IN_DATA):
            head = await self._reader.readexactly(_PART_OF_DATA)
            await self.suffers(Place.IN_DATA)
        content = await self._rest(head)
        found = _MESSAGE_ID.search(content)
        assert found is not None, "every message has a Message-ID"
        self.arrived(found[1].decode(), self._sender, list(self._recipients), content, is_kept=self.keeps)
        if not await self.suffers(Place.AFTER_DOT):
            await self.accept(_TAKEN.encode() + b"\r\n", _TAKEN)

    async def _rest(self, head: bytes) -> bytes:
        """Return the message up to its final dot, of which the head was read. Raises Gone if none comes."""
        lines = head.splitlines(keepends=True)
        begun = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        while True:
            line = begun + await self._reader.readline()
            begun = b""
            if not line.endswith(b"\n"):
                raise Gone
            if line == b".\r\n":
                return b"".join(one.removeprefix(b".") for one in lines)
            lines.append(line)

    async def _answer(self, answer: str) -> None:
        await self.say(answer.encode() + b"\r\n")


def _address_in(line: bytes) -> str:
    found = _ADDRESS.search(line)
    assert found is not None, f"no address in {line!r}"
    return found[1].decode()
