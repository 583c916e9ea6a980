"""Reads a mailbox by IMAP: which messages are new, their bytes, and the mark on those that were taken."""

import imaplib
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from intake.inbox import MESSAGE_BYTES_MAX

TIMEOUT_SECONDS = 30
# A keyword of our own, so that people may read the mailbox too; where a server takes none, that it was read.
KEYWORD = "DuewellTaken"
SEEN = "\\Seen"
_DEFAULT_PORTS = {"imap": 143, "imaps": 993}
_INTERNAL_DATE = re.compile(rb'INTERNALDATE "\s?(\d{1,2})-(\w{3})-(\d{4}) ([\d:]{8}) ([+-]\d{4})"')


class MailboxUnavailable(Exception):
    """The mailbox cannot be read now; the text says why, without the password."""


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """Where an inbox URL points to."""

    scheme: str
    host: str
    port: int
    username: str
    password: str
    folder: str = "INBOX"

    @classmethod
    def from_url(cls, url: str) -> "MailboxAddress":
        """Read imaps://user:password@host[:port]/FOLDER or imap://…; raises ValueError, without the password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(_EXPECTED) from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not parts.username:
            raise ValueError(_EXPECTED)
        folder = unquote(parts.path.lstrip("/")) or "INBOX"
        if not folder.isascii() or not folder.isprintable():
            raise ValueError("INBOX_URL names a folder that is not plain ASCII")
        username, password = unquote(parts.username), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], username, password, folder)

    @property
    def place(self) -> str:
        """Return where it is, without the password."""
        return f"{self.folder} of {self.username} at {self.host}:{self.port}"


_EXPECTED = "INBOX_URL looks like imaps://user:password@host/INBOX"


class Mailbox:
    """One connection to a mailbox, for the length of a `with` block. All methods raise MailboxUnavailable."""

    def __init__(self, address: MailboxAddress) -> None:
        self._address = address

    def __enter__(self) -> Self:
        """Connect, sign in and select the folder."""
        try:
            self._imap = self._connect()
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            raise MailboxUnavailable(_text(error)) from error
        try:
            self._sign_in()
            self._select()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take leave."""
        self._leave()

    def untaken(self) -> list[int]:
        """Return the ids of the messages that were not taken yet, the oldest first."""
        criterion = ("UNKEYWORD", KEYWORD) if self._mark == KEYWORD else ("UNSEEN",)
        (found,) = self._do("uid", "SEARCH", "UNDELETED", *criterion)[:1] or (None,)
        return sorted(int(uid) for uid in (found or b"").split())

    def fetch(self, uid: int) -> tuple[bytes, datetime] | None:
        """Return the message's bytes and when the server got it; None if it is gone. It is left unread."""
        data = self._do("uid", "FETCH", str(uid), f"(UID INTERNALDATE BODY.PEEK[]<0.{MESSAGE_BYTES_MAX}>)")
        raw, said = None, b""
        for each in data:
            if isinstance(each, tuple):
                said += each[0]
                raw = each[1] if b"BODY[" in each[0].upper() else raw
            elif each is not None:
                said += each
        return None if raw is None else (raw, _received_at(said))

    def mark(self, uid: int) -> None:
        """Mark the message as taken."""
        self._do("uid", "STORE", str(uid), "+FLAGS.SILENT", f"({self._mark})")

    def _connect(self) -> imaplib.IMAP4:
        address, tls = self._address, ssl.create_default_context()
        if address.scheme == "imaps":
            return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=tls, timeout=TIMEOUT_SECONDS)
        imap = imaplib.IMAP4(address.host, address.port, timeout=TIMEOUT_SECONDS)
        try:
            if "STARTTLS" in imap.capabilities:
                imap.starttls(tls)
            elif not ip_address(imap.sock.getpeername()[0]).is_loopback:
                # Whoever strips STARTTLS from the answer on the way would get the password.
                raise imaplib.IMAP4.error("it offers no STARTTLS, and a password is not sent in the clear")
        except BaseException:
            # A handshake that failed leaves a socket that cannot be shut down, and the reason must not be lost.
            with suppress(OSError):
                imap.shutdown()
            raise
        return imap

    def _sign_in(self) -> None:
        name, password = self._address.username, self._address.password
        if "AUTH=PLAIN" in self._imap.capabilities:
            # It takes any characters, which LOGIN does not.
            self._do("authenticate", "PLAIN", lambda _: f"\0{name}\0{password}".encode())
        elif not (name + password).isascii():
            raise MailboxUnavailable("it signs in by LOGIN alone, which takes no characters beyond ASCII")
        else:
            self._do("login", _quoted(name), password)

    def _select(self) -> None:
        self._do("select", _quoted(self._address.folder))
        flags = b" ".join(flag for flag in self._imap.response("PERMANENTFLAGS")[1] if flag)
        may_hold = KEYWORD.encode().lower() in flags.lower() or b"\\*" in flags
        self._mark = KEYWORD if may_hold else SEEN

    def _do(self, method: str, *arguments: Any) -> list[Any]:
        try:
            kind, data = getattr(self._imap, method)(*arguments)
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            raise MailboxUnavailable(_text(error)) from error
        if kind != "OK":
            said = data[0].decode(errors="replace") if data and isinstance(data[0], bytes) else kind
            raise MailboxUnavailable(f"{arguments[0] if method == 'uid' else method}: {said}")
        return list(data)

    def _leave(self) -> None:
        # All that matters is done or failed by now.
        with suppress(OSError, imaplib.IMAP4.error):
            self._imap.logout()


def _received_at(said: bytes) -> datetime:
    found = _INTERNAL_DATE.search(said)
    if found is None:
        return datetime.now(UTC)
    day, month, year, clock, zone = (part.decode() for part in found.groups())
    try:
        return parsedate_to_datetime(f"{day} {month} {year} {clock} {zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(error: Exception) -> str:
    # The library shows what it got as bytes.
    said = error.args[0] if error.args else ""
    said = said.decode(errors="replace") if isinstance(said, bytes) else str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
