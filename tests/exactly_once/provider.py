"""What all providers share: they write down every step, and do at each of them what a plan says."""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Self

from devstack.ports import HOST
from tests.exactly_once.faults import Deed, Fault, Faults, Place
from tests.exactly_once.journal import Journal, Victim, packed
from tests.exactly_once.loop_thread import LoopThread

_LINE_MAX = 1_000_000


class Gone(Exception):
    """The connection is over."""


class Provider(ABC):
    """Serves on a port of its own. `kill_worker` does what it says before it returns.

    `begun` and `kept` count the messages that arrived and those that were taken over, `stalling` those that wait
    for an answer on purpose; `unknown` are addresses that are refused for good.
    """

    is_idempotent = False

    def __init__(self, journal: Journal, faults: Faults, kill_worker: Callable[[], None]) -> None:
        self.journal = journal
        self.kill_worker = kill_worker
        self.port = 0
        self.begun = 0
        self.kept = 0
        self.stalling = 0
        self.unknown: set[str] = set()
        self._faults = faults
        # Those whose message never came as far as their step: the next ones suffer them.
        self._unmet: deque[Fault] = deque()
        self._connections = itertools.count(1)

    @abstractmethod
    def environment(self, port: int) -> Mapping[str, str]:
        """Return the settings by which a worker finds the provider behind this port of this machine."""

    @abstractmethod
    def conversation(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> "Conversation":
        """Return what answers on a connection."""

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve until the block ends."""
        with LoopThread("provider") as thread:
            server = thread.run(asyncio.start_server(self._serve, HOST, 0, limit=_LINE_MAX))
            self.port = server.sockets[0].getsockname()[1]
            yield self
            thread.loop.call_soon_threadsafe(server.close)

    def next_handover(self) -> tuple[int, Fault | None]:
        """Return the number of a message that begins, and what happens to it."""
        self.begun += 1
        fault = self._faults.get(self.begun)
        if fault is None and self._unmet:
            fault = self._unmet.popleft()
        return self.begun, fault

    def pass_on(self, fault: Fault) -> None:
        """Let another message suffer what this one did not."""
        self._unmet.append(fault)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(self._connections)
        self.journal.note("connected", connection=connection)
        conversation = self.conversation(connection, reader, writer)
        with suppress(Gone, ConnectionError, asyncio.IncompleteReadError):
            await conversation.hold()
        conversation.end()
        self.journal.note("closed", connection=connection)
        writer.transport.abort()


class Conversation(ABC):
    """One connection, and the message that is on its way on it."""

    def __init__(
        self,
        provider: Provider,
        connection: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._provider = provider
        self._connection = connection
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._fault: Fault | None = None
        self._is_met = True

    @abstractmethod
    async def hold(self) -> None:
        """Answer until the connection ends. Raises Gone."""

    @abstractmethod
    async def refuse(self, deed: Deed) -> None:
        """Refuse the message that is on its way, for now or for good."""

    @property
    def keeps(self) -> bool:
        """Say whether a message that arrives in full is taken over."""
        return self._fault is None or self._fault.place is not Place.AFTER_DOT or self._fault.keeps

    def is_hurt(self, place: Place) -> bool:
        """Say whether the plan has something to do at this step of this message."""
        return self._fault is not None and self._fault.place is place

    async def suffers(self, place: Place) -> bool:
        """Do what the plan says about this step, and say whether that was an answer. Raises Gone."""
        if self._fault is None or self._fault.place is not place:
            return False
        self._is_met = True
        journal = self._provider.journal
        match self._fault.deed:
            case Deed.KILL:
                journal.incident(Victim.WORKER, place.value, self._connection)
                self._provider.kill_worker()
                raise Gone
            case Deed.DROP:
                journal.incident(Victim.CONNECTION, place.value, self._connection)
                raise Gone
            case Deed.STALL:
                journal.incident(Victim.CONNECTION, f"stalled {place.value}", self._connection)
                self._provider.stalling += 1
                await asyncio.sleep(self._fault.seconds)
                self._provider.stalling -= 1
                return False
            case Deed.REFUSE_FOR_NOW | Deed.REFUSE_FOR_GOOD as deed:
                await self.refuse(deed)
                return True

    def begin(self) -> None:
        """Begin a message."""
        self.end()
        self._number, self._fault = self._provider.next_handover()
        self._is_met = self._fault is None
        self.note("mail")

    def end(self) -> None:
        """End the message that was on its way, if any, however far it came."""
        if self._fault is not None and not self._is_met:
            self._is_met = True
            self._provider.pass_on(self._fault)

    def arrived(
        self, message_id: str, sender: str, recipients: list[str], content: bytes, *, is_kept: bool
    ) -> None:
        """Write down that a message arrived in full."""
        arrived = {
            "message_id": message_id,
            "sender": sender,
            "recipients": recipients,
            "content": packed(content),
        }
        self.note("dot", **arrived, kept=is_kept)
        self._provider.kept += is_kept

    async def accept(self, answer: bytes, shown: str) -> None:
        """Answer that the message was taken over, and do what the plan says about the moment after that."""
        is_killed = self._fault is not None and (self._fault.place, self._fault.deed) == (
            Place.AFTER_ANSWER,
            Deed.KILL,
        )
        if is_killed:
            self._is_met = True
            # Written down before the answer: to write takes as long as the worker needs to commit.
            self._provider.journal.incident(Victim.WORKER, Place.AFTER_ANSWER.value, self._connection)
        await self.say(answer)
        if is_killed:
            self._provider.kill_worker()
        self.note("answered", answer=shown)
        if not is_killed:
            await self.suffers(Place.AFTER_ANSWER)

    async def say(self, answer: bytes) -> None:
        """Send bytes, all of them."""
        self._writer.write(answer)
        await self._writer.drain()

    def note(self, step: str, **data: object) -> None:
        """Write down a step of the message."""
        self._provider.journal.note(step, connection=self._connection, handover=self._number, **data)
