"""A real HTTP server that takes webhooks, and misbehaves as the test says.

It checks signatures by the ten lines that docs/webhooks.md gives to receivers.
"""

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.installation import ROOT

CERTIFICATE = Path(__file__).parent / "localhost.pem"
HOST = "127.0.0.1"

Verify = Callable[[str, Mapping[str, str], bytes], None]


@dataclass(frozen=True)
class Says:
    """An answer with this status; 2xx takes the event."""

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resets:
    """The connection is reset without an answer, once the event was taken or before."""

    takes: bool = True


@dataclass(frozen=True)
class Drips:
    """The answer comes byte by byte, so slowly that it never ends."""

    seconds: float = 0.05


@dataclass(frozen=True)
class Waits:
    """The event is taken, and the answer comes so many seconds later."""

    seconds: float


Behaviour = Says | Resets | Drips | Waits


@dataclass(frozen=True)
class Arrived:
    """A request that arrived, whatever became of it."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    taken: bool

    @property
    def event(self) -> dict[str, Any]:
        """Return the event."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def id(self) -> str:
        """Return the event's id, as the header has it."""
        return self.headers["webhook-id"]

    @property
    def kind(self) -> str:
        """Return the event's kind."""
        return str(self.event["kind"])


@dataclass
class Receiver:
    """A running server. `behaves` is asked for each event; `arrived` is all that came, in order."""

    behaves: Callable[[Mapping[str, Any]], Behaviour] = lambda _event: Says()
    arrived: list[Arrived] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    names: list[str | None] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def taken(self) -> list[Arrived]:
        """Return what was taken, repeats too."""
        return [one for one in list(self.arrived) if one.taken]

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of what was taken."""
        return [one.kind for one in self.taken]

    @contextmanager
    def running(self, *, tls: bool = False) -> Iterator["Receiver"]:
        """Serve until the block ends; with TLS, as `localhost` and by an authority of its own."""
        with ThreadingHTTPServer((HOST, 0), _handler(self)) as http:
            http.daemon_threads = True
            http.request_queue_size = 50
            port = http.server_address[1]
            self.url = f"https://localhost:{port}/hook" if tls else f"http://{HOST}:{port}/hook"
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATE)
                context.sni_callback = lambda _line, name, _context: self.names.append(name)
                http.socket = context.wrap_socket(http.socket, server_side=True)
            thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self.stopping.set()
                http.shutdown()
                thread.join(10)


def verify_of_the_docs() -> Verify:
    """Return the function that docs/webhooks.md gives to receivers."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert example is not None
    found: dict[str, Any] = {}
    exec(example[1], found)
    verify: Verify = found["verify"]
    return verify


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection, kept for further events."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def handle(self) -> None:
            # A client that breaks off is what many of these tests are about, and no news.
            with suppress(OSError):
                super().handle()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            behaviour = receiver.behaves(json.loads(body))
            match behaviour:
                case Says(status=status):
                    taken = 200 <= status < 300
                case Resets(takes=takes):
                    taken = takes
                case _:
                    taken = True
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.arrived.append(Arrived(self.path, headers, body, taken))
            match behaviour:
                case Says():
                    self._say(behaviour)
                case Resets():
                    # With this option a close sends a reset at once.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                case Waits(seconds):
                    receiver.stopping.wait(seconds)
                    self._say(Says())
                case Drips(seconds):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not receiver.stopping.is_set():
                        self.wfile.write(b"x")
                        time.sleep(seconds)

        def _say(self, answer: Says) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: a test looks at what was kept."""

    return Handler
