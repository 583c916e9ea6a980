"""A network that can be cut: a TCP proxy between the worker and a server."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from devstack.ports import HOST
from tests.exactly_once.loop_thread import LoopThread

_CHUNK = 65_536


class Cut(StrEnum):
    """How a network fails: connections break, or nothing arrives any more and nobody says so."""

    BREAKS = "connections break"
    SILENCE = "nothing arrives"


class FaultProxy:
    """Passes on to a TCP port of this machine, or to a Unix socket, until it is cut and after it was mended.

    `passes` is asked about each piece of what is said; one that must not pass is lost with its connection.
    """

    def __init__(self, target: int | Path, passes: Callable[[], bool] = lambda: True) -> None:
        self.port = 0
        self._passes = passes
        self._target = target
        self._cut: Cut | None = None
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread: LoopThread | None = None

    @contextmanager
    def running(self) -> Iterator["FaultProxy"]:
        """Pass on until the block ends."""
        with LoopThread("proxy") as thread:
            self._thread = thread
            thread.run(self._set(None))
            server = thread.run(asyncio.start_server(self._serve, HOST, 0))
            self.port = server.sockets[0].getsockname()[1]
            yield self
            thread.loop.call_soon_threadsafe(server.close)

    def cut(self, how: Cut) -> None:
        """Fail from now on."""
        assert self._thread is not None
        self._thread.run(self._set(how))

    def mend(self) -> None:
        """Pass on again; what was held back in silence arrives late, as TCP has it."""
        assert self._thread is not None
        self._thread.run(self._set(None))

    async def _set(self, cut: Cut | None) -> None:
        self._cut = cut
        if cut is None:
            self._open.set()
        else:
            self._open.clear()
        if cut is Cut.BREAKS:
            for writer in self._writers:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._cut is Cut.BREAKS:
                return
            await self._open.wait()
            try:
                there_reader, there = await self._connect()
            except OSError:
                return
            self._writers |= {writer, there}
            try:
                await asyncio.gather(self._pump(reader, there), self._pump(there_reader, writer))
            finally:
                self._writers -= {writer, there}
                there.transport.abort()
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(HOST, self._target)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._open.wait()
                if not self._passes():
                    break
                writer.write(chunk)
                await writer.drain()
        with suppress(OSError):
            await self._open.wait()
            writer.write_eof()
