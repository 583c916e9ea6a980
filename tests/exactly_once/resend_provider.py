"""Resend's API, whose keys make that a repeat is delivered once; it writes down every step, and fails by plan.

What is accepted under which key is decided by `tests.mailer.resend_server`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from devstack.ports import HOST
from tests.exactly_once.faults import Deed, Faults, Place
from tests.exactly_once.journal import Journal
from tests.exactly_once.provider import Conversation, Provider
from tests.mailer.resend_server import API_KEY, Email, ResendServer, Says

NOTHING_CAME_BACK = Says(200, b'{"object": "list", "has_more": false, "data": []}')
_PART_OF_BODY = 50
_REFUSALS = {
    Deed.REFUSE_FOR_NOW: Says.error(429, "rate_limit_exceeded", "Too many requests", retry_after="2"),
    Deed.REFUSE_FOR_GOOD: Says.error(422, "validation_error", "Not this one"),
}


class ResendProvider(Provider):
    """What is handed over twice under one key is delivered once."""

    is_idempotent = True

    def __init__(self, journal: Journal, faults: Faults, kill_worker: Callable[[], None]) -> None:
        super().__init__(journal, faults, kill_worker)
        self.accounts = ResendServer()

    def environment(self, port: int) -> Mapping[str, str]:
        """Return the settings by which a worker finds the provider behind this port of this machine."""
        return {"RESEND_API_KEY": API_KEY, "RESEND_URL": f"http://{HOST}:{port}"}

    def conversation(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Conversation:
        """Return what answers requests until the other side is gone."""
        return _HttpConversation(self, self.accounts, connection, reader, writer)


class _HttpConversation(Conversation):
    def __init__(
        self,
        provider: Provider,
        accounts: ResendServer,
        connection: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(provider, connection, reader, writer)
        self._accounts = accounts

    async def hold(self) -> None:
        while request := await self._reader.readline():
            headers = await self._headers()
            if request.startswith(b"GET /emails?"):
                # The worker asks what became of messages, which is no step of a delivery.
                await self._answer(NOTHING_CAME_BACK)
                continue
            assert request.startswith(b"POST /emails "), f"unexpected request {request!r}"
            assert headers["authorization"] == f"Bearer {API_KEY}"
            self.begin()
            if await self.suffers(Place.BEFORE_DATA):
                await self._reader.readexactly(int(headers["content-length"]))
                continue
            await self._take(headers["idempotency-key"], int(headers["content-length"]))

    async def refuse(self, deed: Deed) -> None:
        refusal = _REFUSALS[deed]
        self.note("answered", answer=f"{refusal.status} {refusal.body.decode()}")
        await self._answer(refusal)

    async def _headers(self) -> dict[str, str]:
        headers = {}
        while (line := (await self._reader.readline()).decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers

    async def _take(self, key: str, length: int) -> None:
        self.note("data")
        head = b""
        if self.is_hurt(Place.IN_DATA):
            head = await self._reader.readexactly(_PART_OF_BODY)
            await self.suffers(Place.IN_DATA)
        body = head + await self._reader.readexactly(length - len(head))
        fields = json.loads(body)
        accepted: Email | Says | None = None
        before = len(self._accounts.emails)
        if self.keeps:
            accepted = self._accounts.accept(key, fields)
        # A repeat under a known key is answered like the first, and delivered no second time.
        is_new = len(self._accounts.emails) > before
        sender = parseaddr(fields["from"])[1]
        self.arrived(fields["headers"]["Message-ID"], sender, _recipients(fields), body, is_kept=is_new)
        if await self.suffers(Place.AFTER_DOT):
            return
        if isinstance(accepted, Says):
            self.note("answered", answer=f"{accepted.status} {accepted.body.decode()}")
            await self._answer(accepted)
        elif accepted is not None:
            said = Says(200, json.dumps({"id": accepted.id}).encode())
            await self.accept(_http(said), f"200 {accepted.id}")

    async def _answer(self, answer: Says) -> None:
        await self.say(_http(answer))


def _recipients(fields: Mapping[str, Any]) -> list[str]:
    named = [*fields["to"], *fields.get("cc", ()), *fields.get("bcc", ())]
    return [parseaddr(one)[1] for one in named]


def _http(answer: Says) -> bytes:
    headers = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(answer.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} OK\r\n{head}\r\n".encode() + answer.body
