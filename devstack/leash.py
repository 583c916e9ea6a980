"""A child that never outlives its owner: `python -m devstack.leash [--signal INT] -- COMMAND…`.

The owner starts this program with a pipe as standard input and keeps the other end. When the pipe ends,
because the owner closed it, ended, or was killed, the command and everything it started are ended too:
first by the signal, after the grace by SIGKILL. Should this program itself be killed, Linux kills the
command (PDEATHSIG). It ends with the command's exit code, and imports nothing but the standard library,
so that it starts in a few milliseconds.
"""

import argparse
import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STANDARD_INPUT = 0
COMMAND_NOT_FOUND = 127
RETRY_SECONDS = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command until it ends or the owner is gone, and return its exit code."""
    options = _parse(arguments)
    wake = _wake_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP)
    # Ctrl-C in a terminal goes to the owner, which stops its children in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = _spawn(options.command)
    if options.pid_fd is not None:
        os.write(options.pid_fd, f"{child}\n".encode())
        os.close(options.pid_fd)
    return _Watch(child, wake, signal.Signals[f"SIG{options.signal}"], options.grace).run()


class _Watch:
    """Waits for the end of the owner or the command, and then for the end of everything it started."""

    def __init__(self, child: int, wake: int, stop_signal: signal.Signals, grace_seconds: float) -> None:
        self.child = child
        self.wake = wake
        self.stop_signal = stop_signal
        self.grace_seconds = grace_seconds
        self.exit_code: int | None = None
        self.deadline: float | None = None

    def run(self) -> int:
        """Return the command's exit code once nothing is left of it."""
        while self._reap():
            if self.deadline is None:
                if self.exit_code is not None or self._owner_wants_the_end():
                    self.deadline = time.monotonic() + self.grace_seconds
                    self._signal(self.stop_signal)
            elif time.monotonic() >= self.deadline:
                # Killing a process hands its children to us, so this is repeated until none is left.
                self._signal(signal.SIGKILL)
                time.sleep(RETRY_SECONDS)
            else:
                select.select([self.wake], [], [], min(RETRY_SECONDS, self.deadline - time.monotonic()))
                self._drain_wake()
        # Without a subreaper (macOS) stragglers of the group are not our children: end them unseen.
        with contextlib.suppress(OSError):
            os.killpg(self.child, signal.SIGKILL)
        return COMMAND_NOT_FOUND if self.exit_code is None else self.exit_code

    def _reap(self) -> bool:
        """Collect the ended ones, and say whether any child, own or inherited, is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code

    def _owner_wants_the_end(self) -> bool:
        """Wait for the owner, the command or a signal; say whether the owner is gone or asked to stop."""
        readable, _, _ = select.select([STANDARD_INPUT, self.wake], [], [])
        if STANDARD_INPUT in readable:
            words = os.read(STANDARD_INPUT, 64)
            # The owner may say how many seconds of grace it gives before it closes the pipe.
            with contextlib.suppress(ValueError):
                self.grace_seconds = float(words)
            return True
        return bool({signal.SIGTERM, signal.SIGHUP} & self._drain_wake())

    def _drain_wake(self) -> set[int]:
        with contextlib.suppress(BlockingIOError):
            return set(os.read(self.wake, 1024))
        return set()

    def _signal(self, number: signal.Signals) -> None:
        """Send the signal to the command's process group and to what it left behind in other groups."""
        with contextlib.suppress(OSError):
            os.killpg(self.child, number)
        for orphan in _children() - {self.child}:
            with contextlib.suppress(OSError):
                os.kill(orphan, number)


def _spawn(command: Sequence[str]) -> int:
    """Start the command in its own session and return its process id."""
    for name in os.listdir("/dev/fd"):
        # Locks that the owner handed to us are held by us alone.
        with contextlib.suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)
    leash = os.getpid()
    # This pipe ends when the child has become the command: until then it would swallow the stop signal.
    started, starting = os.pipe()
    child = os.fork()
    if child == 0:
        _become(command, leash)
    os.close(starting)
    os.read(started, 1)
    os.close(started)
    return child


def _become(command: Sequence[str], leash: int) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # This is bound to the thread that forked: the leash has one thread only.
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != leash:
            os._exit(COMMAND_NOT_FOUND)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, STANDARD_INPUT)
        os.execvp(command[0], list(command))  # noqa: S606 - running the given command is the purpose
    except OSError as error:
        os.write(2, f"leash: cannot run {command[0]}: {error.strerror}\n".encode())
    os._exit(COMMAND_NOT_FOUND)


def _children() -> set[int]:
    with contextlib.suppress(OSError):
        return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    return set()


def _wake_on(*numbers: signal.Signals) -> int:
    """Return a file descriptor on which the numbers of caught signals can be read."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return read_end


def end_with_parent(by: signal.Signals) -> None:
    """Have this process get the signal when its parent ends (Linux; elsewhere nothing), at once if it has."""
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.leash", description="Run a command on a leash.")
    parser.add_argument("--signal", default="TERM", help="what asks the command to end, as TERM or INT")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds until SIGKILL")
    parser.add_argument("--pid-fd", type=int, help="file descriptor to write the command's process id to")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        parser.error("a command is needed")
    return options


if __name__ == "__main__":
    sys.exit(main())
