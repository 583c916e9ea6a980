"""When a collection begins anew, and what it is then (rules 5.3, 5.4 and 6.2)."""

from dataclasses import replace
from datetime import date

from dunning.cadence import Cadence
from dunning.facts import Facts, History, StepStatus

# Less than a week later, a customer would get the first reminder of a new cycle on the heels of the last.
CYCLE_SHIFT_DAYS_MIN = 7


def begins_cycle(facts: Facts, due_on: date, today: date) -> bool:
    """Say whether moving the due date to `due_on` begins a new cycle (rule 6.2)."""
    before = facts.invoice.due_on
    if before is None or facts.cadence is None or facts.is_settled or today > due_on:
        return False
    return (due_on - before).days >= max(facts.cadence.contact_delay_days_min, CYCLE_SHIFT_DAYS_MIN)


def new_cycle(facts: Facts, on: date) -> Facts:
    """Return the facts with every step pending again from `on`; contacts made still count."""
    return replace(
        facts,
        cycle=facts.cycle + 1,
        entered_on=on,
        statuses={},
        runs={},
        handed_over=frozenset(),
        snoozed={},
    )


def without_todos(facts: Facts) -> Facts:
    """Return the facts with every open to-do canceled: its step is pending again."""
    statuses = {step_id: status for step_id, status in facts.statuses.items() if status is not StepStatus.OPEN}
    return replace(facts, statuses=statuses, handed_over=frozenset(), snoozed={})


def moved_to(facts: Facts, cadence: Cadence | None, on: date) -> Facts:
    """Return the facts under another cadence or none, resuming what was done under it before (rule 5.3)."""
    facts = without_todos(facts)
    shelf = dict(facts.shelf)
    if facts.cadence is not None:
        shelf[facts.cadence.name] = History(facts.cycle, facts.statuses, facts.runs)
    if cadence is None:
        return replace(facts, cadence=None, shelf=shelf, statuses={}, runs={}, cycle=1)
    history = shelf.pop(cadence.name, History())
    return replace(
        facts,
        cadence=cadence,
        entered_on=on,
        cycle=history.cycle,
        statuses=history.statuses,
        runs=history.runs,
        shelf=shelf,
    )
