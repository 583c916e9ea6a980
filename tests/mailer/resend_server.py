"""A real HTTP server that is Resend's API as far as we use it, and that misbehaves as the test says.

Fields, refusals and keys are those of https://resend.com/docs/api-reference (2026-11): a key holds for 24 hours,
with the same payload it answers the same id and sends nothing, with another one it is refused with 409. A key may
have full access, or send and nothing else. The list of messages is read in pages of a hundred at most, the newest
first, each with what happened to it last.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

API_KEY = "re_test_123"
SENDING_KEY = "re_sending_only"
KEY_HOLDS_FOR = timedelta(hours=24)
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Says:
    """Another answer than the API would give, and nothing is accepted."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def error(cls, status: int, name: str, message: str = "no", **headers: str) -> "Says":
        """Return a refusal as the API words it."""
        body = json.dumps({"statusCode": status, "name": name, "message": message}).encode()
        return cls(status, body, {key.replace("_", "-"): value for key, value in headers.items()})


@dataclass(frozen=True)
class Breaks:
    """The connection breaks without an answer, after the message was accepted or before."""

    accepts: bool


@dataclass(frozen=True)
class Mangles:
    """The message is accepted, and something else than the API's answer comes back."""

    body: bytes


@dataclass(frozen=True)
class Waits:
    """The message is accepted, and the answer comes so many seconds later."""

    seconds: float


Behaviour = Says | Breaks | Mangles | Waits | None


@dataclass(frozen=True)
class Email:
    """A message that was accepted: it is delivered, once."""

    id: str
    key: str
    fields: dict[str, Any]
    accepted_at: datetime


@dataclass
class ResendServer:
    """A running server. `behaves` is asked for each message by its key; None is as the API does.

    `emails` is what was delivered, `asked` every key in the order of arrival. `clock` is the server's. `events`
    says what happened last to a message, `sent` unless said, and `listing` is what the next requests of the list
    are answered with instead.
    """

    behaves: Callable[[str], Behaviour] = lambda _key: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    emails: list[Email] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    events: dict[str, str] = field(default_factory=dict)
    listing: list[Says] = field(default_factory=list)
    url: str = ""
    _in_progress: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def accept(self, key: str, fields: dict[str, Any]) -> Email | Says:
        """Take the message, or find it under its key."""
        with self._lock:
            if key in self._in_progress:
                return Says.error(409, "concurrent_idempotent_requests", "still in progress")
            now = self.clock()
            known = [one for one in self.emails if one.key == key and now < one.accepted_at + KEY_HOLDS_FOR]
            if not known:
                self.emails.append(Email(str(uuid4()), key, fields, now))
                return self.emails[-1]
            if known[-1].fields != fields:
                message = "This idempotency key was already used with another payload."
                return Says.error(409, "invalid_idempotent_request", message)
            return known[-1]

    def page(self, after: str | None, limit: int) -> Says:
        """List messages, the newest first."""
        if self.listing:
            return self.listing.pop(0)
        newest = list(reversed(self.emails))
        ids = [email.id for email in newest]
        start = 0 if after is None else ids.index(after) + 1
        shown = [self._line(email) for email in newest[start : start + limit]]
        answer = {"object": "list", "has_more": start + limit < len(newest), "data": shown}
        return Says(200, json.dumps(answer).encode())

    def _line(self, email: Email) -> dict[str, Any]:
        of_fields = {name: email.fields.get(name) for name in ("from", "to", "cc", "bcc", "reply_to", "subject")}
        last_event = self.events.get(email.id, "sent")
        moments = {"created_at": email.accepted_at.isoformat(), "scheduled_at": None}
        return {"id": email.id, **of_fields, **moments, "last_event": last_event}

    @property
    def is_busy(self) -> bool:
        """Say whether it still works on a message."""
        return bool(self._in_progress)

    def wait(self, key: str, seconds: float) -> None:
        """Work on the key's message for so long, or until the server stops."""
        self._in_progress.add(key)
        self._stopping.wait(seconds)
        self._in_progress.discard(key)

    @contextmanager
    def running(self) -> Iterator["ResendServer"]:
        """Serve until the block ends."""
        with ThreadingHTTPServer((HOST, 0), _handler(self)) as http:
            http.daemon_threads = True
            self.url = f"http://{HOST}:{http.server_address[1]}"
            thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._stopping.set()
                http.shutdown()
                thread.join(10)


def _handler(server: ResendServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection, kept for further requests as the real one keeps it."""

        protocol_version = "HTTP/1.1"
        # The answer's head and body are two writes, and the second must not wait for an acknowledgement.
        disable_nagle_algorithm = True
        timeout = 30

        def setup(self) -> None:
            super().setup()
            server.connections += 1

        def handle(self) -> None:
            # A client that breaks off is what many of these tests are about, and no news.
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self) -> None:
            if not self._is_known():
                return
            path, _, query = self.path.partition("?")
            asked = dict(parse_qsl(query))
            if path != "/emails":
                self._say(Says.error(404, "not_found", "The requested endpoint does not exist."))
            elif SENDING_KEY in self.headers["Authorization"]:
                self._say(Says.error(401, "restricted_api_key", "This API key is restricted to only send emails"))
            else:
                self._say(server.page(asked.get("after"), min(int(asked.get("limit", 20)), 100)))

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._is_known():
                return
            fields, key = json.loads(data), self.headers["Idempotency-Key"]
            server.asked.append(key)
            refusal = _refusal(self.path, key, fields)
            behaviour = refusal or server.behaves(key)
            if isinstance(behaviour, Says):
                self._say(behaviour)
                return
            if behaviour == Breaks(accepts=False):
                self._hang_up()
                return
            accepted = server.accept(key, fields)
            if isinstance(accepted, Says):
                self._say(accepted)
                return
            match behaviour:
                case Breaks():
                    self._hang_up()
                case Mangles(body):
                    self._say(Says(200, body))
                case Waits(seconds):
                    server.wait(key, seconds)
                    self._say(Says(200, json.dumps({"id": accepted.id}).encode()))
                case None:
                    self._say(Says(200, json.dumps({"id": accepted.id}).encode()))

        def _is_known(self) -> bool:
            keys = {f"Bearer {key}" for key in (API_KEY, SENDING_KEY)}
            if self.headers["Authorization"] in keys and self.headers["User-Agent"]:
                return True
            self._say(Says.error(403, "invalid_api_key", "API key is invalid"))
            return False

        def _say(self, answer: Says) -> None:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _hang_up(self) -> None:
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: a test looks at what was kept."""

    return Handler


def _refusal(path: str, key: str | None, fields: dict[str, Any]) -> Says | None:
    """Return what the API says to a request that it cannot read."""
    if path != "/emails":
        return Says.error(404, "not_found", "The requested endpoint does not exist.")
    if not key or len(key) > 256:
        return Says.error(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
    missing = [name for name in ("from", "to", "subject") if name not in fields]
    if missing or not ("text" in fields or "html" in fields):
        return Says.error(422, "missing_required_field", f"Missing {missing}.")
    known = {"from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "headers", "attachments"}
    if set(fields) - known:
        return Says.error(422, "validation_error", f"Unknown {sorted(set(fields) - known)}")
    return None
