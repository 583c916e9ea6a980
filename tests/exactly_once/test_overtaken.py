"""An attempt that Temporal took for lost, and that lives: another one was begun meanwhile."""

from pathlib import Path

from tests.exactly_once.campaign import Campaign, Outage, carry_out
from tests.exactly_once.checker import check
from tests.exactly_once.delivering import repeats
from tests.exactly_once.fault_proxy import Cut
from tests.exactly_once.faults import Deed, Fault, Place
from tests.exactly_once.journal import Victim
from tests.exactly_once.report import told
from tests.exactly_once.smtp_provider import SmtpProvider
from tests.installation import Installation


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
