"""Sends by SMTP."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from mailer.transport import Deferred, Rejected, Uncertain, Unreachable

TIMEOUT_SECONDS = 30
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
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
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError("SMTP_URL looks like smtp://user:password@host:587 or smtps://host")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, username, password)


class SmtpTransport:
    """Hands messages to one SMTP server, a connection for each message; STARTTLS whenever it is offered."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def send(self, sender: str, recipients: tuple[str, ...], message_id: str, message: bytes) -> str:
        """Hand the message over; see Transport.send. Up to the final dot a broken connection is Deferred."""
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            # UnicodeError: a host that is no domain name, a login that the library cannot write in ASCII.
            raise Deferred(f"SMTP server {self._server.host}:{self._server.port}: {_text(error)}") from error
        try:
            return self._hand_over(connection, sender, recipients, message)
        finally:
            # The answer to the message is known by now; a failing farewell changes nothing about it.
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def probe(self) -> str:
        """Return how the server greets. Raises OSError or smtplib.SMTPException if it cannot be reached."""
        connection = self._connect()
        # Its farewell makes the library forget what the server said before.
        greeting = (connection.ehlo_resp or connection.helo_resp or b"").decode(errors="replace")
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
        connection.close()
        return greeting.partition("\n")[0]

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        tls = ssl.create_default_context()
        connection: smtplib.SMTP
        if server.scheme == "smtps":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=tls)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.ehlo_or_helo_if_needed()
            if server.scheme == "smtp" and connection.has_extn("starttls"):
                connection.starttls(context=tls)
                connection.ehlo()
            elif server.scheme == "smtp" and server.username is not None and not _is_this_machine(connection):
                # Whoever strips STARTTLS from the answer on the way would get the password.
                raise smtplib.SMTPException("it offers no STARTTLS, and a password is not sent in the clear")
            if server.username is not None:
                connection.login(server.username, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _hand_over(
        self, connection: smtplib.SMTP, sender: str, recipients: tuple[str, ...], message: bytes
    ) -> str:
        if not sender.isascii():
            raise Rejected(f"{sender}: only addresses in ASCII can be sent from")
        try:
            _accept(*connection.mail(sender))
            self._name_recipients(connection, recipients)
            _accept(*connection.docmd("DATA"))
        except (OSError, smtplib.SMTPException) as error:
            raise Deferred(_text(error)) from error
        try:
            connection.send(_LEADING_DOT.sub(b"..", message) + b".\r\n")
            code, answer = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain(_text(error)) from error
        if code < 200:
            raise Uncertain(f"not an SMTP answer: {code} {answer.decode(errors='replace')}")
        _accept(code, answer)
        return f"{code} {answer.decode(errors='replace')}"

    def _name_recipients(self, connection: smtplib.SMTP, recipients: tuple[str, ...]) -> None:
        """Name the recipients; those refused for good are left out as long as one is accepted."""
        refusals = []
        for recipient in recipients:
            if not recipient.isascii():
                refusals.append(f"{recipient}: only addresses in ASCII can be sent to")
                continue
            code, answer = connection.rcpt(recipient)
            if code < 200 or 400 <= code < 500:
                raise Deferred(f"{recipient}: {code} {answer.decode(errors='replace')}")
            if code >= 500:
                refusals.append(f"{recipient}: {code} {answer.decode(errors='replace')}")
        if len(refusals) == len(recipients):
            raise Unreachable("; ".join(refusals))


def _is_this_machine(connection: smtplib.SMTP) -> bool:
    assert connection.sock is not None
    return ip_address(connection.sock.getpeername()[0]).is_loopback


def _accept(code: int, answer: bytes) -> None:
    text = f"{code} {answer.decode(errors='replace')}"
    if code >= 500:
        raise Rejected(text)
    # -1 is smtplib's code for what is no SMTP at all: nothing is known yet to be refused for good.
    if code < 200 or code >= 400:
        raise Deferred(text)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
