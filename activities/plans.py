"""Turns a settled collection into the plan that its process follows."""

from datetime import datetime
from zoneinfo import ZoneInfo

from activities.interface import Plan
from db.operations.settle import Settled
from dunning.decision import Close
from dunning.money import Money

ENDED = Plan(ends=True, stage="closed", sentence="No collection is open for this invoice")


def plan_of(settled: Settled | None) -> Plan:
    """Return the plan for a settled collection; without one the process ends."""
    if settled is None:
        return ENDED
    collection, projection = settled.collection, settled.projection
    facts, step = collection.facts, projection.step
    return Plan(
        ends=isinstance(settled.decision, Close),
        stage=projection.stage.value,
        sentence=projection.sentence,
        wake_at=projection.acts_at,
        when=_shown(projection.acts_at, facts.calendar.time_zone),
        sends=projection.sends,
        step=step.id if step else None,
        channel=step.channel.value if step else None,
        because=tuple(str(reason) for reason in projection.because),
        invoice=facts.invoice.number,
        customer=collection.customer_external_id,
        cadence=facts.cadence.name if facts.cadence else "",
        outstanding=Money(facts.invoice.outstanding, facts.invoice.currency).exact,
        currency=facts.invoice.currency,
    )


def _shown(moment: datetime | None, time_zone: ZoneInfo) -> str:
    return "" if moment is None else f"{moment.astimezone(time_zone):%a %Y-%m-%d %H:%M}"
