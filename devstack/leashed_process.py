"""The owner's side of the leash: start a server, wait until it is ready, stop it in order."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

from devstack import leash

LOG_TAIL_CHARACTERS = 1500
LOG_SIZE_MAX = 20_000_000


class ProcessFailed(RuntimeError):
    """A server ended, or did not become ready in time; the message ends with its last log lines."""


class LeashedProcess:
    """A process that ends with its owner, whatever ends the owner.

    `held_locks` are file descriptors that stay open until the process and all its children have ended:
    a lock on them says truly whether anything still runs.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_seconds: float = 10.0,
        held_locks: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = tuple(os.fspath(word) for word in command)
        self.log = log
        self.env = env
        self.directory = directory
        self.stop_signal = stop_signal
        self.grace_seconds = grace_seconds
        self.held_locks = tuple(held_locks)
        self._leash: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._log_start = 0

    @property
    def pid(self) -> int:
        """Return the process id of the command itself, which leads its own process group."""
        return self._pid

    @property
    def leash_pid(self) -> int:
        """Return the process id of the leash between the owner and the command."""
        return self._leash.pid if self._leash else 0

    @property
    def exit_code(self) -> int | None:
        """Return the command's exit code (128 + n after signal n), or None while it runs."""
        return self._leash.poll() if self._leash else None

    @property
    def is_running(self) -> bool:
        """Say whether the command was started and has not ended."""
        return self._leash is not None and self._leash.poll() is None

    def start(self) -> Self:
        """Start the process; raises ProcessFailed when the leash cannot be started."""
        assert not self.is_running, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_SIZE_MAX:
            self.log.write_bytes(b"")
        pid_end, report_end = os.pipe()
        try:
            with self.log.open("ab") as log:
                self._log_start = log.tell()
                self._leash = subprocess.Popen(  # noqa: S603  # our own program or a server that was found, and no shell
                    [
                        *(sys.executable, "-I", "-S", leash.__file__, "--pid-fd", str(report_end)),
                        *("--signal", self.stop_signal.name.removeprefix("SIG")),
                        *("--grace", str(self.grace_seconds), "--", *self.command),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if self.env is None else dict(self.env),
                    cwd=self.directory,
                    start_new_session=True,
                    pass_fds=(report_end, *self.held_locks),
                )
        finally:
            os.close(report_end)
            with os.fdopen(pid_end, "rb") as report:
                pid = report.readline() if self._leash else b""
        if not pid:
            self.stop()
            raise ProcessFailed(f"{self.name} could not be started.\n{self.log_tail()}")
        self._pid = int(pid)
        _leashed.add(self)
        return self

    def wait_until_ready(
        self, probe: Callable[[], bool], *, timeout_seconds: float = 60.0, pause_seconds: float = 0.03
    ) -> Self:
        """Wait until the probe says yes; raises ProcessFailed, the process stopped, when it never does."""
        deadline = time.monotonic() + timeout_seconds
        while not probe():
            code = self.exit_code
            if code is not None:
                self.stop()
                raise ProcessFailed(f"{self.name} ended with exit code {code}.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ProcessFailed(f"{self.name} was not ready after {timeout_seconds:.0f} s.\n{self.log_tail()}")
            time.sleep(pause_seconds)
        return self

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the command's own end and return its exit code; raises subprocess.TimeoutExpired."""
        assert self._leash is not None, f"{self.name} was not started"
        return self._leash.wait(timeout_seconds)

    def stop(self, grace_seconds: float | None = None) -> int | None:
        """End the process and all its children, in order first; return its exit code."""
        if self._leash is None:
            return None
        grace = self.grace_seconds if grace_seconds is None else grace_seconds
        self._let_go(f"{grace}".encode())
        try:
            return self._leash.wait(grace + 10)
        except subprocess.TimeoutExpired:
            # The leash kills when the grace is over; only a machine that hangs lets us come here.
            self.kill()
            return self._leash.wait(10)

    def kill(self) -> None:
        """Kill the command at once (SIGKILL), as a crash would."""
        if self._pid and self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """Return the last lines logged since the start."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - LOG_TAIL_CHARACTERS))
            return log.read().decode(errors="replace").strip()
        return ""

    def __enter__(self) -> Self:
        return self if self.is_running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _let_go(self, last_words: bytes = b"") -> None:
        pipe = self._leash.stdin if self._leash else None
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(last_words)
                pipe.flush()
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


_leashed: WeakSet[LeashedProcess] = WeakSet()


def _forget_in_forked_child() -> None:
    # A forked copy of the owner (multiprocessing) must not keep the pipe open after the owner's end.
    for process in _leashed:
        process._let_go()


os.register_at_fork(after_in_child=_forget_in_forked_child)
