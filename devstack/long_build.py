"""Long builds, with a line of progress now and then so that nobody thinks they hang."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.leashed_process import LeashedProcess
from devstack.tool import Report

LINE_EVERY_SECONDS = 10.0


class BuildFailed(RuntimeError):
    """A build or download failed or took too long; the message ends with its last lines."""


def run_build(
    doing: str,
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    report: Report,
    usually: str = "",
    env: Mapping[str, str] | None = None,
    directory: Path | None = None,
    timeout_seconds: float = 3600.0,
) -> None:
    """Run the command to its end, leashed to us; raises BuildFailed.

    `doing` names the work ("building Temporal with Go"), `usually` says how long it takes.
    """
    started = time.monotonic()
    next_line = started + LINE_EVERY_SECONDS
    usual = f", usually {usually}" if usually else ""
    report(f"{doing}{usual}")
    with LeashedProcess(
        doing,
        command,
        log=log,
        env=None if env is None else {**os.environ, **env},
        directory=directory,
        grace_seconds=3,
    ) as process:
        while process.is_running:
            now = time.monotonic()
            if now - started > timeout_seconds:
                raise BuildFailed(f"{doing}: not done after {spoken(timeout_seconds)}.\n{process.log_tail()}")
            if now >= next_line:
                report(f"{doing}, {spoken(now - started)} so far{usual}")
                next_line += LINE_EVERY_SECONDS
            time.sleep(0.05)
        if process.exit_code != 0:
            raise BuildFailed(f"{doing}: exit code {process.exit_code}.\n{process.log_tail()}")


def spoken(seconds: float) -> str:
    """Return a duration as people say it: 45s, 1m20s."""
    whole = round(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60:02d}s"
