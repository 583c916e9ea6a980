"""Owners of servers that tests kill, and the processes that must be gone then."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Seen:
    """A process as it was seen: its start time tells it from a later one with the same number."""

    pid: int
    started: str
    command: str


@contextmanager
def owner(
    script: str, *arguments: object, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Run the script as an owner of servers until the block ends; it says a line when it is ready."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the next line the owner says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kill_9(process: subprocess.Popen[str]) -> None:
    """Kill the owner as the kernel would for want of memory."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> set[Seen]:
    """Return every living process below this one."""
    parents: dict[int, list[Seen]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if (found := _look(int(entry.name))) is not None:
            parents.setdefault(found[0], []).append(found[1])
    found_below: set[Seen] = set()
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found_below.add(child)
            waiting.append(child.pid)
    return found_below


def survivors(processes: set[Seen], *, within_seconds: float = 10.0) -> set[Seen]:
    """Return those of the processes that still live after the time; at once when none does."""
    deadline = time.monotonic() + within_seconds
    while True:
        alive = {seen for seen in processes if (now := _look(seen.pid)) and now[1].started == seen.started}
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.02)


def _look(pid: int) -> tuple[int, Seen] | None:
    """Return the parent and the process, or None for one that is gone or only waits to be collected."""
    try:
        state, parent, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    # Field 22 of stat is the start time; state, parent and two words before it have been taken off.
    return None if state in "ZX" else (int(parent), Seen(pid, rest[17], command.strip()))
