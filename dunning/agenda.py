"""Which step is next as of a day, and which ones expire by then (rules 2.4 to 2.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from operator import attrgetter

from dunning.cadence import Cadence, Logic, Step
from dunning.calendar import ONE_DAY
from dunning.decision import Expired, Expiry
from dunning.facts import TO_COME, Facts, StepStatus, first_trigger


@dataclass(frozen=True, slots=True)
class Triggered:
    """A pending step with the day it triggers by itself."""

    trigger: date
    step: Step


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which step is next as of a day, which ones expire by it, and the next day on which time changes that."""

    candidate: Triggered | None
    expired: tuple[Expired, ...]
    changes_on: date | None


def agenda_of(facts: Facts, day: date) -> Agenda:
    """Return the step that is next as of `day`, and the steps that expire by it."""
    undated = _open_without_a_day(facts)
    if undated is not None:
        return Agenda(Triggered(day, undated), (), None)
    left = _triggered(facts)
    expired: list[Expired] = []
    if left and facts.is_overdue(day) and facts.is_pre_due(left[0].trigger):
        expired = [Expired(p.step, Expiry.OVERDUE) for p in left if facts.is_pre_due(p.trigger)]
        left = [p for p in left if not facts.is_pre_due(p.trigger)]
    superseded = _superseded(facts, left, day)
    if superseded:
        expired += [Expired(p.step, Expiry.SUPERSEDED) for p in superseded]
        ended = {p.step.id for p in superseded}
        left = [p for p in left if p.step.id not in ended]
    if not left:
        return _after_all_expired(facts, tuple(expired), day)
    return Agenda(_next(facts, left), tuple(expired), _changes_on(facts, left, day))


def _open_without_a_day(facts: Facts) -> Step | None:
    """Return the step whose to-do is open though an edit took its day: it holds all the same (rule 4.1)."""
    if facts.invoice.due_on is not None or facts.cadence is None:
        return None
    steps = facts.cadence.steps
    return next((s for s in steps if facts.status(s) is StepStatus.OPEN and facts.trigger(s) is None), None)


def _triggered(facts: Facts) -> list[Triggered]:
    """Return the steps to come that have a day, in order."""
    cadence = facts.cadence
    assert cadence is not None, "without a cadence there is no agenda"
    if facts.runs and cadence.steps[-1].id in facts.runs:
        # Its next trigger, if it repeats, is reckoned from its last run (rule 2.13).
        return _in_order((step, facts.trigger(step)) for step in unsettled(facts))
    statuses = facts.statuses
    triggered = _first_triggers(cadence, facts.invoice.due_on, facts.invoice.issued_on)
    return [p for p in triggered if statuses.get(p.step.id) in TO_COME]


# Asked anew for every decision about a collection, and the same for all invoices of the same dates.
@lru_cache(maxsize=4096)
def _first_triggers(cadence: Cadence, due_on: date | None, issued_on: date) -> Sequence[Triggered]:
    return tuple(_in_order((step, first_trigger(step, due_on, issued_on)) for step in cadence.steps))


def _in_order(steps: Iterable[tuple[Step, date | None]]) -> list[Triggered]:
    triggered = [Triggered(trigger, step) for step, trigger in steps if trigger is not None]
    # Python's sort is stable, so that steps of one day keep their position in the cadence (rule 1.2).
    triggered.sort(key=attrgetter("trigger"))
    return triggered


def _after_all_expired(facts: Facts, expired: tuple[Expired, ...], day: date) -> Agenda:
    """Return what is left once the last steps to come have expired: at most the step that repeats (rule 2.13)."""
    if not expired:
        return Agenda(None, (), None)
    statuses = {**facts.statuses, **{one.step.id: StepStatus.EXPIRED for one in expired}}
    then = agenda_of(replace(facts, statuses=statuses), day)
    return replace(then, expired=expired + then.expired)


def unsettled(facts: Facts) -> Sequence[Step]:
    """Return the steps that are still to come, by position: a step that repeats comes after all others."""
    if facts.cadence is None:
        return ()
    statuses = facts.statuses
    to_come = [step for step in facts.cadence.steps if statuses.get(step.id) in TO_COME]
    return to_come or _repeated(facts, facts.cadence.steps[-1])


def _repeated(facts: Facts, last: Step) -> Sequence[Step]:
    """Return the cadence's last step if it runs once more (rule 2.13)."""
    run = facts.runs.get(last.id)
    if last.repeat is None or run is None or run.occurrence > last.repeat.limit:
        return ()
    return (last,) if facts.status(last).is_run else ()


def _is_contextual(facts: Facts) -> bool:
    assert facts.cadence is not None
    return facts.cadence.logic is Logic.CONTEXTUAL


def _superseded(facts: Facts, pending: list[Triggered], day: date) -> list[Triggered]:
    """Return the steps that a later one has overtaken by `day`: contextual logic only (rules 2.6 and 4.6)."""
    if not _is_contextual(facts):
        return []
    reached = [p for p in pending if p.trigger <= day]
    return [p for p in reached[:-1] if not (p.step.never_supersede and facts.status(p.step) is StepStatus.OPEN)]


def _next(facts: Facts, left: list[Triggered]) -> Triggered:
    """Return the step that is next of those left, in order."""
    # An open to-do holds the collection, even if a new due date or an edit put other steps before it (rule 4.1).
    statuses = facts.statuses
    for p in left:
        if statuses.get(p.step.id) is StepStatus.OPEN:
            return p
    # In contextual logic that is the last one reached: those before it have been superseded.
    return left[0]


def _changes_on(facts: Facts, left: list[Triggered], day: date) -> date | None:
    """Return the first day after `day` on which steps expire by themselves: by a trigger, or overdue."""
    changes = [p.trigger for p in left[1:] if p.trigger > day] if _is_contextual(facts) else []
    if facts.invoice.due_on is not None and facts.is_pre_due(left[0].trigger):
        changes.append(facts.invoice.due_on + ONE_DAY)
    return min(changes, default=None)
