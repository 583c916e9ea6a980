"""A run: a book is sent while workers, servers and networks are killed, and people give orders."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import make_url

from devstack.postgres import EmbeddedPostgres
from devstack.stack import Stack
from devstack.temporal_server import TemporalServer
from intake.import_invoices import import_invoices
from starter import start_all
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.fault_proxy import Cut, FaultProxy
from tests.exactly_once.faults import Faults, faults_of
from tests.exactly_once.journal import Journal, Victim
from tests.exactly_once.people import People
from tests.exactly_once.provider import Provider
from tests.exactly_once.reading import let_witness, read_evidence
from tests.exactly_once.workers import Workers
from tests.installation import Installation
from tests.scenarios.books import book

_UNFINISHED = """
SELECT (SELECT count(*) FROM next_actions WHERE stage = 'due')
     + (SELECT count(*) FROM actions WHERE state = 'sending')
     + (SELECT count(*) FROM outbox)
"""
_SERVERS = (Victim.POSTGRES, Victim.TEMPORAL)
_NETWORKS = (Victim.SMTP_NETWORK, Victim.POSTGRES_NETWORK, Victim.TEMPORAL_NETWORK)


@dataclass(frozen=True, slots=True)
class Outage:
    """A server is killed, or a network cut, once so many messages were begun, for so many seconds."""

    after: int
    victim: Victim
    seconds: float
    cut: Cut = Cut.BREAKS


@dataclass(frozen=True)
class Campaign:
    """What happens in a run; the same seed gives the same."""

    seed: int
    messages: int
    faults: Faults
    outages: tuple[Outage, ...]
    orders: int

    @property
    def patience_seconds(self) -> float:
        """Return after how long without any progress a run has failed.

        A lost attempt is missed after 15 seconds; one that failed is made again 5, 10, 20 … seconds later, and
        with more kills there are more of them.
        """
        return 100 + self.messages / 5

    @property
    def kills(self) -> int:
        """Return how often a process is killed or a network cut."""
        killing = [fault for fault in self.faults.values() if fault.deed.name == "KILL"]
        return len(killing) + len(self.outages)


def campaign(seed: int, messages: int, *, worker_kills: int, outages: int, broken: int) -> Campaign:
    """Draw a campaign: kills of workers at each protocol step in turn, outages of each kind in turn."""
    chance = Random(seed)
    faults = faults_of(chance, messages, worker_kills, broken, stall_seconds=4.0)
    victims = [*_SERVERS, *_NETWORKS]
    chance.shuffle(victims)
    moments = sorted(chance.sample(range(messages // 10, messages * 8 // 10), outages))
    return Campaign(
        seed,
        messages,
        faults,
        tuple(
            Outage(after, victims[i % len(victims)], chance.uniform(0.5, 6.0), chance.choice(list(Cut)))
            for i, after in enumerate(moments)
        ),
        orders=messages // 8,
    )


class Networks:
    """The worker's ways to its three servers, each of which can be cut."""

    def __init__(self, installation: Installation, provider: Provider) -> None:
        url = make_url(installation.database_url)
        socket = Path(str(url.query["host"])) / f".s.PGSQL.{url.query.get('port', '5432')}"
        self._url = url
        self._provider = provider
        self.proxies: Mapping[Victim, FaultProxy] = {
            Victim.SMTP_NETWORK: FaultProxy(provider.port),
            Victim.POSTGRES_NETWORK: FaultProxy(socket),
            Victim.TEMPORAL_NETWORK: FaultProxy(int(installation.stack.temporal_address.rpartition(":")[2])),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Pass on until the block ends."""
        with ExitStack() as proxies:
            for proxy in self.proxies.values():
                proxies.enter_context(proxy.running())
            yield

    @property
    def env(self) -> dict[str, str]:
        """Return the settings by which a worker takes these ways."""
        postgres, temporal = self.proxies[Victim.POSTGRES_NETWORK], self.proxies[Victim.TEMPORAL_NETWORK]
        return {
            "DATABASE_URL": f"postgresql://{self._url.username}@127.0.0.1:{postgres.port}/{self._url.database}",
            "TEMPORAL_ADDRESS": f"127.0.0.1:{temporal.port}",
            **self._provider.environment(self.proxies[Victim.SMTP_NETWORK].port),
        }


class Run:
    """A campaign on an installation whose servers may be killed."""

    def __init__(self, installation: Installation, plan: Campaign, provider: Provider, kills: "Killer") -> None:
        self._installation = installation
        self._plan = plan
        self._provider = provider
        self._kills = kills
        self._networks = Networks(installation, provider)

    async def go(self, shots: Path, commands: Path) -> None:
        """Carry the campaign out until all is quiet. Raises TimeoutError if it never is."""
        plan, installation = self._plan, self._installation
        let_witness(installation.engine)
        import_invoices(installation.engine, book(range(plan.messages), installation.today, due_in_days=-4))
        await start_all(installation.engine, installation.client)
        numbers = [f"INV-{number}" for number in range(plan.messages)]
        people = People(installation, Random(plan.seed), numbers, commands)
        # Few sends are on their way at once: what dies with a worker is only tried again 20 seconds later.
        env = {"WORKER_THREADS": "8", "MESSAGES_PER_SECOND": "60"}
        with self._networks.running():
            async with Workers(installation, shots, {**env, **self._networks.env}) as workers:
                self._kills.kill = workers.kill
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._break_things())
                    tasks.create_task(self._let_people_act(people))
                    tasks.create_task(self._until_begun(plan.messages * 9 // 10))
                await self._until_quiet()

    async def _break_things(self) -> None:
        for outage in self._plan.outages:
            await self._until_begun(outage.after)
            self._provider.journal.incident(outage.victim, f"{outage.seconds:.1f} s, {outage.cut.value}")
            await asyncio.to_thread(self._begin, outage)
            await asyncio.sleep(outage.seconds)
            await asyncio.to_thread(self._end, outage)

    def _begin(self, outage: Outage) -> None:
        if outage.victim in _NETWORKS:
            self._networks.proxies[outage.victim].cut(outage.cut)
        else:
            _server(self._installation.stack, outage.victim).crash()

    def _end(self, outage: Outage) -> None:
        if outage.victim in _NETWORKS:
            self._networks.proxies[outage.victim].mend()
        else:
            _server(self._installation.stack, outage.victim).start()

    async def _let_people_act(self, people: People) -> None:
        for order in range(self._plan.orders):
            await self._until_begun(order * self._plan.messages * 8 // 10 // self._plan.orders)
            await people.act()

    async def _until_begun(self, count: int) -> None:
        """Wait until so many messages were begun; or nothing is left to begin, because people stopped so many."""
        last, since = self._provider.begun, time.monotonic()
        while (now := self._provider.begun) < count:
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > self._plan.patience_seconds:
                raise TimeoutError(f"{now} of {count} messages were begun, and nothing moves")
            await asyncio.sleep(0.05)

    async def _until_quiet(self) -> None:
        """Wait until nothing is due, on its way or owed, and stays so for a moment."""
        quiet_since, deadline = None, time.monotonic() + self._plan.patience_seconds
        while quiet_since is None or time.monotonic() - quiet_since < 2:
            ((unfinished,),) = await asyncio.to_thread(self._installation.rows, _UNFINISHED)
            if unfinished or self._provider.stalling:
                quiet_since = None
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{unfinished} things are still unfinished")
            elif quiet_since is None:
                quiet_since = time.monotonic()
            await asyncio.sleep(0.2)


class Killer:
    """What the provider calls to kill the worker of the moment."""

    def __init__(self) -> None:
        self.kill: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        """Kill it."""
        self.kill()


async def carry_out(
    installation: Installation, plan: Campaign, home: Path, make_provider: type[Provider]
) -> Evidence:
    """Carry a campaign out on servers that may be killed, and return what was written down about it."""
    killer = Killer()
    log, commands = home / "provider.log", home / "commands.log"
    with Journal(log) as journal, make_provider(journal, plan.faults, killer).running() as provider:
        await Run(installation, plan, provider, killer).go(home, commands)
    return await asyncio.to_thread(
        read_evidence, installation.engine, log, commands, is_idempotent=make_provider.is_idempotent
    )


def _server(stack: Stack, victim: Victim) -> EmbeddedPostgres | TemporalServer:
    server = stack.postgres if victim is Victim.POSTGRES else stack.temporal
    assert server is not None
    return server
