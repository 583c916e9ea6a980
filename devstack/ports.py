"""Free TCP ports on 127.0.0.1 that two stacks never hand out twice."""

import contextlib
import errno
import fcntl
import os
import random
import socket
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"
TEMPORAL = 7233
TEMPORAL_UI = 8233
SMTP = 1025
MAIL_PAGE = 8025
POSTGRES = 5433

# From 32768 on, the system gives ports to outgoing connections: a server there may find its port taken.
PORT_MIN, PORT_MAX = 20_000, 32_767


class NoPortFree(RuntimeError):
    """Every port of the range is taken."""


@dataclass(frozen=True)
class PortLease:
    """A port that no other stack of this user takes until it is released or this process ends."""

    number: int
    _lock: IO[str] = field(repr=False, compare=False)

    def release(self) -> None:
        """Give the port back."""
        self._lock.close()


def lease_port(preferred: int | None = None) -> PortLease:
    """Return the preferred port if it is free, else another one; raises NoPortFree."""
    start = random.randrange(PORT_MIN, PORT_MAX + 1)  # noqa: S311 - spreads load, hides nothing
    others = (*range(start, PORT_MAX + 1), *range(PORT_MIN, start))
    for number in (preferred, *others) if preferred else others:
        if lease := _try_lease(number):
            return lease
    raise NoPortFree(f"No TCP port between {PORT_MIN} and {PORT_MAX} is free on {HOST}.")


def is_free(number: int) -> bool:
    """Say whether a server could listen on the port now."""
    with socket.socket() as listener:
        # As servers do: connections of a server that has just ended do not hold its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen()
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def is_listening(number: int) -> bool:
    """Say whether something accepts connections on the port."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, number), timeout=1):
        return True
    return False


def _try_lease(number: int) -> PortLease | None:
    lock = (_lock_directory() / str(number)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if is_free(number):
        return PortLease(number, lock)
    lock.close()
    return None


def _lock_directory() -> Path:
    """Return this user's own directory of locks, never one that somebody else prepared."""
    directory = Path(tempfile.gettempdir()) / f"duewell-ports-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{directory} belongs to somebody else; remove it.")
    return directory
