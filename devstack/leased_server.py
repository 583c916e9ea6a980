"""What the servers on leased ports have in common: how they stop, crash and give their ports back."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from devstack.leashed_process import LeashedProcess
from devstack.ports import PortLease


class LeasedServer(ABC):
    """A server in a leashed process, on ports that stay its own from the first start until `close`."""

    def __init__(self) -> None:
        self.process: LeashedProcess | None = None
        self._leases: list[PortLease] = []

    @abstractmethod
    def start(self) -> Self:
        """Start the server and wait until it is ready; raises ProcessFailed."""

    def stop(self) -> None:
        """Stop the server; its ports stay reserved for a next start until `close`."""
        if self.process is not None:
            self.process.stop()

    def crash(self) -> None:
        """Kill the server at once, as a power cut would, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process.stop()

    def close(self) -> None:
        """Stop the server and give its ports back."""
        self.stop()
        for lease in self._leases:
            lease.release()
        self._leases = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
