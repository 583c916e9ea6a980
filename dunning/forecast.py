"""What will happen if nothing else does: the contacts and to-dos ahead, each with the reasons for its date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunning.apply import after, step_done
from dunning.cadence import Step
from dunning.calendar import ONE_DAY
from dunning.decide import decide
from dunning.decision import Close, Decision, Exhaust, Expired, OpenTodo, Reason, Send, Wait
from dunning.facts import Facts, StepStatus

# More decisions than this for one collection would mean that they never come to rest.
DECISIONS_MAX = 5000


@dataclass(frozen=True, slots=True)
class Foretold:
    """One action ahead: `step` is sent, or opens as a to-do, on the local day `on` at the moment `at` (UTC).

    `expired` are the steps that end before it, since the action before.
    """

    on: date
    at: datetime
    step: Step
    occurrence: int
    is_sent: bool
    because: tuple[Reason, ...]
    expired: tuple[Expired, ...] = ()


@dataclass(frozen=True, slots=True)
class Ahead:
    """A forecast: the actions in order, the steps that expire after the last one, and the decision it rests at."""

    actions: tuple[Foretold, ...]
    expired: tuple[Expired, ...]
    rests: Wait | Exhaust | Close


def forecast(facts: Facts, now: datetime, until: date, todo_days: int | None = None) -> Ahead:
    """Return what happens from `now` to the end of the day `until`, if nobody intervenes (rule 2.12).

    `todo_days` says how many days after it opened a to-do gets done at the send time; one that is open already
    counts from `now`. None: nobody does any.
    """
    calendar = facts.calendar
    ends_at = calendar.start_of(until + ONE_DAY)
    actions: list[Foretold] = []
    expired: tuple[Expired, ...] = ()
    moment, opened_on = now, calendar.local_date(now)
    decision = decide(facts, moment)
    for _ in range(DECISIONS_MAX):
        today = calendar.local_date(moment)
        facts, expired = after(facts, decision, today), expired + _expired(decision)
        if isinstance(decision, Send | OpenTodo):
            is_sent = isinstance(decision, Send)
            step, occurrence = decision.step, decision.occurrence
            actions.append(Foretold(today, moment, step, occurrence, is_sent, decision.because, expired))
            expired, opened_on = (), today
            decision = decide(facts, moment)
            continue
        if not isinstance(decision, Wait):
            return Ahead(tuple(actions), expired, decision)
        done_at = None if todo_days is None else _done_at(facts, opened_on + timedelta(days=todo_days))
        looks_at = min((each for each in (decision.until, done_at) if each is not None), default=None)
        if looks_at is None or looks_at >= ends_at:
            return Ahead(tuple(actions), expired, decision)
        moment = max(moment, looks_at)
        if done_at is not None and done_at <= moment:
            facts = _with_todos_done(facts, calendar.local_date(moment))
        sent = _sent_then(facts, decision, moment)
        decision = decide(facts, moment) if sent is None else sent
    raise AssertionError(f"the forecast of {facts.invoice.number} never comes to rest")


def _expired(decision: Decision) -> tuple[Expired, ...]:
    return () if isinstance(decision, Close) else decision.expired


def _done_at(facts: Facts, day: date) -> datetime | None:
    """Return when the open to-do is done that gets done on `day`; None if none is open."""
    return facts.calendar.opens_at(day) if StepStatus.OPEN in facts.statuses.values() else None


def _with_todos_done(facts: Facts, on: date) -> Facts:
    for step in () if facts.cadence is None else facts.cadence.steps:
        if facts.status(step) is StepStatus.OPEN:
            facts = step_done(facts, step, on)
    return facts


def _sent_then(facts: Facts, wait: Wait, moment: datetime) -> Send | None:
    """Return the sending that a wait has announced for `moment`: that saves deciding it once more (rule 2.12)."""
    step = wait.step
    if step is None or wait.due_on is None or not step.is_automatic or facts.obstacle(step) is not None:
        return None
    if moment != facts.calendar.sends_at(wait.due_on, facts.invoice.id) or facts.status(step) is StepStatus.OPEN:
        return None
    return Send(step, wait.due_on, wait.because, occurrence=facts.occurrence(step))
