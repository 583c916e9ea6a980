"""Directories for PostgreSQL's Unix sockets: short paths, closed to others, none left behind."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "duewell-pg-"

# The path of a socket is limited to 107 bytes (103 on macOS), of which its own name and ours take 40.
BASE_BYTES_MAX = 60

# A server makes its sockets within seconds, and takes them away when it ends in order.
EMPTY_SECONDS_MAX = 600


def make_socket_directory(note: Path, owner: int | None) -> Path:
    """Return a new directory, for the owner if one is given, and write its path down in the note."""
    _sweep()
    directory = tempfile.mkdtemp(prefix=PREFIX, dir=_base())
    if owner is not None:
        os.chown(directory, owner, owner)
    note.write_text(directory)
    return Path(directory)


def remove_socket_directory(note: Path) -> None:
    """Remove the directory that the note names, if there is one: its server must have ended."""
    with contextlib.suppress(FileNotFoundError):
        directory = Path(note.read_text())
        if directory.name.startswith(PREFIX):
            shutil.rmtree(directory, ignore_errors=True)
        note.unlink()


def _sweep() -> None:
    """Remove empty directories of owners that were killed and whose homes are gone as well."""
    for directory in _base().glob(f"{PREFIX}*"):
        # Only empty ones can be removed this way, and only one's own.
        with contextlib.suppress(OSError):
            if time.time() - directory.stat().st_mtime > EMPTY_SECONDS_MAX:
                directory.rmdir()


def _base() -> Path:
    usual = tempfile.gettempdir()
    return Path(usual if len(os.fsencode(usual)) <= BASE_BYTES_MAX else "/tmp")  # noqa: S108  # the shortest there is
