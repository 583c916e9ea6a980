"""One owner for a directory of server data, counted until the owner's last server has ended."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Self

PAUSE_SECONDS = 0.05


class HomeInUse(RuntimeError):
    """Another process owns the directory, or servers of an earlier owner do not end."""


class HomeLock:
    """A lock on a directory.

    Hand `fileno()` to every `LeashedProcess` on the data (`held_locks`): the lock then outlives an owner
    that was killed until its servers have really ended, and the next owner waits for just that.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._descriptor: int | None = None

    def fileno(self) -> int:
        """Return the locked file descriptor."""
        assert self._descriptor is not None, "the lock is not held"
        return self._descriptor

    def acquire(self, *, patience_seconds: float = 30.0) -> Self:
        """Take the lock, after waiting for the servers of a dead owner; raises HomeInUse."""
        self.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience_seconds
        try:
            while not _try_lock(descriptor):
                owner = _owner(descriptor)
                if owner is not None and is_alive(owner):
                    raise HomeInUse(f"{self.home} is in use by process {owner}: stop that one first.")
                if time.monotonic() > deadline:
                    raise HomeInUse(f"Servers of an earlier run still use {self.home}.")
                time.sleep(PAUSE_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the directory back; does nothing when the lock is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_alive(pid: int) -> bool:
    """Say whether the process runs: one that ended and waits for its parent (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        # The state follows the name, which is in parentheses and may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> int | None:
    with contextlib.suppress(ValueError):
        return int(os.pread(descriptor, 32, 0))
    return None
