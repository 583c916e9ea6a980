"""`duewell serve` as a process of its own."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.leashed_process import LeashedProcess
from devstack.ports import is_listening, lease_port

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30


@contextmanager
def serving(database_url: str, home: Path) -> Iterator[str]:
    """Serve the ledger's pages, without any Temporal, and give their address."""
    lease = lease_port()
    lease.release()
    env = {**os.environ, "DATABASE_URL": database_url, "TEMPORAL_ADDRESS": "127.0.0.1:1", "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "console.main", "serve", "--port", str(lease.number)]
    server = LeashedProcess("served", argv, log=home / "served.log", env=env).start()
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_listening(lease.number):
            assert server.is_running, server.log_tail()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"http://127.0.0.1:{lease.number}"
    finally:
        server.stop()
