"""The Temporal SDK's own download of its servers, made to fail fast where there is no internet.

`python -m devstack.sdk_download development|time-skipping DIRECTORY` downloads into the directory. It runs
as a process of its own because the SDK starts the server after the download and offers no time limit.
"""

import asyncio
import socket
import sys
import threading
from pathlib import Path
from typing import Literal

from devstack.long_build import BuildFailed, run_build
from devstack.tool import Report

DOWNLOAD_HOST = "temporal.download"
REACHABLE_WITHIN_SECONDS = 3.0
DOWNLOAD_SECONDS_MAX = 180.0

Server = Literal["development", "time-skipping"]


def download(server: Server, directory: Path, *, report: Report) -> Path:
    """Download the server's program into the directory and return its path; raises BuildFailed."""
    if not _is_reachable(DOWNLOAD_HOST):
        raise BuildFailed(f"https://{DOWNLOAD_HOST} cannot be reached")
    run_build(
        f"downloading Temporal's {server} server",
        [sys.executable, "-m", "devstack.sdk_download", server, directory],
        log=directory / "download.log",
        report=report,
        directory=Path(__file__).parent.parent,
        timeout_seconds=DOWNLOAD_SECONDS_MAX,
    )
    programs = [path for path in directory.iterdir() if path.name.startswith("temporal")]
    if len(programs) != 1:
        raise BuildFailed(f"the download left {len(programs)} programs in {directory}")
    programs[0].chmod(0o755)
    return programs[0]


def _is_reachable(host: str) -> bool:
    """Say whether the host accepts HTTPS connections; a resolver that hangs counts as no."""
    answer = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, 443), timeout=REACHABLE_WITHIN_SECONDS).close()
            answer.set()
        except OSError:
            return

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(REACHABLE_WITHIN_SECONDS)
    return answer.is_set()


async def _download(server: str, directory: str) -> None:
    from temporalio.testing import WorkflowEnvironment

    if server == "development":
        environment = await WorkflowEnvironment.start_local(download_dest_dir=directory)
    else:
        environment = await WorkflowEnvironment.start_time_skipping(download_dest_dir=directory)
    await environment.shutdown()


if __name__ == "__main__":
    asyncio.run(_download(*sys.argv[1:]))
