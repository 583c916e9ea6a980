"""Keeps connections to an SMTP server for the next message: greeting, TLS and login cost more than a message."""

import smtplib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

# An idle connection answers at once or is given up.
CHECK_SECONDS = 5.0
_AWAY = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How long connections are kept.

    An idle one is closed after `idle_seconds_max`, any one after `messages_max` messages. One that rested for
    less than `trusted_seconds` is used without asking whether it is still there.
    """

    idle_seconds_max: float = 30.0
    messages_max: int = 100
    trusted_seconds: float = 1.0


@dataclass(slots=True)
class Connection:
    """A connection that was greeted and logged in, how many messages it has carried, and the thread it is for."""

    smtp: smtplib.SMTP
    thread: int
    messages: int = 0
    idle_since: float = 0.0


class SmtpPool:
    """Connections that rest between messages, each for the thread that used it: as many as there are threads.

    A thread records what became of its message before it sends the next one. Were connections shared, a worker
    that is killed could leave several messages of one connection without a record, all of them to be repeated.
    """

    def __init__(self, connect: Callable[[], smtplib.SMTP], upkeep: Upkeep) -> None:
        self._connect = connect
        self._upkeep = upkeep
        self._lock = threading.Lock()
        # The longest resting first.
        self._idle: list[Connection] = []
        self._is_tended = False
        self._closed = threading.Event()

    def take(self, *, fresh: bool = False) -> Connection:
        """Return a connection for one message: the thread's own if one rests and still answers, or a new one.

        Raises what connecting raises.
        """
        while not fresh and (connection := self._own()) is not None:
            if self._answers(connection):
                return connection
            connection.smtp.close()
        return Connection(self._connect(), threading.get_ident())

    def give_back(self, connection: Connection) -> None:
        """Let the connection rest: it has carried a message, and the server is ready for the next."""
        connection.messages += 1
        connection.idle_since = monotonic()
        with self._lock:
            rests = connection.messages < self._upkeep.messages_max and not self._closed.is_set()
            if rests:
                self._idle.append(connection)
                if not self._is_tended:
                    self._is_tended = True
                    threading.Thread(target=self._tend, name="smtp connections", daemon=True).start()
        if not rests:
            self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Take leave and close; what the server says to that changes nothing about any message."""
        with suppress(*_AWAY):
            connection.smtp.quit()
        connection.smtp.close()

    def close(self) -> None:
        """Close what rests now, and keep nothing from now on."""
        self._closed.set()
        while (connection := self._any()) is not None:
            self.discard(connection)

    def _any(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _own(self) -> Connection | None:
        own = threading.get_ident()
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if self._idle[index].thread == own:
                    return self._idle.pop(index)
        return None

    def _answers(self, connection: Connection) -> bool:
        rested = monotonic() - connection.idle_since
        if rested < self._upkeep.trusted_seconds:
            return True
        smtp = connection.smtp
        assert smtp.sock is not None
        patience = smtp.sock.gettimeout()
        try:
            smtp.sock.settimeout(CHECK_SECONDS)
            code, _ = smtp.noop()
            if code != 250:
                return False
            smtp.sock.settimeout(patience)
        except _AWAY:
            return False
        return True

    def _tend(self) -> None:
        """Close connections that rested for too long; ends with the last one."""
        while True:
            with self._lock:
                if not self._idle:
                    self._is_tended = False
                    return
                wait = self._idle[0].idle_since + self._upkeep.idle_seconds_max - monotonic()
                expired = self._idle.pop(0) if wait <= 0 else None
            if expired is not None:
                self.discard(expired)
            else:
                self._closed.wait(wait)
