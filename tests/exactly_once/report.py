"""The figures of a run in a few lines."""

from collections import Counter
from collections.abc import Sequence

from tests.exactly_once.campaign import Campaign
from tests.exactly_once.contacts import contacts
from tests.exactly_once.delivering import repeats
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.mixed_book import LIMITED
from tests.exactly_once.violations import Violation


def summary(plan: Campaign, evidence: Evidence) -> str:
    """Return what was done and what came of it; KILL_SEED repeats it."""
    provider, ledger = evidence.provider, evidence.ledger
    incidents = Counter(incident.victim.value for incident in provider.incidents)
    outcomes = Counter(command.outcome.value for command in evidence.commands)
    states = Counter(message.state for message in ledger.messages)
    together = sum(len(one.parts) > 1 for one in contacts(evidence))
    limited = sum(one.sender == LIMITED for one in provider.kept)
    begun = min(handover.begun_at for handover in provider.handovers)
    lines = [
        f"KILL_SEED={plan.seed}: {plan.messages} messages, {plan.victims.total()} kills",
        f"hurt: {_counts(incidents)}",
        f"orders: {_counts(outcomes)}",
        f"handed over {len(provider.handovers)} times, {len(provider.kept)} kept, {repeats(evidence)} repeats",
        f"about several invoices {together}, by the limited sender {limited}",
        f"in the ledger: {_counts(states)}; {(evidence.until - begun).total_seconds():.0f} s",
    ]
    return "\n".join(lines)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def told(violations: Sequence[Violation]) -> str:
    """Return the violations, a line for each."""
    return "\n".join(["", *(f"{one.kind.value}: {one.about}: {one.seen}" for one in violations)])
