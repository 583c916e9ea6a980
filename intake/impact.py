"""What a new version of a cadence would change, worked out beforehand: nothing is locked or written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from db.engine import Engine, Session, transaction
from db.operations.adoption import adopted_all
from db.queries.catalogue import Version
from db.queries.collections import open_collections
from db.queries.under import Place, count_under, hold_still, page_under
from dunning.apply import after
from dunning.cadence import Cadence
from dunning.calendar import ONE_DAY
from dunning.decide import decide
from dunning.decision import OpenTodo, Send
from dunning.edition import edited
from dunning.facts import Facts, StepStatus
from dunning.forecast import forecast
from dunning.projection import Projection, project

PAGE = 500


@dataclass(frozen=True, slots=True)
class Example:
    """An invoice whose next action would be another one: what it is before, and then."""

    number: str
    before: Projection
    then: Projection


@dataclass(slots=True)
class Impact:
    """What is another with the new version than without it, at one moment.

    `messages_added` counts those that would go out until the end of `messages_until`, the next business day (None
    while nothing is under the cadence). `undecidable` collections cannot be planned, and would be parked.
    """

    collections: int = 0
    next_actions_changed: int = 0
    todos_canceled: int = 0
    todos_opened: int = 0
    messages_added: int = 0
    messages_until: date | None = None
    undecidable: int = 0


def weigh(
    engine: Engine,
    in_force: Version | None,
    cadence: Cadence,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    show: Callable[[Example], None] = lambda _example: None,
) -> Impact:
    """Return what changes for the collections under the version in force if `cadence` were published at `now`.

    `show` is told of each invoice whose next action changes.
    """
    impact = Impact()
    if in_force is None:
        return impact
    with transaction(engine) as session:
        hold_still(session)
        total = count_under(session, in_force.cadence_id)
        place = Place()
        while page := page_under(session, in_force.cadence_id, place, PAGE):
            _weigh_page(session, page, cadence, now, impact, show)
            place = page[-1]
            progress(impact.collections, total)
    return impact


def _weigh_page(
    session: Session,
    page: list[Place],
    cadence: Cadence,
    now: datetime,
    impact: Impact,
    show: Callable[[Example], None],
) -> None:
    collections = open_collections(session, [place.invoice_id for place in page])
    for collection in adopted_all(session, collections):
        impact.collections += 1
        try:
            compare(collection.facts, edited(collection.facts, cadence), now, impact, show)
        except (ValueError, AssertionError):
            # What cannot be planned under the version in force or the new one must not hide all the others.
            impact.undecidable += 1


def compare(
    before: Facts,
    then: Facts,
    now: datetime,
    impact: Impact,
    show: Callable[[Example], None] = lambda _example: None,
) -> None:
    """Add to the impact what is another with the later facts. Raises ValueError for what cannot be planned."""
    rested_before, next_before = _at_rest(before, now)
    rested_then, next_then = _at_rest(then, now)
    if _told_apart(next_before) != _told_apart(next_then):
        impact.next_actions_changed += 1
        show(Example(before.invoice.number, next_before, next_then))
    todos_before, todos_then = _todos(rested_before), _todos(rested_then)
    impact.todos_canceled += len(todos_before - todos_then)
    impact.todos_opened += len(todos_then - todos_before)
    calendar = before.calendar
    until = calendar.next_business_day(calendar.local_date(now) + ONE_DAY)
    impact.messages_until = until
    ends_at = calendar.start_of(until + ONE_DAY)
    if next_then.acts_at is not None and next_then.acts_at < ends_at:
        added = _messages(then, now, until) - _messages(before, now, until)
        impact.messages_added += max(0, added)


def _at_rest(facts: Facts, now: datetime) -> tuple[Facts, Projection]:
    """Return the facts once what there is to do at `now` was done, but nothing sent, and the next action."""
    today = facts.calendar.local_date(now)
    decision = decide(facts, now)
    while isinstance(decision, OpenTodo):
        facts = after(facts, decision, today)
        decision = decide(facts, now)
    projection = project(facts, decision, now)
    return (facts if isinstance(decision, Send) else after(facts, decision, today)), projection


def _told_apart(projection: Projection) -> tuple[object, ...]:
    step = projection.step
    kind = None if step is None else (step.id, step.channel, step.execution)
    return projection.stage, kind, projection.due_on, projection.acts_at


def _todos(facts: Facts) -> set[str]:
    return {step_id for step_id, status in facts.statuses.items() if status is StepStatus.OPEN}


def _messages(facts: Facts, now: datetime, until: date) -> int:
    return sum(action.is_sent for action in forecast(facts, now, until).actions)
