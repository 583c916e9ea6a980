"""A program the stack runs on, and where it came from."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypeAlias

# Receives one line of progress for people.
Report: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Tool:
    """A program that was found and works."""

    name: str
    version: str
    path: Path
    origin: str


class ToolMissing(RuntimeError):
    """A program cannot be had; the message says what was tried and what to do."""


def silent(line: str) -> None:
    """Report nothing."""


def output_of(command: Sequence[str | PathLike[str]], *, timeout_seconds: float = 30.0) -> str | None:
    """Return what a short command printed, or None when it cannot run, fails, or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603  # our own program or a server that was found, and no shell
            command, capture_output=True, text=True, timeout=timeout_seconds, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None
