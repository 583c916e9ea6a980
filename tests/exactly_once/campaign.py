"""A run: a book is sent while workers, servers and networks are killed, and people give orders."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from db.engine import LedgerUnavailable, transaction
from db.operations.outbox import owe
from devstack.stack import Stack
from starter import start_all
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.fault_proxy import Cut
from tests.exactly_once.faults import Deed, Faults, Place, faults_of
from tests.exactly_once.journal import Journal, Victim
from tests.exactly_once.mixed_book import NO_LIMITS, Limits, lay_down
from tests.exactly_once.networks import Networks
from tests.exactly_once.people import People
from tests.exactly_once.provider import Provider
from tests.exactly_once.reading import let_witness, read_evidence
from tests.exactly_once.workers import Workers
from tests.installation import Installation

# What waits for another day of its sender (rule 8.4) is at rest.
_UNFINISHED = """
WITH on_its_way AS (
  SELECT a.collection_id, a.step_id, COALESCE(carrier.slot_at > now() + interval '1 hour', false) AS rests
    FROM actions a JOIN actions carrier ON carrier.id = COALESCE(a.merged_into, a.id) WHERE a.state = 'sending')
SELECT 'due', collection_id, sentence FROM next_actions
 WHERE stage = 'due' AND collection_id NOT IN (SELECT collection_id FROM on_its_way WHERE rests)
 UNION ALL
SELECT 'on its way', collection_id, step_id FROM on_its_way WHERE NOT rests
 UNION ALL
SELECT 'owed', invoice_id, signal FROM outbox
"""
# What waits for another message to its customer, and looks again by itself within ten minutes.
_LOOKS_AGAIN = """
SELECT c.invoice_id, n.sentence FROM next_actions n JOIN collections c ON c.id = n.collection_id
 WHERE n.stage = 'waiting' AND n.acts_at < now() + interval '15 minutes'
"""
SERVERS = (Victim.POSTGRES, Victim.POSTGRES_IMMEDIATE, Victim.TEMPORAL)
NETWORKS = (Victim.SMTP_NETWORK, Victim.POSTGRES_NETWORK, Victim.TEMPORAL_NETWORK)


@dataclass(frozen=True, slots=True)
class Outage:
    """A server is killed, or a network cut, once so many messages were begun, for so many seconds."""

    after: int
    victim: Victim
    seconds: float
    cut: Cut = Cut.BREAKS


@dataclass(frozen=True)
class Campaign:
    """What happens in a run; the same seed gives the same. There are as many customers as messages."""

    seed: int
    messages: int
    faults: Faults
    outages: tuple[Outage, ...]
    orders: int
    limits: Limits = NO_LIMITS

    @property
    def patience_seconds(self) -> float:
        """Return after how long without any progress a run has failed.

        A lost attempt is missed after 15 seconds; one that failed is made again 5, 10, 20 … seconds later, and
        with more kills there are more of them.
        """
        return 100 + self.messages / 5

    @property
    def victims(self) -> Counter[Victim]:
        """Return how often each process is killed and each network cut."""
        killing = [fault for fault in self.faults.values() if fault.deed is Deed.KILL]
        return Counter([Victim.WORKER] * len(killing) + [outage.victim for outage in self.outages])


def campaign(
    seed: int, messages: int, *, kills: Sequence[Place], outages: Sequence[Victim], broken: int, limits: Limits
) -> Campaign:
    """Draw a campaign in which workers are killed at these protocol steps, and servers and networks fail."""
    chance = Random(seed)
    faults = faults_of(chance, messages, kills, broken, stall_seconds=4.0)
    moments = sorted(chance.sample(range(messages // 10, messages * 8 // 10), len(outages)))
    victims = chance.sample(outages, len(outages))
    return Campaign(
        seed,
        messages,
        faults,
        tuple(
            Outage(after, victim, chance.uniform(0.5, 6.0), chance.choice(list(Cut)))
            for after, victim in zip(moments, victims, strict=True)
        ),
        orders=messages // 8,
        limits=limits,
    )


class Run:
    """A campaign on an installation whose servers may be killed.

    Runs that are `abreast` share servers: none kills any before all have begun, or after all are quiet.
    """

    def __init__(
        self,
        installation: Installation,
        plan: Campaign,
        provider: Provider,
        kills: "Killer",
        abreast: asyncio.Barrier,
    ) -> None:
        self._abreast = abreast
        self._installation = installation
        self._plan = plan
        self._provider = provider
        self._kills = kills
        self._networks = Networks(installation, provider)
        self._told: set[int] = set()

    async def go(self, shots: Path, commands: Path) -> None:
        """Carry the campaign out until all is quiet. Raises TimeoutError if it never is."""
        plan, installation = self._plan, self._installation
        let_witness(installation.engine)
        installation.set(contact_delay_scope="customer", merges_same_day=True)
        numbers = lay_down(installation.engine, installation.today, plan.messages, plan.limits)
        await start_all(installation.engine, installation.client)
        await self._abreast.wait()
        people = People(installation, Random(plan.seed), numbers, commands)
        # Few sends are on their way at once: what dies with a worker is only tried again 20 seconds later.
        env = {"WORKER_THREADS": "8", "MESSAGES_PER_SECOND": "60"}
        with self._networks.running():
            env |= self._networks.env
            async with Workers(installation, shots, env, plan.victims[Victim.WORKER]) as workers:
                self._kills.kill = workers.kill
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._break_things())
                    tasks.create_task(self._let_people_act(people))
                    tasks.create_task(self._until_begun(plan.messages * 8 // 10))
                await self._until_quiet()
                await self._abreast.wait()

    async def _break_things(self) -> None:
        for outage in self._plan.outages:
            await self._until_begun(outage.after)
            self._provider.journal.incident(outage.victim, f"{outage.seconds:.1f} s, {outage.cut.value}")
            await asyncio.to_thread(self._begin, outage)
            await asyncio.sleep(outage.seconds)
            await asyncio.to_thread(self._end, outage)

    def _begin(self, outage: Outage) -> None:
        if outage.victim in NETWORKS:
            self._networks.proxies[outage.victim].cut(outage.cut)
        else:
            _crash(self._installation.stack, outage.victim)

    def _end(self, outage: Outage) -> None:
        if outage.victim in NETWORKS:
            self._networks.proxies[outage.victim].mend()
        else:
            _start(self._installation.stack, outage.victim)

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
            try:
                unfinished = await asyncio.to_thread(self._unfinished)
            except LedgerUnavailable as killed_by_another_run:
                unfinished = [(killed_by_another_run,)]
            if unfinished or self._provider.stalling:
                quiet_since = None
                if time.monotonic() > deadline:
                    raise TimeoutError(f"still unfinished: {unfinished}")
            elif quiet_since is None:
                quiet_since = time.monotonic()
            await asyncio.sleep(0.2)

    def _unfinished(self) -> list[tuple[object, ...]]:
        """Return what is not at rest. What would look again in a while is told, once, to look now."""
        unfinished = self._installation.rows(_UNFINISHED)
        if unfinished:
            return unfinished
        waiting = [row for row in self._installation.rows(_LOOKS_AGAIN) if row[0] not in self._told]
        with transaction(self._installation.engine) as session:
            for invoice_id, _ in waiting:
                owe(session, invoice_id, "invoice_changed", {"by": "ana"})
        self._told.update(invoice_id for invoice_id, _ in waiting)
        return waiting


class Killer:
    """What the provider calls to kill the worker of the moment."""

    def __init__(self) -> None:
        self.kill: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        """Kill it."""
        self.kill()


async def carry_out(
    installation: Installation,
    plan: Campaign,
    home: Path,
    make_provider: type[Provider],
    abreast: asyncio.Barrier | None = None,
) -> Evidence:
    """Carry a campaign out on servers that may be killed, and return what was written down about it."""
    killer = Killer()
    log, commands = home / "provider.log", home / "commands.log"
    with Journal(log) as journal, make_provider(journal, plan.faults, killer).running() as provider:
        await Run(installation, plan, provider, killer, abreast or asyncio.Barrier(1)).go(home, commands)
    return await asyncio.to_thread(
        read_evidence, installation.engine, log, commands, is_idempotent=make_provider.is_idempotent
    )


def _crash(stack: Stack, victim: Victim) -> None:
    assert stack.postgres is not None
    assert stack.temporal is not None
    match victim:
        case Victim.POSTGRES:
            stack.postgres.crash()
        case Victim.POSTGRES_IMMEDIATE:
            stack.postgres.stop_immediately()
        case _:
            stack.temporal.crash()


def _start(stack: Stack, victim: Victim) -> None:
    server = stack.temporal if victim is Victim.TEMPORAL else stack.postgres
    assert server is not None
    server.start()
