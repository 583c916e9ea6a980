"""Workers, servers and networks are killed at every step: nothing is lost, or repeated without need.

KILL_SEED repeats a run; the seed and the figures are printed.
"""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.exactly_once.campaign import NETWORKS, SERVERS, Campaign, Outage, campaign, carry_out
from tests.exactly_once.checker import check
from tests.exactly_once.delivering import repeats
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.fault_proxy import Cut
from tests.exactly_once.faults import Deed, Fault, Place
from tests.exactly_once.journal import Victim
from tests.exactly_once.mixed_book import Limits
from tests.exactly_once.provider import Provider
from tests.exactly_once.report import summary, told
from tests.exactly_once.resend_provider import ResendProvider
from tests.exactly_once.smtp_provider import SmtpProvider
from tests.installation import Installation, installed_on

SEED = int(os.environ.get("KILL_SEED", "20261122"))


@dataclass(frozen=True)
class Variant:
    """How messages leave, what becomes of uncertain ones, and what the short run breaks of workers and servers."""

    provider: type[Provider]
    when_uncertain: str
    kills: tuple[Place, ...]
    outages: tuple[Victim, ...]

    @property
    def repeats(self) -> bool:
        """Say whether what may have been delivered can be delivered again."""
        return not self.provider.is_idempotent and self.when_uncertain == "repeat"


# The servers that are killed in one of the short runs are those of all three.
VARIANTS = {
    "smtp": Variant(SmtpProvider, "repeat", (Place.IN_DATA, Place.AFTER_DOT), (Victim.SMTP_NETWORK,)),
    "smtp-ask": Variant(SmtpProvider, "ask", (Place.BEFORE_DATA, Place.AFTER_DOT), SERVERS),
    "resend": Variant(
        ResendProvider,
        "repeat",
        (Place.AFTER_DOT, Place.AFTER_ANSWER),
        (Victim.POSTGRES_NETWORK, Victim.TEMPORAL_NETWORK),
    ),
}


async def test_messages_survive_a_kill_of_every_kind_on_every_way_out(mortal_stack: Stack, tmp_path: Path) -> None:
    assert {place for variant in VARIANTS.values() for place in variant.kills} == set(Place)
    assert {victim for variant in VARIANTS.values() for victim in variant.outages} == {*SERVERS, *NETWORKS}

    homes = [tmp_path / name for name in VARIANTS]
    for home in homes:
        home.mkdir()
    abreast = asyncio.Barrier(len(VARIANTS))
    async with asyncio.TaskGroup() as at_once:
        for home, variant in zip(homes, VARIANTS.values(), strict=True):
            at_once.create_task(_short_run(mortal_stack, home, variant, abreast))


async def test_an_attempt_that_was_given_up_hands_nothing_over_any_more(
    mortal: Installation, tmp_path: Path
) -> None:
    """The server takes its time before DATA, and Temporal hears nothing for longer than it waits for a beat."""
    slow = Fault(Place.BEFORE_DATA, Deed.STALL, seconds=28)
    unheard = Outage(1, Victim.TEMPORAL_NETWORK, 20, Cut.SILENCE)
    plan = Campaign(seed=1, messages=1, faults={1: slow}, outages=(unheard,), orders=0)

    evidence = await carry_out(mortal, plan, tmp_path, SmtpProvider)

    assert not check(evidence), told(check(evidence))
    assert repeats(evidence) == 0


@pytest.mark.soak
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
async def test_2000_messages_survive_42_kills(mortal: Installation, tmp_path: Path, variant: Variant) -> None:
    limits, outages = Limits(minute_max=60), 3 * (*SERVERS, *NETWORKS)
    plan = campaign(SEED, messages=2_000, kills=6 * list(Place), outages=outages, broken=60, limits=limits)

    evidence = await _assert_clean(mortal, plan, tmp_path, variant)

    assert repeats(evidence) or not variant.repeats, "no kill hit a message between its final dot and its record"


async def _short_run(stack: Stack, home: Path, variant: Variant, abreast: asyncio.Barrier) -> None:
    # The limited sender has more to send than a day has room for.
    plan = campaign(
        SEED, messages=30, kills=variant.kills, outages=variant.outages, broken=3, limits=Limits(60, day_max=1)
    )
    async with installed_on(stack) as installation:
        await _assert_clean(installation, plan, home, variant, abreast)


async def _assert_clean(
    installation: Installation,
    plan: Campaign,
    home: Path,
    variant: Variant,
    abreast: asyncio.Barrier | None = None,
) -> Evidence:
    installation.set(when_uncertain=variant.when_uncertain)
    evidence = await carry_out(installation, plan, home, variant.provider, abreast)
    print(f"\n{variant.provider.__name__}, {variant.when_uncertain}: {summary(plan, evidence)}")  # noqa: T201
    done = Counter(one.victim for one in evidence.provider.incidents)
    del done[Victim.CONNECTION]
    assert done == plan.victims
    violations = check(evidence)
    assert not violations, told(violations)
    assert variant.repeats or repeats(evidence) == 0
    return evidence
