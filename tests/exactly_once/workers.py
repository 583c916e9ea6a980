"""Workers as an installation has them: when one dies, the next one starts at once."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.leashed_process import LeashedProcess
from tests.installation import Installation

# A worker whose modules are loaded, in the starting blocks: seconds of imports would only be waited for.
_IN_THE_BLOCKS = """
import runpy, sys, time
from pathlib import Path
import worker
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
runpy.run_path(worker.__file__, run_name="__main__")
"""


class Workers:
    """One worker after the other until the block ends; as long as deaths are expected, the next one is ready."""

    def __init__(self, installation: Installation, shots: Path, env: Mapping[str, str], deaths: int) -> None:
        self._deaths_to_come = deaths
        self._installation = installation
        self._shots = shots
        self._env = dict(env)
        self._spawned: list[LeashedProcess] = []
        self._now: LeashedProcess | None = None
        self._next: tuple[LeashedProcess, Path] | None = None
        self._keeper: asyncio.Task[None] | None = None

    def kill(self) -> None:
        """Kill the worker that runs (SIGKILL). Thread-safe."""
        if self._now is not None:
            self._now.kill()

    async def __aenter__(self) -> Self:
        self._start()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._keeper is not None
        self._keeper.cancel()
        for process in self._spawned:
            process.kill()
            await asyncio.to_thread(process.stop)

    async def _keep(self) -> None:
        while True:
            assert self._now is not None
            while self._now.is_running:
                await asyncio.sleep(0.02)
            self._start()

    def _start(self) -> None:
        self._now, shot = self._next or self._in_the_blocks()
        shot.touch()
        self._next = self._in_the_blocks() if self._deaths_to_come > 0 else None
        self._deaths_to_come -= 1

    def _in_the_blocks(self) -> tuple[LeashedProcess, Path]:
        name = f"worker-{len(self._spawned) + 1}"
        shot = self._shots / name
        process = self._installation.spawn(name, "-c", _IN_THE_BLOCKS, str(shot), env=self._env)
        self._spawned.append(process)
        return process, shot
