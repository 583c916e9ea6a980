"""Real IMAP servers: pymap as a program of its own, and a small one that takes keywords and breaks off."""

import imaplib
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Literal
from urllib.parse import quote

from tests.mailer.smtp_servers import CERTIFICATE

USERNAME, PASSWORD = "inbox@duewell.example", "geheim: 'é\" @/%"  # not a secret: only the servers below know it
PATIENCE_SECONDS = 30.0
Encryption = Literal["never", "STARTTLS", "from the first byte"]


@dataclass(frozen=True)
class ImapServer:
    """A running server."""

    port: int
    password: str = PASSWORD

    @property
    def url(self) -> str:
        """Return its INBOX_URL."""
        return f"imap://{quote(USERNAME, safe='')}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/INBOX"

    def put(self, *messages: bytes) -> None:
        """Put messages into the mailbox, as a mail server would."""
        with self.connection() as imap:
            for message in messages:
                assert imap.append("INBOX", "", "", message)[0] == "OK"

    def empty(self) -> None:
        """Delete all messages."""
        with self.connection() as imap:
            imap.select("INBOX")
            imap.store("1:*", "+FLAGS", r"(\Deleted)")
            imap.expunge()

    def unseen(self) -> int:
        """Return how many messages are not marked."""
        with self.connection() as imap:
            imap.select("INBOX", readonly=True)
            return len(imap.search(None, "UNSEEN")[1][0].split())

    @contextmanager
    def connection(self) -> Iterator[imaplib.IMAP4]:
        """Open a connection of the test's own."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as imap:
            imap.authenticate("PLAIN", lambda _: f"\0{USERNAME}\0{PASSWORD}".encode())
            yield imap


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running_pymap(port: int | None = None, *, tls: bool = False) -> Iterator[ImapServer]:
    """Run pymap with an empty mailbox in its memory; with `tls` it offers STARTTLS, and no login before it."""
    port = port or free_port()
    program = [sys.executable, "-c", "import sys; from pymap.main import main; sys.exit(main())"]
    encryption = ["--cert", str(CERTIFICATE)] if tls else ["--no-tls"]
    options = ["--host", "127.0.0.1", "--port", str(port), *encryption, "dict"]
    process = subprocess.Popen(
        [*program, *options, "--demo-user", USERNAME, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield ImapServer(port)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.05)
        else:
            return


@dataclass
class Shelf:
    """What the small server holds: messages by id, the flags of each, and what it was asked.

    `encrypted` says of each question whether it came over TLS.
    """

    messages: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    breaks_off_at: str | None = None
    permits: str = r"\Seen \*"
    tls: Encryption = "never"

    def put(self, message: bytes) -> int:
        """Put a message in and return its id."""
        uid = len(self.messages) + 1
        self.messages[uid], self.flags[uid] = message, set()
        return uid


@contextmanager
def keyword_server(shelf: Shelf) -> Iterator[ImapServer]:
    """Run a server that takes keywords, and signs in by LOGIN."""

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if shelf.tls == "from the first byte":
                    self._encrypt()
                self._say("* OK ready")
                while line := self.rfile.readline():
                    tag, command = line.decode("latin-1").strip().partition(" ")[::2]
                    shelf.asked.append(command)
                    shelf.encrypted.append(isinstance(self.connection, ssl.SSLSocket))
                    if shelf.breaks_off_at is not None and shelf.breaks_off_at in command:
                        return
                    self._answer(command)
                    self._say(f"{tag} OK done")
                    if command == "STARTTLS":
                        self._encrypt()

        def _encrypt(self) -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.connection = context.wrap_socket(self.request, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)

        def _answer(self, command: str) -> None:
            match command.split():
                case ["CAPABILITY", *_]:
                    offers = shelf.tls == "STARTTLS" and not isinstance(self.connection, ssl.SSLSocket)
                    self._say("* CAPABILITY IMAP4rev1" + " STARTTLS" * offers)
                case ["SELECT", *_]:
                    self._say(f"* {len(shelf.messages)} EXISTS")
                    self._say(f"* OK [PERMANENTFLAGS ({shelf.permits})] limited")
                case ["UID", "SEARCH", *criteria]:
                    wanted = criteria[-1] if "UNKEYWORD" in criteria else r"\Seen"
                    uids = [uid for uid, flags in shelf.flags.items() if wanted not in flags]
                    self._say("* SEARCH " + " ".join(map(str, uids)))
                case ["UID", "FETCH", uid, *_]:
                    content = shelf.messages[int(uid)]
                    said = f'INTERNALDATE " 4-Jun-2026 08:31:00 +0200" BODY[]<0> {{{len(content)}}}'
                    self._say(f"* {uid} FETCH (UID {uid} {said}")
                    self.wfile.write(content + b")\r\n")
                case ["UID", "STORE", uid, _, flags]:
                    shelf.flags[int(uid)] |= set(re.findall(r"[\\\w]+", flags))
                case _:
                    pass

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield ImapServer(int(server.server_address[1]), "geheim")
        server.shutdown()
