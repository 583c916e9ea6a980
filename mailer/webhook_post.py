"""Posts webhooks: one connection to an address that was looked at, no redirects, and an end to all patience."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mailer.public_addresses import NotFound, NotPublic, Resolver, require_public, resolve
from mailer.retry_after import seconds_of
from mailer.webhook_url import BadUrl, WebhookUrl, read_url

CONNECT_SECONDS = 5.0
# For all of it, from the connection to the last byte of the answer, however slowly those come.
POST_SECONDS = 15.0
# Of an answer nothing counts but its status; a little of the rest helps whoever looks for a mistake.
ANSWER_BYTES_MAX = 2048
_SHOWN_CHARACTERS_MAX = 200
_ADDRESSES_MAX = 3
# What a line that was used before ends with if the other side closed it, or said more than it may.
_SPOILT = (http.client.BadStatusLine, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class NoAnswer(Exception):
    """Nothing was answered; the event may have arrived. The text says why in one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint answered; `retry_after` is its wish in seconds."""

    status: int
    said: str
    retry_after: float | None

    @property
    def is_taken(self) -> bool:
        """Say whether the event arrived."""
        return 200 <= self.status < 300


class Line:
    """A connection to one endpoint, kept for the events of a round."""

    def __init__(
        self,
        url: str,
        *,
        allows_private: bool,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        post_seconds: float = POST_SECONDS,
    ) -> None:
        self._url = url
        self._allows_private = allows_private
        self._resolver = resolver
        self._tls = tls or _tls()
        self._post_seconds = post_seconds
        self._open: tuple[http.client.HTTPConnection, socket.socket] | None = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once, and return the answer. Raises NoAnswer."""
        try:
            if self._open is not None:
                with suppress(*_SPOILT):
                    return self._post(body, headers)
                self.close()
            return self._post(body, headers)
        except (BadUrl, NotPublic, NotFound) as refusal:
            raise NoAnswer(str(refusal)) from refusal
        except ssl.SSLCertVerificationError as error:
            raise NoAnswer(f"its certificate is not valid: {error.verify_message}") from error
        except TimeoutError as error:
            raise NoAnswer(str(error) or "it does not answer in time") from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        target = read_url(self._url, allows_private=self._allows_private)
        is_kept = False
        try:
            with _Deadline(self._post_seconds) as deadline:
                if self._open is None:
                    self._open = self._connect(target, deadline)
                connection, line = self._open
                deadline.ends(line)
                connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
                own = {"Host": target.authority, "Content-Type": "application/json", "User-Agent": "duewell"}
                for name, value in {**own, **headers, "Content-Length": str(len(body))}.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                response = connection.getresponse()
                data = response.read(ANSWER_BYTES_MAX)
                is_kept = response.isclosed() and not response.will_close
            said = " ".join(data[:_SHOWN_CHARACTERS_MAX].decode(errors="replace").split())
            return Answer(response.status, said, seconds_of(response.headers.get("retry-after")))
        finally:
            if not is_kept:
                self.close()

    def _connect(
        self, target: WebhookUrl, deadline: "_Deadline"
    ) -> tuple[http.client.HTTPConnection, socket.socket]:
        addresses = self._resolver(target.host, target.port)
        if not self._allows_private:
            require_public(target.host, addresses)
        line = _connected(addresses[:_ADDRESSES_MAX], target.port)
        try:
            deadline.ends(line)
            if target.is_tls:
                # The object comes before the handshake, so that the deadline can end it.
                line = self._tls.wrap_socket(line, server_hostname=target.host, do_handshake_on_connect=False)
                deadline.ends(line)
                line.do_handshake()
        except BaseException:
            line.close()
            raise
        connection = http.client.HTTPConnection(target.host, target.port)
        # It has its line already, and must never look for one by itself.
        connection.sock, connection.auto_open = line, 0
        return connection, line


class _Deadline:
    """Ends what is waited for on a socket after so many seconds, however much of it still comes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._line: socket.socket | None = None
        self._is_over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._timer.cancel()
        # The socket has the same patience, and may lose it a moment before the timer's thread has its turn.
        if self._is_over or (self._line is not None and isinstance(error, TimeoutError)):
            raise TimeoutError(f"it does not answer within {self._seconds:g} seconds") from error

    def ends(self, line: socket.socket) -> None:
        """End this socket when the time is over."""
        self._line = line
        line.settimeout(self._seconds)
        if self._is_over:
            raise TimeoutError

    def _end(self) -> None:
        self._is_over = True
        if self._line is not None:
            with suppress(OSError):
                # Of the plain socket: a TLS one would first forget its keys, which another thread works with.
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)


def _connected(addresses: Sequence[str], port: int) -> socket.socket:
    """Return a socket to the first of the addresses that takes it. Raises OSError."""
    error = OSError("it has no address")
    for address in addresses:
        try:
            line = socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except OSError as refused:
            error = refused
        else:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
    raise error


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
