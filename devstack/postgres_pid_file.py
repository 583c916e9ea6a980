"""PostgreSQL's postmaster.pid after a kill: whom the number in it names now."""

import contextlib
from pathlib import Path

from devstack.home_lock import is_alive
from devstack.tool import output_of

# Above what any system gives to a process, so it names nobody.
NOBODYS_PID = 2**30


class ServerRuns(RuntimeError):
    """A server that is not ours runs on the data."""


def disarm_pid_file(data: Path) -> None:
    """Make a stale postmaster.pid harmless; raises ServerRuns when its server is alive.

    PostgreSQL refuses to start when the number belongs to any living process, though it may be another
    program's by now. The file is kept and only the number is changed: by the file's other lines
    PostgreSQL itself makes sure that no child of the dead server still uses the shared memory.
    """
    file = data / "postmaster.pid"
    try:
        lines = file.read_text().split("\n")
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError):
        return
    if is_alive(pid) and is_postgres_on(pid, data):
        raise ServerRuns(f"PostgreSQL runs already on {data}, as process {pid}: stop that one first.")
    file.write_text("\n".join([str(NOBODYS_PID), *lines[1:]]))


def is_postgres_on(pid: int, data: Path) -> bool:
    """Say whether the process is a PostgreSQL server on the data directory."""
    words: list[str] = []
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    if not words:
        words = (output_of(["ps", "-o", "command=", "-p", str(pid)]) or "").split()
    return bool(words) and Path(words[0]).name in ("postgres", "postmaster") and str(data) in words
