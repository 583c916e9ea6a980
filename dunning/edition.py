"""What a new version of its cadence makes of a running collection (rules 6.3 to 6.5)."""

from dataclasses import replace

from dunning.cadence import Cadence, Step
from dunning.facts import Facts, StepStatus


def edited(facts: Facts, cadence: Cadence) -> Facts:
    """Return the facts under the new version of the cadence they are under."""
    assert facts.cadence is not None, "only a collection with a cadence has one to edit"
    before = facts.cadence
    facts = replace(facts, cadence=cadence)
    statuses = dict(facts.statuses)
    for step in cadence.steps:
        was = before.step(step.id)
        if was is None and step.id not in statuses and not _comes_after_the_last_done(facts, step):
            statuses[step.id] = StepStatus.SKIPPED
        elif was is not None and _is_to_send_now(facts, was, step):
            # Automatic from the next run on: nobody is asked any more (rule 6.5).
            del statuses[step.id]
    kept = {step.id for step in cadence.steps}
    for step_id, status in list(statuses.items()):
        if step_id not in kept and status is StepStatus.OPEN:
            del statuses[step_id]
    still_open = {step_id for step_id, status in statuses.items() if status is StepStatus.OPEN}
    return replace(
        facts,
        statuses=statuses,
        handed_over=facts.handed_over & still_open,
        snoozed={step_id: day for step_id, day in facts.snoozed.items() if step_id in still_open},
    )


def _comes_after_the_last_done(facts: Facts, step: Step) -> bool:
    """Say whether an inserted step triggers after the last one that was done (rule 6.4)."""
    assert facts.cadence is not None
    trigger = facts.trigger(step)
    done = [facts.trigger(other) for other in facts.cadence.steps if facts.status(other) is StepStatus.DONE]
    latest = max((day for day in done if day is not None), default=None)
    return latest is None or trigger is None or trigger > latest


def _is_to_send_now(facts: Facts, was: Step, step: Step) -> bool:
    is_open = facts.statuses.get(step.id) is StepStatus.OPEN
    return is_open and not was.is_automatic and step.is_automatic
