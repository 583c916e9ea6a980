"""Temporal's development server on a file of its own: real histories, real Web UI."""

import asyncio
import json
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from devstack.leased_server import LeasedServer
from devstack.leashed_process import LeashedProcess
from devstack.ports import HOST, is_listening, lease_port

NAMESPACE = "default"

# With its defaults SQLite starts workflows about 4.5 times slower; a kill of the server loses nothing
# either way, a power cut at most the last moments.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "normal"}
NOT_DURABLE = {"synchronous": "off"}

# Requests per second. The server protects production clusters with limits that a stack of one stumbles
# over: listing workflows 10 (100 in the development server), everything else 2,400.
RATE_LIMITS: Mapping[str, object] = {
    "frontend.namespaceRPS": 20_000,
    "frontend.namespaceRPS.visibility": 2_000,
}


class TemporalServer(LeasedServer):
    """A development server; everything it knows is in `home`, and survives a restart."""

    def __init__(
        self,
        program: Path,
        home: Path,
        *,
        port: int | None = None,
        ui_port: int | None = None,
        ui: bool = False,
        dynamic_config: Mapping[str, object] | None = None,
        log_level: str = "warn",
        durable: bool = True,
        held_locks: Sequence[int] = (),
    ) -> None:
        """Prepare a server. `port` and `ui_port` are preferences: a taken port is replaced by a free one.

        Without `durable` a power cut may lose more, and a stop is a kill, which the file survives too.
        """
        super().__init__()
        self.program = program
        self.home = home
        self.ui = ui
        self._preferred = (port, ui_port)
        self._dynamic_config = {**RATE_LIMITS, **(dynamic_config or {})}
        self._log_level = log_level
        self._durable = durable
        self._held_locks = held_locks
        self._ui_url: str | None = None

    @property
    def address(self) -> str:
        """Return the frontend's host:port; it stays the same when the server is stopped and started."""
        assert self._leases, "the server has not been started"
        return f"{HOST}:{self._leases[0].number}"

    @property
    def ui_url(self) -> str | None:
        """Return the address of the Web UI, or None without one."""
        return self._ui_url

    def start(self) -> Self:
        """Start the server and wait until it serves the namespace; raises ProcessFailed."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not self._leases:
            port, ui_port = self._preferred
            self._leases = [lease_port(port), *([lease_port(ui_port)] if self.ui else [])]
        if self.ui:
            self._ui_url = f"http://{HOST}:{self._leases[1].number}"
        self.process = LeashedProcess(
            "Temporal",
            self._command(),
            log=self.home / "temporal.log",
            stop_signal=signal.SIGINT,
            grace_seconds=10 if self._durable else 0,
            held_locks=self._held_locks,
        ).start()
        self.process.wait_until_ready(self._is_ready)
        return self

    def _command(self) -> list[str]:
        command = [str(self.program), "server", "start-dev", "--ip", HOST, "--namespace", NAMESPACE]
        command += ["--port", str(self._leases[0].number), "--log-level", self._log_level]
        command += ["--db-filename", str(self.home / "temporal.db")]
        for pragma, value in (SQLITE_PRAGMAS | ({} if self._durable else NOT_DURABLE)).items():
            command += ["--sqlite-pragma", f"{pragma}={value}"]
        for key, setting in self._dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={json.dumps(setting)}"]
        return [*command, "--ui-port", str(self._leases[1].number)] if self.ui else [*command, "--headless"]

    def _is_ready(self) -> bool:
        return all(is_listening(lease.number) for lease in self._leases) and serves_namespace(
            self.address, NAMESPACE
        )


def serves_namespace(address: str, namespace: str) -> bool:
    """Say whether a Temporal frontend at the address answers for the namespace."""

    async def ask() -> bool:
        try:
            client = await Client.connect(address, namespace=namespace)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
        except (RPCError, RuntimeError):
            # The SDK raises RuntimeError while nobody answers.
            return False
        return True

    # In a thread of its own: the caller may be inside an event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()
