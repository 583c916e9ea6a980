"""The facts after a decision was carried out: the same function for the ledger, the simulation and the tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import assert_never

from dunning.cadence import Step
from dunning.decision import Close, Decision, Exhaust, Expired, OpenTodo, Send, Wait
from dunning.facts import Facts, StepStatus


def after(facts: Facts, decision: Decision, on: date) -> Facts:
    """Return the facts once `decision` was carried out on the local day `on`."""
    match decision:
        case Send(step=step, expired=expired):
            return step_done(_expire(facts, expired), step, on)
        case OpenTodo(step=step, obstacle=obstacle, expired=expired):
            facts = _expire(facts, expired)
            handed_over = facts.handed_over | {step.id} if obstacle is not None else facts.handed_over
            return replace(facts, statuses=_with(facts, step.id, StepStatus.OPEN), handed_over=handed_over)
        case Wait(expired=expired) | Exhaust(expired=expired):
            return _expire(facts, expired)
        case Close():
            return facts
        case _:
            assert_never(decision)


def step_done(facts: Facts, step: Step, on: date) -> Facts:
    """Return the facts once `step` was executed on `on`; only a contact counts for the delay (rule 2.8)."""
    return replace(
        facts,
        statuses=_with(facts, step.id, StepStatus.DONE),
        handed_over=facts.handed_over - {step.id},
        last_contact_on=on if step.channel.is_contact else facts.last_contact_on,
    )


def _expire(facts: Facts, expired: tuple[Expired, ...]) -> Facts:
    for ended in expired:
        statuses = _with(facts, ended.step.id, StepStatus.EXPIRED)
        facts = replace(facts, statuses=statuses, handed_over=facts.handed_over - {ended.step.id})
    return facts


def _with(facts: Facts, step_id: str, status: StepStatus) -> Mapping[str, StepStatus]:
    return {**facts.statuses, step_id: status}
