"""What people and the durable process see of a decision: a stage, a date, a sentence and the reasons."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from dunning.cadence import Step
from dunning.decision import HOLDS, Because, Close, Decision, Exhaust, OpenTodo, Reason, Send, Wait
from dunning.facts import Facts
from dunning.money import Money


class Stage(StrEnum):
    """Where a collection stands, in one word."""

    WAITING = "waiting"
    DUE = "due"
    HELD = "held"
    TODO = "todo"
    EXHAUSTED = "exhausted"
    BLOCKED = "blocked"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Projection:
    """The next action of a collection.

    `acts_at` is when the process wakes (UTC; None: only for a signal), `sends` says that it then sends `step`
    without asking again, and `sentence` tells a person what is waited for and why.
    """

    stage: Stage
    step: Step | None
    due_on: date | None
    acts_at: datetime | None
    sends: bool
    because: tuple[Reason, ...]
    sentence: str


_HOLDING = HOLDS | {Because.DRAFT, Because.HIDDEN, Because.SENDING_OFF, Because.NO_DUE_DATE}


def project(facts: Facts, decision: Decision, now: datetime) -> Projection:
    """Return how `decision`, made at `now`, is shown and waited for."""
    match decision:
        case Wait():
            return _project_wait(facts, decision)
        case Send(step=step, due_on=due_on, because=because):
            sentence = f"{_named(step)} is being sent: {_listed(because)}"
            return Projection(Stage.DUE, step, due_on, now, True, because, sentence)
        case OpenTodo(step=step, due_on=due_on, because=because, obstacle=obstacle):
            if obstacle is not None:
                because = (*because, Reason(Because.CANNOT_SEND, detail=obstacle))
            sentence = f"To-do {_named(step)} opens: {_listed(because)}"
            return Projection(Stage.TODO, step, due_on, now, False, because, sentence)
        case Exhaust():
            because = (Reason(Because.EXHAUSTED),)
            sentence = f"Every step is done and {Money(facts.invoice.outstanding, facts.invoice.currency)} is open"
            return Projection(Stage.EXHAUSTED, None, None, None, False, because, sentence)
        case Close(reason=reason):
            return Projection(Stage.CLOSED, None, None, None, False, (), f"Closed: {reason.value}")
        case _:
            assert_never(decision)


def _project_wait(facts: Facts, wait: Wait) -> Projection:
    kinds = {reason.because for reason in wait.because}
    step = wait.step
    if Because.TODO_OPEN in kinds:
        assert step is not None
        obstacle = facts.obstacle(step) if step.id in facts.handed_over else None
        why = f", because it cannot be sent: {obstacle}" if obstacle else ""
        sentence = f"To-do {_named(step)} waits for a person{why}"
        return Projection(Stage.TODO, step, wait.due_on, wait.until, False, wait.because, sentence)
    then = f"; then {_named(step)}" if step is not None else ""
    # The process may wake before the step runs, because another step expires or a hold ends.
    runs_at = _runs_at(facts, wait)
    sends = step is not None and step.is_automatic and runs_at is not None and wait.until == runs_at
    if kinds & _HOLDING:
        held = [reason for reason in wait.because if reason.because in _HOLDING]
        on = f" on {_local(facts, runs_at)}" if runs_at is not None else ""
        sentence = f"Held: {_listed(tuple(held))}{then}{on}"
        return Projection(Stage.HELD, step, wait.due_on, wait.until, sends, wait.because, sentence)
    assert step is not None
    verb = "goes out" if step.is_automatic else "becomes a to-do"
    when = f"{verb} {_local(facts, runs_at)}" if runs_at is not None else "does not run"
    sentence = f"{_named(step)} {when}: {_listed(wait.because)}"
    return Projection(Stage.WAITING, step, wait.due_on, wait.until, sends, wait.because, sentence)


def _named(step: Step) -> str:
    return f"{step.id} ({step.channel.value})"


def _runs_at(facts: Facts, wait: Wait) -> datetime | None:
    """Return when the awaited step runs (UTC), or None while it has no day."""
    return None if wait.step is None or wait.due_on is None else facts.runs_at(wait.step, wait.due_on)


def _local(facts: Facts, moment: datetime) -> str:
    return f"{moment.astimezone(facts.calendar.time_zone):%a %Y-%m-%d %H:%M}"


def _listed(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(str(reason) for reason in reasons)
