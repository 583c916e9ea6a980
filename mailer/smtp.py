"""Sends by SMTP."""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.parser import BytesHeaderParser
from email.policy import SMTP
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from mailer.smtp_pool import Connection, SmtpPool, Upkeep
from mailer.transport import (
    Accepted,
    Deferred,
    Overtaken,
    ProbeFailed,
    Rejected,
    Uncertain,
    Unreachable,
    always,
)

TIMEOUT_SECONDS = 30
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_EXPECTED = "SMTP_URL looks like smtp://user:password@host:587 or smtps://host; special characters percent-encoded"
# What would end an address early, or its line.
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f<>]")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where an SMTP URL points to."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read smtp://[user:password@]host[:port] or smtps://…; raises ValueError, without the password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # The library shows what it took for a port, which may be half a password that was not encoded.
            raise ValueError(_EXPECTED) from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(_EXPECTED)
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], username, password)


class SmtpTransport:
    """Hands messages to one SMTP server over connections that are used again; STARTTLS whenever it is offered."""

    def __init__(self, server: SmtpServer, upkeep: Upkeep | None = None, bounces_to: str | None = None) -> None:
        self._server = server
        self._bounces_to = bounces_to
        self._pool = SmtpPool(self._connect, upkeep or Upkeep())

    @property
    def remembers_for(self) -> timedelta | None:
        """None: a message that is handed over twice is delivered twice."""
        return None

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Hand the message over; see Transport.send. Before the final dot a broken connection is Deferred."""
        sender = self._bounces_to or sender
        if not _is_writable(sender):
            raise Rejected(f"{sender!r} is no address to send from")
        connection = self._take()
        try:
            try:
                self._begin(connection, sender, recipients, message)
            except _Left:
                # It was closed while it rested. Nothing has been said about this message yet.
                self._pool.discard(connection)
                connection = self._take(fresh=True)
                self._begin(connection, sender, recipients, message)
            answer = self._hand_over(connection.smtp, recipients, message, is_current)
        except BaseException:
            # After a refusal too: no server minds a new connection then, and none is left half way.
            self._pool.discard(connection)
            raise
        self._pool.give_back(connection)
        return Accepted(answer)

    def probe(self) -> str:
        """Return how the server greets and whom, on a connection of its own. Raises ProbeFailed."""
        try:
            smtp = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            mend = "mend user and password in SMTP_URL"
            raise ProbeFailed(f"refuses the login: {error.smtp_code}", mend) from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            said = error.strerror if isinstance(error, OSError) else None
            raise ProbeFailed(said or str(error), "start the mail server, or set SMTP_URL") from error
        # Its farewell makes the library forget what the server said before.
        greeting = (smtp.ehlo_resp or smtp.helo_resp or b"").decode(errors="replace")
        self._pool.discard(Connection(smtp, threading.get_ident()))
        user = f", as {self._server.username}" if self._server.username else ""
        first_line = greeting.partition("\n")[0]
        return f"greets as {first_line}{user}"

    def close(self) -> None:
        """Close the connections that rest."""
        self._pool.close()

    def _take(self, *, fresh: bool = False) -> Connection:
        try:
            return self._pool.take(fresh=fresh)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            # UnicodeError: a host that is no domain name, a login that the library cannot write in ASCII.
            raise Deferred(f"SMTP server {self._server.host}:{self._server.port}: {_text(error)}") from error

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # To read all authorities takes longer than to send ten messages.
        return ssl.create_default_context()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        connection: smtplib.SMTP
        if server.scheme == "smtps":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=self._tls)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.ehlo_or_helo_if_needed()
            if server.scheme == "smtp" and connection.has_extn("starttls"):
                connection.starttls(context=self._tls)
                connection.ehlo()
            elif server.scheme == "smtp" and server.username is not None and not _is_this_machine(connection):
                # Whoever strips STARTTLS from the answer on the way would get the password.
                raise smtplib.SMTPException("it offers no STARTTLS, and a password is not sent in the clear")
            if server.username is not None:
                connection.login(server.username, server.password or "")
            assert connection.sock is not None
            # The final dot is written by itself: it must not wait until the text before it is acknowledged.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: Connection, sender: str, recipients: tuple[str, ...], message: bytes) -> None:
        """Name the sender. Raises _Left if a connection that rested turns out to be gone."""
        smtp = connection.smtp
        options = _options(smtp, sender, recipients, message)
        try:
            code, answer = smtp.mail(sender, options)
        except (OSError, smtplib.SMTPException) as error:
            if connection.messages:
                raise _Left from error
            raise Deferred(_text(error)) from error
        if code == 421 and connection.messages:
            raise _Left
        _accept(code, answer)

    def _hand_over(
        self,
        smtp: smtplib.SMTP,
        recipients: tuple[str, ...],
        message: bytes,
        is_current: Callable[[], bool],
    ) -> str:
        try:
            _name_recipients(smtp, recipients, message)
            code, answer = smtp.docmd("DATA")
            _accept(code, answer, goes_on=354)
            # A server delivers nothing of which it has not seen the end (RFC 5321, 4.1.1.4).
            smtp.send(_with_dots_doubled(message))
        except (OSError, smtplib.SMTPException) as error:
            raise Deferred(_text(error)) from error
        if not is_current():
            # A farewell would be one more line of the message, and its answer be waited for in vain.
            smtp.close()
            raise Overtaken("another attempt has the message by now")
        try:
            smtp.send(b".\r\n")
            code, answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain(_text(error)) from error
        if code < 200:
            raise Uncertain(f"not an SMTP answer: {code} {answer.decode(errors='replace')}")
        _accept(code, answer)
        return f"{code} {answer.decode(errors='replace')}"


class _Left(Exception):
    """The server closed a resting connection."""


def _is_writable(address: str) -> bool:
    return "@" in address and not _UNWRITABLE.search(address)


def _name_recipients(smtp: smtplib.SMTP, recipients: tuple[str, ...], message: bytes) -> None:
    """Name the recipients; those refused for good are left out as long as one of those in To is accepted."""
    refusals = []
    accepted = set()
    for recipient in recipients:
        if not _is_writable(recipient):
            refusals.append(f"{recipient!r} is no address to send to")
            continue
        if not recipient.isascii() and not smtp.has_extn("smtputf8"):
            refusals.append(
                f"{recipient}: the mail server sends to addresses in ASCII only (it offers no SMTPUTF8)"
            )
            continue
        code, answer = smtp.rcpt(recipient)
        if code < 200 or 400 <= code < 500:
            raise Deferred(f"{recipient}: {code} {answer.decode(errors='replace')}")
        if code >= 500:
            refusals.append(f"{recipient}: {code} {answer.decode(errors='replace')}")
        else:
            accepted.add(recipient)
    # A copy that is accepted, to an archive perhaps, does not make the customer reachable.
    if refusals and not accepted & (_addressed(message).intersection(recipients) or set(recipients)):
        raise Unreachable("; ".join(refusals))


def _addressed(message: bytes) -> set[str]:
    """Return the addresses that the message names in To."""
    header = BytesHeaderParser(policy=SMTP).parsebytes(message.partition(b"\r\n\r\n")[0])["To"]
    return set() if header is None else {address.addr_spec for address in header.addresses}


def _options(smtp: smtplib.SMTP, sender: str, recipients: tuple[str, ...], message: bytes) -> list[str]:
    """Return what the message asks of the server beyond plain SMTP (RFC 6531). Raises Rejected."""
    header = message.partition(b"\r\n\r\n")[0]
    of_recipients = [recipient.isascii() for recipient in recipients]
    if sender.isascii() and header.isascii() and all(of_recipients):
        return []
    if smtp.has_extn("smtputf8"):
        return ["SMTPUTF8", "BODY=8BITMIME"] if smtp.has_extn("8bitmime") else ["SMTPUTF8"]
    if not sender.isascii():
        raise Rejected(f"{sender}: the mail server sends from addresses in ASCII only (it offers no SMTPUTF8)")
    if not header.isascii() and any(of_recipients):
        raise Rejected("the message names an address beyond ASCII, and the mail server offers no SMTPUTF8")
    return []


def _with_dots_doubled(message: bytes) -> bytes:
    doubled = _LEADING_DOT.sub(b"..", message)
    # Without a line end before it, the final dot would be part of the text.
    return doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"


def _is_this_machine(connection: smtplib.SMTP) -> bool:
    assert connection.sock is not None
    return ip_address(connection.sock.getpeername()[0]).is_loopback


def _accept(code: int, answer: bytes, goes_on: int | None = None) -> None:
    text = f"{code} {answer.decode(errors='replace')}"
    if code >= 500:
        raise Rejected(text)
    # -1 is smtplib's code for what is no SMTP at all: nothing is known yet to be refused for good.
    if code < 200 or code >= 400 or (goes_on is not None and code != goes_on):
        raise Deferred(text)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
