"""Real SMTP servers that misbehave at one place each."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# A self-signed certificate for localhost, with its key.
CERTIFICATE = Path(__file__).parent / "localhost.pem"
USERNAME, PASSWORD = "duewell", "s3cr3t: 'quoted' @/%"  # not a secret: only the server below knows it
GONE = "gone"
HANGS = "hangs"


@dataclass
class Behaviour:
    """How a server answers; None is 250. `GONE` closes the connection instead, `HANGS` never answers."""

    mail: str | None = None
    recipients: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    after_dot: str | None = None
    quit: str | None = None
    tls: bool = False
    asks_for_password: bool = False
    smtputf8: bool = False


@dataclass
class Taken:
    """What a server was told."""

    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool
    options: list[str] = field(default_factory=list)


@dataclass
class Server:
    """A running server: its port, and what it took; `passwords` says of each one whether it came over TLS."""

    port: int
    taken: list[Taken]
    refused: list[str]
    passwords: list[bool] = field(default_factory=list)

    def url(self, scheme: str = "smtp", credentials: str = "") -> str:
        """Return its URL; localhost is the name that the certificate is for."""
        return f"{scheme}://{credentials}localhost:{self.port}"


class _Session(SMTP):
    """One connection."""

    def __init__(self, behaviour: Behaviour, server: Server, **options: Any) -> None:
        super().__init__(self, **options)
        self._behaviour = behaviour
        self._told = server

    async def _answer(self, answer: str | None) -> str:
        if answer == HANGS:
            await asyncio.sleep(60)
        if answer == GONE:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.abort()
        return answer or "250 2.0.0 OK"

    async def handle_MAIL(self, _s: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from, envelope.mail_options = address, options
        return await self._answer(self._behaviour.mail)

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        answer = await self._answer(self._behaviour.recipients.get(address))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if self._behaviour.data is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(await self._answer(self._behaviour.data))

    async def handle_DATA(self, _s: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = await self._answer(self._behaviour.after_dot)
        if answer.startswith("2") or answer == GONE:
            encrypted = session.ssl is not None
            taken = Taken(
                envelope.mail_from, envelope.rcpt_tos, envelope.content, encrypted, envelope.mail_options
            )
            self._told.taken.append(taken)
        return answer

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        if self._behaviour.quit is None:
            await super().smtp_QUIT(arg)
        else:
            await self.push(await self._answer(self._behaviour.quit))


def _authenticate(s: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword) -> AuthResult:
    s._told.passwords.append(s.transport.get_extra_info("cipher") is not None)
    matches = (login.login.decode(), login.password.decode()) == (USERNAME, PASSWORD)
    return AuthResult(success=matches, handled=False)


@contextmanager
def a_server(behaviour: Behaviour | None = None, *, wrapped: bool = False) -> Iterator[Server]:
    """Run a server on a free port; `wrapped` speaks TLS from the first byte on (smtps)."""
    behaviour = behaviour or Behaviour()
    options: dict[str, Any] = {"hostname": "mail.test", "ident": "test", "enable_SMTPUTF8": behaviour.smtputf8}
    if behaviour.tls:
        options["tls_context"] = _tls_context()
    if behaviour.asks_for_password:
        options |= {"auth_required": True, "auth_require_tls": behaviour.tls, "authenticator": _authenticate}
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    with _loop() as loop:
        server = Server(0, [], [])

        async def start() -> asyncio.Server:
            return await asyncio.get_running_loop().create_server(
                lambda: _Session(behaviour, server, **options),
                "localhost",
                0,
                family=socket.AF_INET,
                ssl=_tls_context() if wrapped else None,
            )

        listening = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        loop.call_soon_threadsafe(listening.close)


@contextmanager
def a_script(*answers: bytes | Callable[[socket.socket], None]) -> Iterator[Server]:
    """Run a server that says these bytes: the first as its greeting, then one for each line it is told.

    From the line `DATA` on it answers once, after the final dot. Out of answers it closes the connection.
    """
    listening = socket.create_server(("localhost", 0), family=socket.AF_INET)

    def converse() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as told:
                connection.sendall(_bytes(answers[0], connection))
                for answer in answers[1:]:
                    line = told.readline()
                    connection.sendall(_bytes(answer, connection))
                    if line.upper().startswith(b"DATA") and answer is not answers[-1]:
                        while told.readline() not in (b".\r\n", b""):
                            pass
                        connection.sendall(_bytes(answers[-1], connection))
                        return

    thread = threading.Thread(target=converse, daemon=True)
    thread.start()
    yield Server(listening.getsockname()[1], [], [])
    listening.close()
    thread.join(5)


def _bytes(answer: bytes | Callable[[socket.socket], None], connection: socket.socket) -> bytes:
    if isinstance(answer, bytes):
        return answer
    answer(connection)
    return b""


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    # A client that breaks off is what many of these tests are about, and no news.
    loop.set_exception_handler(lambda _loop, _context: None)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop

    async def end() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
