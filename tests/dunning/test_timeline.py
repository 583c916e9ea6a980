"""What happened says all: whoever looked when, in which order two things came, and what was foretold before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from dunning.apply import after, apply, step_done
from dunning.calendar import ONE_DAY
from dunning.decide import decide
from dunning.decision import Close, Decision, Exhaust, OpenTodo, Send, Wait
from dunning.events import (
    Bounced,
    CadenceEdited,
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Resolution,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import Facts, StepStatus
from dunning.forecast import forecast
from dunning.objections import objection
from tests.dunning.chronicle import LOOKS_MAX, Chronicle, Surroundings, recomputed
from tests.dunning.random_happenings import BEGINS_AT, CHANGES, HOLDS, STEPS, chronicles, events, later
from tests.dunning.strategies import LIFE_DAYS

AHEAD_DAYS = 90


def told(chronicle: Chronicle) -> list[tuple[datetime, Event | Decision | Surroundings]]:
    """Return what a ledger would have written down: all but the looks after which nothing was different."""
    return [(page.at, page.what) for page in chronicle.pages if page.after != page.before]


@given(chronicles())
def test_recomputing_from_the_timeline_gives_the_same_state(chronicle: Chronicle) -> None:
    """Rule 2.11: what happened says all, nothing has to be decided again."""
    assert recomputed(chronicle.pages[0].before, told(chronicle)) == chronicle.facts


@given(chronicles(), st.data())
def test_whoever_looks_daily_or_sleeps_until_waits_end_comes_to_the_same_state(
    chronicle: Chronicle, data: st.DataObject
) -> None:
    """Rule 2.11: with every event, not only with holds."""
    begin = chronicle.pages[0].before
    daily = Chronicle(begin, BEGINS_AT, daily=True)
    for page in chronicle.pages:
        match page.what:
            case Wait() | Send() | OpenTodo() | Exhaust() | Close():
                continue
            case Surroundings():
                daily.live_until(page.at)
                daily.surround(page.what)
            case _:
                daily.live_until(page.at)
                assert daily.happen(page.what)
    end = data.draw(later(chronicle.now, LIFE_DAYS))
    chronicle.live_until(end)
    daily.live_until(end)

    assert daily.facts == chronicle.facts
    assert told(daily) == told(chronicle)


# Which parts of the facts an event asks for or changes. Two events are independent if they share none of these.
# What settles an invoice or opens it again shares everything with everything.
_STEPS = frozenset({"steps and cadence"})
_MONEY = frozenset({"money"})
_HOLDS = frozenset({"pause", "customer pause", "dispute", "promise"})
_ALL = _STEPS | _MONEY | _HOLDS | {"contact", "visibility"}


def parts(event: Event, facts: Facts) -> frozenset[str]:
    """Return what the event asks for or changes."""
    match event:
        case Paused(of_customer=of_customer) | Resumed(of_customer=of_customer):
            return frozenset({"customer pause" if of_customer else "pause"})
        case Disputed():
            return frozenset({"dispute"})
        case DisputeResolved(then=then):
            return frozenset({"dispute"}) | (frozenset() if then is Resolution.RESUME else _STEPS)
        case Promised():
            return frozenset({"promise"})
        case PaymentAnnounced():
            return _MONEY
        case Contacted(as_step=None):
            return frozenset({"contact"})
        case VisibilityChanged():
            return frozenset({"visibility"})
        case Paid(amount=amount):
            settles = facts.invoice.outstanding - amount <= facts.tolerance
            return _ALL if settles else _MONEY
        case Reversed():
            return _ALL if facts.is_settled else _MONEY
        case StateChanged():
            return _ALL
        case Completed() | Ignored() | Snoozed() | Contacted():
            return _STEPS
        case Bounced():
            return _STEPS | {"contact"}
        case Reassigned() | Restarted() | CadenceEdited() | DueDateChanged():
            return _STEPS


def comparable(facts: Facts) -> Facts:
    """Return the facts with their holds in a fixed order: they are a set."""
    return replace(facts, holds=tuple(sorted(facts.holds, key=lambda hold: (hold.kind, hold.of_customer))))


@given(chronicles(kinds=(*STEPS, *HOLDS, *CHANGES)), st.data())
def test_order_of_independent_events_of_a_moment_does_not_matter(
    chronicle: Chronicle, data: st.DataObject
) -> None:
    """Rules 2.11 and 3.6: holds, messages, part payments, visibility, and one change of steps."""
    facts, now = chronicle.facts, chronicle.now
    kinds: Sequence[type[Event]] = (*HOLDS, *HOLDS, *STEPS, Contacted, *CHANGES)
    one, other = data.draw(events(facts, now, kinds)), data.draw(events(facts, now, kinds))
    assume(not parts(one, facts) & parts(other, facts))

    # Neither makes the other possible or impossible.
    assume(objection(facts, one) is None and objection(facts, other) is None)
    assert objection(apply(facts, one), other) is None
    assert objection(apply(facts, other), one) is None
    one_first, other_first = apply(apply(facts, one), other), apply(apply(facts, other), one)

    assert comparable(one_first) == comparable(other_first)
    assert decide(comparable(one_first), now) == decide(comparable(other_first), now)


def lived(
    facts: Facts, now: datetime, days: int, todo_days: int | None
) -> tuple[list[tuple[datetime, str, int, bool]], Facts]:
    """Live day by day; people do each to-do `todo_days` after it opened, at the send time."""
    calendar, invoice_id = facts.calendar, facts.invoice.id
    today = opened_on = calendar.local_date(now)
    log: list[tuple[datetime, str, int, bool]] = []
    ahead = [today + number * ONE_DAY for number in range(days + 1)]
    looks = {
        look
        for day in ahead
        for look in (calendar.start_of(day), calendar.opens_at(day), calendar.sends_at(day, invoice_id))
        if look > now
    }
    # Twice now: first what happens at once, then people, if it is past the send time already.
    for number, moment in enumerate((now, now, *sorted(looks))):
        day = calendar.local_date(moment)
        for _ in range(LOOKS_MAX):
            is_open = StepStatus.OPEN in facts.statuses.values()
            if is_open and todo_days is not None:
                done_at = calendar.opens_at(opened_on + timedelta(days=todo_days))
                if done_at <= moment and (number > 0 or log):
                    facts = _with_todos_done(facts, moment)
            decision = decide(facts, moment)
            facts = after(facts, decision, day)
            if not isinstance(decision, Send | OpenTodo):
                break
            log.append((moment, decision.step.id, decision.occurrence, isinstance(decision, Send)))
            opened_on = day
    return log, facts


def _with_todos_done(facts: Facts, moment: datetime) -> Facts:
    assert facts.cadence is not None
    for step in facts.cadence.steps:
        if facts.status(step) is StepStatus.OPEN:
            facts = step_done(facts, step, facts.calendar.local_date(moment))
    return facts


@given(chronicles(), st.sampled_from([None, 0, 1, 2, 5]))
def test_forecast_is_the_life_that_is_lived_if_nobody_intervenes(
    chronicle: Chronicle, todo_days: int | None
) -> None:
    """Rule 2.12: every action on its moment, however the days are looked at."""
    facts, now = chronicle.facts, chronicle.now
    until = facts.calendar.local_date(now) + timedelta(days=AHEAD_DAYS)

    ahead = forecast(facts, now, until, todo_days)

    foretold = [(each.at, each.step.id, each.occurrence, each.is_sent) for each in ahead.actions]
    assert foretold == lived(facts, now, AHEAD_DAYS, todo_days)[0]
