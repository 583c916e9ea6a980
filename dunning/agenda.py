"""Which step is next as of a day, and which ones expire by then (rules 2.4 to 2.6)."""

from dataclasses import dataclass
from datetime import date

from dunning.cadence import Logic, Step
from dunning.calendar import ONE_DAY
from dunning.decision import Expired, Expiry
from dunning.facts import Facts, StepStatus


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
    pending: list[Triggered] = []
    expired: list[Expired] = []
    overdue = facts.is_overdue(day)
    for step in () if facts.cadence is None else facts.cadence.steps:
        trigger = facts.trigger(step)
        if trigger is None or facts.status(step).is_settled:
            continue
        if overdue and facts.is_pre_due(trigger):
            expired.append(Expired(step, Expiry.OVERDUE))
        else:
            pending.append(Triggered(trigger, step))
    # Python's sort is stable, so that steps of one day keep their position in the cadence (rule 1.2).
    pending.sort(key=lambda p: p.trigger)
    superseded = _superseded(facts, pending, day)
    expired += [Expired(p.step, Expiry.SUPERSEDED) for p in superseded]
    left = [p for p in pending if p not in superseded]
    if not left:
        return Agenda(None, tuple(expired), None)
    return Agenda(_next(facts, left), tuple(expired), _changes_on(facts, left, day))


def _is_contextual(facts: Facts) -> bool:
    return facts.cadence is not None and facts.cadence.logic is Logic.CONTEXTUAL


def _superseded(facts: Facts, pending: list[Triggered], day: date) -> list[Triggered]:
    """Return the steps that a later one has overtaken by `day`: contextual logic only (rules 2.6 and 4.6)."""
    if not _is_contextual(facts):
        return []
    reached = [p for p in pending if p.trigger <= day]
    return [p for p in reached[:-1] if not (p.step.never_supersede and facts.status(p.step) is StepStatus.OPEN)]


def _next(facts: Facts, left: list[Triggered]) -> Triggered:
    """Return the step that is next of those left, in order."""
    # An open to-do holds the collection, even if a new due date or an edit put other steps before it (rule 4.1).
    for p in left:
        if facts.status(p.step) is StepStatus.OPEN:
            return p
    if not _is_contextual(facts):
        return left[0]
    # Of steps that trigger on one day, the last supersedes the others on that very day.
    return [p for p in left if p.trigger == left[0].trigger][-1]


def _changes_on(facts: Facts, left: list[Triggered], day: date) -> date | None:
    """Return the first day after `day` on which steps expire by themselves: by a trigger, or overdue."""
    changes = [p.trigger for p in left[1:] if p.trigger > day] if _is_contextual(facts) else []
    if facts.invoice.due_on is not None and facts.is_pre_due(left[0].trigger):
        changes.append(facts.invoice.due_on + ONE_DAY)
    return min(changes, default=None)
