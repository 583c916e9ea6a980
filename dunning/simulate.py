"""What would happen if: lives through a story of dated events, by the pure core alone.

The same days come out as when the product lives them, because both ask the same `decide`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from dunning.agenda import unsettled
from dunning.apply import after, apply
from dunning.cadence import Cadence
from dunning.calendar import ONE_DAY, Calendar
from dunning.decide import decide
from dunning.decision import Close, Decision, OpenTodo, Send, Wait
from dunning.events import (
    CadenceEdited,
    Completed,
    Contacted,
    DisputeResolved,
    Event,
    Ignored,
    Paid,
    Reassigned,
    Resolution,
    StateChanged,
)
from dunning.facts import Facts, HoldDays, Invoice, StepStatus
from dunning.objections import objection

# More decisions than this on one day would mean that they never come to rest.
ROUNDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: an invoice under a cadence from the morning of `enters` to the evening of `until`.

    `events` are in order; those of a day happen before that day's run.
    """

    name: str
    calendar: Calendar
    cadence: Cadence
    invoice: Invoice
    enters: date
    until: date
    events: tuple[Event, ...] = ()
    hold_days: HoldDays = field(default_factory=HoldDays)
    tolerance: Decimal = Decimal(0)


class Happened(StrEnum):
    """What a line of the log tells."""

    SENT = "sent"
    OPENED = "opened"
    DONE = "done"
    IGNORED = "ignored"
    EXPIRED = "expired"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    CONTACT = "contact"
    CYCLE = "cycle"


class End(StrEnum):
    """How a story ends."""

    RUNNING = "running"
    PAID = "paid"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; what does not apply is None, and `occurrence` is 1 unless a step repeats.

    `decided` is the decision behind a step that was sent or opened, with the reasons for its day.
    """

    on: date
    event: Happened
    step: str | None = None
    reason: str | None = None
    occurrence: int = 1
    channel: str | None = None
    cycle: int | None = None
    decided: Send | OpenTodo | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event of the story that could not happen, and why."""

    on: date
    event: Event
    because: str


@dataclass(frozen=True, slots=True)
class Story:
    """What happened."""

    name: str
    outcome: End
    log: tuple[Entry, ...]
    refused: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class _Life:
    """The state of a story while it is lived."""

    facts: Facts
    log: list[Entry] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    announced: Wait | None = None


def simulate(scenario: Scenario) -> Story:
    """Live through the scenario and return what happened."""
    events = _by_day(scenario)
    facts = Facts(
        invoice=scenario.invoice,
        cadence=scenario.cadence,
        calendar=scenario.calendar,
        entered_on=scenario.enters,
        hold_days=scenario.hold_days,
        tolerance=scenario.tolerance,
    )
    life = _Life(facts)
    days = iter(sorted(events))
    next_event_on = next(days, None)
    day: date | None = scenario.enters
    while day is not None and day <= scenario.until:
        for event in events.get(day, ()):
            _happen(life, event, day)
        decision = _run(life, scenario.calendar.opens_at(day), day)
        while next_event_on is not None and next_event_on <= day:
            next_event_on = next(days, None)
        day = min(
            (each for each in (_looks_again_on(decision, scenario.calendar, day), next_event_on) if each),
            default=None,
        )
    return Story(scenario.name, _end(life.facts), tuple(life.log), tuple(life.refused))


def _by_day(scenario: Scenario) -> Mapping[date, list[Event]]:
    by_day: dict[date, list[Event]] = {}
    for event in scenario.events:
        by_day.setdefault(scenario.calendar.local_date(event.at), []).append(event)
    return by_day


def _looks_again_on(decision: Decision, calendar: Calendar, day: date) -> date | None:
    """Return the next day on which the run may do something by itself (rule 2.11)."""
    if not isinstance(decision, Wait) or decision.until is None:
        return None
    return max(calendar.local_date(decision.until), day + ONE_DAY)


def _run(life: _Life, now: datetime, day: date) -> Decision:
    """Decide and carry out until there is nothing more to do on this day."""
    for _ in range(ROUNDS_MAX):
        decision = decide(life.facts, now)
        if not isinstance(decision, Close):
            life.log += [
                Entry(day, Happened.EXPIRED, one.step.id, one.reason.value, life.facts.occurrence(one.step))
                for one in decision.expired
            ]
        life.facts = after(life.facts, decision, day)
        match decision:
            case Send(step=step, occurrence=occurrence):
                decided = _as_announced(decision, life.announced, day)
                life.log.append(Entry(day, Happened.SENT, step.id, occurrence=occurrence, decided=decided))
            case OpenTodo(step=step, occurrence=occurrence):
                decided = _as_announced(decision, life.announced, day)
                life.log.append(Entry(day, Happened.OPENED, step.id, occurrence=occurrence, decided=decided))
            case _:
                life.announced = decision if isinstance(decision, Wait) else None
                return decision
    raise AssertionError(f"the decisions of {day} never come to rest")


def _as_announced(decision: Send | OpenTodo, announced: Wait | None, day: date) -> Send | OpenTodo:
    """Return the decision with the reasons that announced its day: a hold that is over by then was one of them."""
    if announced is None or (announced.step, announced.due_on) != (decision.step, day):
        return decision
    return replace(decision, because=announced.because)


def _happen(life: _Life, event: Event, day: date) -> None:
    because = objection(life.facts, event)
    if because is not None:
        life.refused.append(Refusal(day, event, because))
        return
    before, life.announced = life.facts, None
    life.facts = apply(before, event)
    life.log += _told(before, life.facts, event, day)


def _told(before: Facts, now: Facts, event: Event, day: date) -> Iterator[Entry]:
    """Yield the lines that an event writes: what it is, and what it did to steps."""
    match event:
        case Completed(step_id=step_id):
            yield Entry(day, Happened.DONE, step_id, occurrence=_run_of(now, step_id))
            return
        case Ignored(step_id=step_id):
            yield Entry(day, Happened.IGNORED, step_id, occurrence=_run_of(now, step_id))
            return
        case Contacted(channel=channel, as_step=as_step):
            yield Entry(day, Happened.CONTACT, as_step, channel=channel.value)
            if as_step is not None:
                yield Entry(day, Happened.DONE, as_step, occurrence=_run_of(now, as_step))
            return
    canceled = _why_canceled(event)
    is_moved = (now.cadence and now.cadence.name) != (before.cadence and before.cadence.name)
    for step_id, status in before.statuses.items():
        if status is StepStatus.OPEN and (is_moved or now.statuses.get(step_id) is not StepStatus.OPEN):
            yield Entry(day, Happened.CANCELED, step_id, canceled, _open_occurrence(before, step_id))
    if is_moved:
        return
    for step_id, status in now.statuses.items():
        if status is StepStatus.SKIPPED and before.statuses.get(step_id) is not StepStatus.SKIPPED:
            yield Entry(day, Happened.SKIPPED, step_id)
    if now.cycle != before.cycle:
        yield Entry(day, Happened.CYCLE, cycle=now.cycle)


def _why_canceled(event: Event) -> str:
    match event:
        case Paid():
            return "paid"
        case Reassigned():
            return "reassigned"
        case DisputeResolved(then=Resolution.STOP):
            return "stopped"
        case CadenceEdited():
            return "edited"
        case StateChanged(state=state):
            return state.replace("_", " ")
        case _:
            return "cycle"


def _run_of(facts: Facts, step_id: str) -> int:
    return facts.runs[step_id].occurrence


def _open_occurrence(facts: Facts, step_id: str) -> int:
    assert facts.cadence is not None
    step = facts.cadence.step(step_id)
    assert step is not None
    return facts.occurrence(step)


def _end(facts: Facts) -> End:
    if facts.is_settled:
        return End.PAID
    if facts.cadence is None:
        return End.STOPPED
    return End.RUNNING if unsettled(facts) else End.EXHAUSTED
