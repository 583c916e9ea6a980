"""Stories of INV-1 under cadence W, told by the simulation as sentences such as `Mon 06-15 S3 sent`.

Unlike builders.py, which changes facts by hand, what happens here are the events of `dunning.events`.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from dunning.cadence import Cadence, Logic, Repeat, Step
from dunning.calendar import Calendar
from dunning.events import Completed, Event
from dunning.facts import HoldDays, Invoice
from dunning.simulate import Entry, Scenario, Story, simulate
from tests.dunning.builders import a_calendar, at, on, the_cadence_w


def morning(day: str) -> datetime:
    """Return 08:00 of the day in 2026 written as `06-15`: before that day's run."""
    return at(f"2026-{day} 08:00")


def w_with(logic: Logic = Logic.STANDARD, **steps: Step | None) -> Cadence:
    """Return cadence W with other steps in place of some: `S2=a_step(…)`; None leaves the step out."""
    cadence = the_cadence_w(logic)
    kept = [steps.get(step.id, step) for step in cadence.steps]
    return replace(cadence, steps=tuple(step for step in kept if step is not None))


def w_repeating(logic: Logic, every_days: int = 14, limit: int = 2) -> Cadence:
    """Return cadence W, whose letter repeats."""
    last = replace(the_cadence_w().steps[-1], repeat=Repeat(every_days, limit))
    return w_with(logic, S5=last)


S4_DONE = Completed(morning("06-24"), "S4")


def a_story(
    *events: Event,
    logic: Logic = Logic.STANDARD,
    cadence: Cadence | None = None,
    enters: str = "05-02",
    until: str = "07-31",
    due: str | None = "06-01",
    total: str = "10000",
    tolerance: str = "0",
    calendar: Calendar | None = None,
    hold_days: HoldDays | None = None,
) -> Story:
    """Live INV-1 from the day it is issued; days are of 2026."""
    due_on = None if due is None else on(f"2026-{due}")
    scenario = Scenario(
        name="example",
        calendar=a_calendar() if calendar is None else calendar,
        cadence=the_cadence_w(logic) if cadence is None else cadence,
        invoice=Invoice(1, "INV-1", on("2026-05-02"), due_on, Decimal(total), "EUR"),
        enters=on(f"2026-{enters}"),
        until=on(f"2026-{until}"),
        events=events,
        hold_days=HoldDays() if hold_days is None else hold_days,
        tolerance=Decimal(tolerance),
    )
    return simulate(scenario)


def told(story: Story, since: str = "01-01") -> list[str]:
    """Return what happened from the day on."""
    return [_sentence(entry) for entry in story.log if entry.on >= on(f"2026-{since}")]


def acts(story: Story, since: str = "01-01") -> list[str]:
    """Return what was sent and what became a to-do, from the day on."""
    return [line for line in told(story, since) if line.endswith((" sent", " opened"))]


def refusals(story: Story) -> list[str]:
    """Return why events could not happen."""
    return [refusal.because for refusal in story.refused]


def _sentence(entry: Entry) -> str:
    step = f"{entry.step}#{entry.occurrence}" if entry.step and entry.occurrence > 1 else entry.step
    cycle = None if entry.cycle is None else str(entry.cycle)
    words = (f"{entry.on:%a %m-%d}", step, entry.event.value, entry.reason, entry.channel, cycle)
    return " ".join(filter(None, words))
