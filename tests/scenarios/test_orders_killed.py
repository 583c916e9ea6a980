"""Who takes orders is killed between and during commit, delivery and what follows: nothing is lost or half done.

KILL_SEED repeats a run; the seed and the figures are printed.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from starter import start_all
from tests.exactly_once.fault_proxy import Cut
from tests.installation import Installation
from tests.scenarios.order_takers import CutOff, Moment, OrderTakers
from workflows.client import process_of

SEED = int(os.environ.get("KILL_SEED", "20261122"))
INVOICES = 8
ORDERS_OF_A_LIFE = 8
# Of these many pieces are an order's commit and all before it, and its delivery and all that follows.
PIECES_MAX, DELIVERY_PIECES_MAX = 90, 20
FACT_KINDS = ("invoice created", "paid", "paused", "resumed")
# Of a life that was killed, what had become of its last order.
NOT_COMMITTED, OWED, DELIVERED = "not committed", "committed and owed", "delivered"


@dataclass
class Kills:
    """What was begun, known to be done, and where the kills hit."""

    begun: list[int] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    hit: Counter[str] = field(default_factory=Counter)


def drawn_orders(chance: Random, count: int) -> list[dict[str, Any]]:
    """Return orders about invoices that exist, and new ones."""
    orders: list[dict[str, Any]] = []
    for number in range(count):
        what = chance.choice(["pay", "pay", "pause", "resume", "invoice"])
        invoice = f"NEW-{number}" if what == "invoice" else f"INV-{chance.randrange(INVOICES)}"
        orders.append({"number": number, "what": what, "invoice": invoice, "amount": "1.25"})
    return orders


def drawn_moment(chance: Random) -> Moment:
    """Return when to kill, in the second order of a life or later: in the first it connects."""
    in_delivery = chance.random() < 0.6
    pieces = chance.randint(1, DELIVERY_PIECES_MAX if in_delivery else PIECES_MAX)
    return Moment(chance.randint(2, 4), in_delivery, pieces, reaches=chance.random() < 0.5)


def drawn_cut(chance: Random, *, of_temporal: bool) -> CutOff | None:
    """Return a cut for every fifth life."""
    how, is_temporal, order = chance.choice(list(Cut)), chance.random() < 0.5, chance.randint(1, 2)
    return CutOff(order, is_temporal and of_temporal, how) if chance.random() < 0.2 else None


async def kill_again_and_again(
    installation: Installation, chance: Random, kills: int, *, cuts_temporal: bool
) -> Kills:
    """Let programs take orders until so many of them were killed; every fifth meets a cut too."""
    orders = drawn_orders(chance, kills * ORDERS_OF_A_LIFE)
    found, takers = Kills(), OrderTakers(installation)
    async with takers.running():
        while found.hit.total() < kills:
            page = orders[len(found.begun) : len(found.begun) + ORDERS_OF_A_LIFE]
            life = await takers.live(page, drawn_moment(chance), drawn_cut(chance, of_temporal=cuts_temporal))
            found.begun += life.begun
            found.done |= set(life.done)
            if life.killed and life.begun:
                found.hit[_became_of(installation, life.begun[-1])] += 1
    return found


def _became_of(installation: Installation, order: int) -> str:
    committed = "SELECT invoice_id FROM timeline WHERE actor = :actor LIMIT 1"
    actor = f"order {order}"
    if not installation.rows(committed, actor=actor):
        return NOT_COMMITTED
    owed = installation.rows("SELECT 1 FROM outbox WHERE payload ->> 'by' = :actor LIMIT 1", actor=actor)
    return OWED if owed else DELIVERED


async def told_of(installation: Installation, invoice_id: int) -> set[str]:
    """Return the ids of the events that the invoice's process was ever told of."""
    history = await process_of(installation.client, invoice_id).fetch_history()
    signals = [
        event.workflow_execution_signaled_event_attributes.input.payloads[0].data
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    return {json.loads(data).get("event_id", "") for data in signals}


async def is_told(installation: Installation, invoice_id: int, events: set[str]) -> None:
    """Wait until the process was told of all of these; Temporal keeps back what comes in the middle of a task."""

    async def claim() -> bool:
        return events <= await told_of(installation, invoice_id)

    await installation.until_true(claim)


async def check(installation: Installation, kills: Kills) -> None:
    """Compare what was ordered with the ledger, and the ledger with the processes."""
    facts = (
        "SELECT actor, kind, event_id, invoice_id FROM timeline WHERE kind = ANY(:kinds) AND actor LIKE 'order %'"
    )
    entries = installation.rows(facts, kinds=list(FACT_KINDS))
    orders = Counter(actor for actor, *_ in entries)

    # What was known to be done is committed, and nothing took effect twice.
    assert {f"order {number}" for number in kills.done} <= set(orders)
    assert set(orders.values()) == {1}
    # No fact without its entry, no entry without its fact.
    paid = """SELECT i.id, i.settled, coalesce(sum(a.amount), 0) FROM invoices i
              LEFT JOIN payment_allocations a ON a.invoice_id = i.id GROUP BY i.id"""
    times_paid = Counter(invoice_id for _, kind, _, invoice_id in entries if kind == "paid")
    for invoice_id, settled, allocated in installation.rows(paid):
        assert settled == allocated == times_paid[invoice_id] * Decimal("1.25")
    holds = installation.rows("SELECT started_by FROM holds WHERE kind = 'pause'")
    assert Counter(by for (by,) in holds) == Counter(actor for actor, kind, *_ in entries if kind == "paused")
    assert installation.rows("SELECT count(*) FROM invoices") == [
        (INVOICES + sum(kind == "invoice created" for _, kind, *_ in entries),)
    ]
    # Every committed fact has reached its process, which follows what the ledger says.
    for invoice_id, stage, acts_at in installation.rows(
        "SELECT c.invoice_id, n.stage, n.acts_at FROM next_actions n JOIN collections c ON c.id = n.collection_id"
    ):
        events = {id_ for _, _, id_, about in entries if about == invoice_id and id_ is not None}
        await is_told(installation, invoice_id, events)
        await installation.planned(invoice_id, stage=stage, wake_at=acts_at)


async def orders_survive(
    installation: Installation, seed: int, kills: int, *, cuts_temporal: bool
) -> Counter[str]:
    """Kill so often, let the relay deliver what is owed, check, and return where the kills hit."""
    for number in range(INVOICES):
        installation.invoice(f"INV-{number}", due_in_days=20, total=Decimal(100_000))
    await start_all(installation.engine, installation.client)
    async with installation.working(relaying=False):
        found = await kill_again_and_again(installation, Random(seed), kills, cuts_temporal=cuts_temporal)
    # What a dead program had leased is free again half a minute later, when the lease ends.
    installation.end_leases()
    async with installation.working():
        await installation.until(lambda: not installation.rows("SELECT 1 FROM outbox LIMIT 1"), 90)
        await check(installation, found)
    counts = f"{len(found.begun)} orders, {len(found.done)} known to be done; killed {dict(found.hit)}"
    print(f"KILL_SEED={seed}: {counts}")  # noqa: T201  # the seed must be known
    return found.hit


async def test_orders_survive_kills_at_any_moment(installation: Installation) -> None:
    # Who had a signal on its way to a Temporal that is cut off waits ten seconds for an answer.
    hit = await orders_survive(installation, SEED, 10, cuts_temporal=False)

    assert {NOT_COMMITTED, OWED} <= hit.keys()


@pytest.mark.soak
async def test_orders_survive_fifty_kills(installation: Installation) -> None:
    hit = await orders_survive(installation, SEED + 1, 50, cuts_temporal=True)

    assert min(hit[NOT_COMMITTED], hit[OWED]) >= 10
    assert hit[DELIVERED] > 0
