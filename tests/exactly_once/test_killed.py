"""Workers, servers and networks are killed at every step: nothing is lost, or repeated without need.

KILL_SEED repeats a run; the seed and the figures are printed.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.exactly_once.campaign import Campaign, campaign, carry_out
from tests.exactly_once.checker import check
from tests.exactly_once.delivering import repeats
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.faults import Deed, Place
from tests.exactly_once.provider import Provider
from tests.exactly_once.report import summary, told
from tests.exactly_once.resend_provider import ResendProvider
from tests.exactly_once.smtp_provider import SmtpProvider
from tests.installation import Installation

SEED = int(os.environ.get("KILL_SEED", "20261122"))


@dataclass(frozen=True)
class Variant:
    """How messages leave, what becomes of uncertain ones, whether any are repeated, and the short run's size."""

    provider: type[Provider]
    when_uncertain: str
    repeats: bool
    messages: int


VARIANTS = {
    "smtp": Variant(SmtpProvider, "repeat", repeats=True, messages=240),
    "smtp-ask": Variant(SmtpProvider, "ask", repeats=False, messages=120),
    "resend": Variant(ResendProvider, "repeat", repeats=False, messages=120),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())


@every_variant
async def test_messages_survive_a_kill_of_every_kind(
    mortal: Installation, tmp_path: Path, variant: Variant
) -> None:
    plan = campaign(SEED, messages=variant.messages, worker_kills=4, outages=5, broken=8)

    evidence = await _carry_out(mortal, plan, tmp_path, variant)

    _assert_clean(plan, evidence, variant)


@pytest.mark.soak
@pytest.mark.timeout(1_500)
@every_variant
async def test_2000_messages_survive_40_kills(mortal: Installation, tmp_path: Path, variant: Variant) -> None:
    plan = campaign(SEED, messages=2_000, worker_kills=24, outages=16, broken=60)

    evidence = await _carry_out(mortal, plan, tmp_path, variant)

    _assert_clean(plan, evidence, variant)


async def _carry_out(mortal: Installation, plan: Campaign, home: Path, variant: Variant) -> Evidence:
    mortal.set(when_uncertain=variant.when_uncertain)
    evidence = await carry_out(mortal, plan, home, variant.provider)
    print(f"\n{variant.provider.__name__}, {variant.when_uncertain}: {summary(plan, evidence)}")  # noqa: T201
    return evidence


def _assert_clean(plan: Campaign, evidence: Evidence, variant: Variant) -> None:
    assert {fault.place for fault in plan.faults.values() if fault.deed is Deed.KILL} == set(Place)
    assert len([one for one in evidence.provider.incidents if one.victim != "connection"]) == plan.kills
    violations = check(evidence)
    assert not violations, told(violations)
    if variant.repeats:
        assert repeats(evidence), "no kill hit a message between its final dot and its record"
    else:
        assert repeats(evidence) == 0
