"""Promises of the core, over random cadences, calendars, holds and the slowness of people.

A failure prints the example, and the run its seed (see conftest.py).
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dunning.cadence import Logic
from dunning.decide import decide
from dunning.decision import OpenTodo, Send, Wait
from dunning.facts import Facts, StepStatus
from tests.dunning.builders import Line, apply
from tests.dunning.strategies import LIFE_DAYS, START, Life, collections, lives, moments


def without_last_day(log: list[Line]) -> list[tuple[date, str, str | None]]:
    """Return the comparable part: on the last day one driver may stop before the other."""
    end = START + timedelta(days=LIFE_DAYS)
    return [(line.on, line.what, line.step) for line in log if line.on < end]


def sent(log: list[Line]) -> list[Line]:
    return [line for line in log if line.what == "sent"]


@given(collections(), moments(), st.one_of(st.none(), moments()))
def test_wait_ends_later_than_now(facts: Facts, now: datetime, released_at: datetime | None) -> None:
    """Rule 2.11."""
    decision = decide(replace(facts, released_at=released_at), now)

    if isinstance(decision, Wait) and decision.until is not None:
        assert decision.until > now
        if decision.due_on is not None:
            assert decision.due_on >= facts.calendar.local_date(now)


@given(collections(), moments())
def test_same_facts_and_moment_give_the_same_decision(facts: Facts, now: datetime) -> None:
    """Rule 2.11: nor does the zone that the moment is written in matter."""
    elsewhere = now.astimezone(ZoneInfo("Asia/Tokyo"))

    assert decide(facts, now) == decide(replace(facts), now) == decide(facts, elsewhere)


@given(lives())
def test_daily_looks_and_sleeping_until_waits_end_live_the_same_life(life: Life) -> None:
    """Rule 2.11."""
    assert without_last_day(life.day_by_day()) == without_last_day(life.by_waits())


@given(lives())
def test_contacts_keep_their_distance(life: Life) -> None:
    """Rule 1.5: an automatic contact is never closer than the delay to the contact before it."""
    assert life.facts.cadence is not None
    delay = timedelta(days=max(life.facts.cadence.contact_delay_days_min, 1))

    for log in (life.day_by_day(), life.by_waits()):
        contacted_on = [line.on for line in sent(log)]
        if life.facts.last_contact_on is not None:
            contacted_on.insert(0, life.facts.last_contact_on)
        assert all(later - earlier >= delay for earlier, later in pairwise(contacted_on))


@given(lives())
def test_nothing_goes_out_outside_business_days_and_send_hours(life: Life) -> None:
    """Rules 2.1 and 2.2."""
    calendar = life.facts.calendar

    for line in sent(life.by_waits()):
        assert calendar.is_business_day(line.on)
        assert calendar.sends_at(line.on, life.facts.invoice.id) <= line.moment < calendar.closes_at(line.on)


@given(collections(), st.lists(moments(), min_size=10, max_size=60))
def test_looks_at_any_moments_keep_every_promise(facts: Facts, looks: list[datetime]) -> None:
    """Rules 1.5, 2.1, 2.4, 2.11, 3.6, 3.7 and 3.8: a worker that is down and up again cannot break them."""
    calendar, invoice = facts.calendar, facts.invoice
    assert facts.cadence is not None
    delay = timedelta(days=max(facts.cadence.contact_delay_days_min, 1))
    acted: list[str] = []
    for now in sorted(looks):
        decision = decide(facts, now)
        today = calendar.local_date(now)
        if isinstance(decision, Send | OpenTodo):
            assert decision.step.id not in acted or decision.step.id in facts.handed_over
            assert all(hold.until is not None and hold.until <= today for hold in facts.holds)
            assert not (invoice.is_hidden and decision.step.channel.is_written)
            assert today >= facts.entered_on
            trigger = facts.trigger(decision.step)
            assert trigger is not None
            assert not (facts.is_pre_due(trigger) and facts.is_overdue(today))
            acted.append(decision.step.id)
        if isinstance(decision, Send):
            assert facts.sends_automatically
            assert facts.obstacle(decision.step) is None
            assert calendar.is_business_day(today)
            assert calendar.opens_at(today) <= now < calendar.closes_at(today)
            assert facts.last_contact_on is None or today - facts.last_contact_on >= delay
        facts, _ = apply(facts, decision, now)


@given(lives())
def test_no_contact_while_a_hold_is_active(life: Life) -> None:
    """Rules 3.1 to 3.6."""
    zone = life.facts.calendar.time_zone
    for line in life.by_waits():
        held_by = list(life.facts.holds)
        for moment in sorted(life.events):
            if datetime.fromisoformat(moment).replace(tzinfo=zone) <= line.moment:
                held_by = list(life.events[moment](replace(life.facts, holds=tuple(held_by)), line.moment).holds)
        if line.what in ("sent", "to-do"):
            assert all(hold.until is not None and hold.until <= line.on for hold in held_by)


@given(lives())
def test_no_step_before_the_due_date_runs_after_it(life: Life) -> None:
    """Rules 2.4 and 2.9."""
    assert life.facts.cadence is not None
    triggers = {step.id: life.facts.trigger(step) for step in life.facts.cadence.steps}
    for line in life.by_waits():
        if line.what in ("sent", "to-do") and life.facts.is_overdue(line.on):
            trigger = triggers[line.step or ""]
            assert trigger is not None
            assert not life.facts.is_pre_due(trigger)


@given(lives())
def test_no_step_runs_twice(life: Life) -> None:
    """Rule 2.11: neither sent nor asked of people twice; handed to people it may still be sent once."""
    log = life.by_waits()
    for what in ("sent", "to-do"):
        ids = [line.step for line in log if line.what == what]
        assert len(ids) == len(set(ids))


@given(lives(logics=[Logic.STANDARD]))
def test_standard_never_drops_a_post_due_step(life: Life) -> None:
    """Rule 2.5: and runs its steps in the order of their triggers."""
    facts = life.facts
    assert facts.cadence is not None
    triggers = {step.id: facts.trigger(step) for step in facts.cadence.steps}
    log = life.by_waits()
    for line in log:
        if line.what in ("overdue", "superseded"):
            trigger = triggers[line.step or ""]
            assert line.what == "overdue"
            assert trigger is not None
            assert facts.is_pre_due(trigger)
    first_acts = list(dict.fromkeys(line.step for line in log if line.what in ("sent", "to-do")))
    acted = [trigger for step in first_acts if (trigger := triggers[step or ""]) is not None]
    assert acted == sorted(acted)


@given(lives(logics=[Logic.CONTEXTUAL]))
def test_contextual_sends_one_step_for_one_age(life: Life) -> None:
    """Rule 2.6: what follows a sent step triggered after that step was sent."""
    facts = life.facts
    assert facts.cadence is not None
    triggers = {step.id: facts.trigger(step) for step in facts.cadence.steps}
    lasting = {step.id for step in facts.cadence.steps if step.never_supersede}
    log = sent(life.by_waits())
    for earlier, later in pairwise(log):
        trigger = triggers[later.step or ""]
        assert trigger is not None
        assert trigger > earlier.on or earlier.step in lasting


@given(collections(), moments())
def test_what_a_wait_announces_comes_true(facts: Facts, now: datetime) -> None:
    """Rule 2.12: left alone, the announced step is the next to run, and on the announced day."""
    decision = decide(facts, now)
    if not isinstance(decision, Wait) or decision.due_on is None:
        return
    announced = decision.step, decision.due_on

    acted = None
    while acted is None:
        facts, lines = apply(facts, decision, now)
        acted = next(((line.step, line.on) for line in lines if line.what in ("sent", "to-do")), None)
        if isinstance(decision, Wait):
            # A wait says the same all along, not only right before the step runs.
            assert (decision.step, decision.due_on) == announced
            assert decision.until is not None
            now = decision.until
            decision = decide(facts, now)
        else:
            assert isinstance(decision, Send | OpenTodo)

    assert announced[0] is not None
    assert acted == (announced[0].id, announced[1])


@given(collections(), moments())
def test_all_that_blocks_today_is_said(facts: Facts, now: datetime) -> None:
    """Rule 3.6: every active hold is among the reasons, and no reason says that nothing holds."""
    decision = decide(facts, now)
    today = facts.calendar.local_date(now)
    active = [hold.until for hold in facts.holds if hold.until is None or hold.until > today]
    if active:
        assert isinstance(decision, Wait)
        said = [reason.day for reason in decision.because]
        assert all(until in said for until in active)
        assert decision.until is not None
    elif isinstance(decision, Wait):
        assert decision.because


def test_statuses_that_end_a_step_are_settled() -> None:
    """Rule 2.11: the properties above lean on it."""
    assert {status for status in StepStatus if not status.is_settled} == {StepStatus.PENDING, StepStatus.OPEN}
