"""What a wait announces, and why on that day (rule 2.12)."""

import pytest

from dunning.cadence import Logic
from dunning.decide import decide
from dunning.decision import Because, Send, Wait
from dunning.facts import Facts
from tests.dunning.builders import (
    a_calendar,
    a_collection,
    a_hold,
    at,
    causes,
    on,
    reminders,
    step_of,
)


def test_reason_of_a_monday_is_the_weekend_before_also_on_the_monday() -> None:
    """Rules 2.1 and 2.12: a step of Sat 06-13, looked at before, on the day, and on the day after."""
    collection = a_collection(cadence=reminders(12))

    before, on_the_day, late = (decide(collection, at(f"2026-06-{day} 08:30")) for day in (12, 15, 16))

    monday = "next business day Mon 2026-06-15 (Sat 2026-06-13 is none)"
    assert isinstance(before, Wait)
    assert isinstance(on_the_day, Send)
    assert [str(reason) for reason in before.because] == [str(reason) for reason in on_the_day.because]
    assert str(on_the_day.because[-1]) == monday
    assert causes(late) == [Because.TRIGGER]


def test_held_collection_announces_what_runs_and_not_what_is_superseded_before_it_can() -> None:
    """Rules 2.12 and 3.1: paused until Sat 06-06, when S1 would wait for Monday, and S2 triggers then."""
    cadence = reminders(1, 3, 7, logic=Logic.CONTEXTUAL)
    collection = a_collection(cadence=cadence, holds=[a_hold(until="2026-06-06")])

    decision = decide(collection, at("2026-06-03 12:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, decision.due_on) == (step_of(collection, "S2"), on("2026-06-08"))
    assert decision.until == at("2026-06-06 00:00")


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        (
            a_collection(done=["S0", "S1", "S2"], last_contact="2026-06-09"),
            "2026-06-15 18:00",
            "send hours are over until Tue 2026-06-16",
        ),
        (
            a_collection(done=["S0", "S1"], last_contact="2026-06-04", released="2026-06-23 11:00"),
            "2026-06-23 11:00",
            "resumed after today's send time until Wed 2026-06-24",
        ),
        (
            a_collection(due="2026-06-07", cadence=reminders(-1)),
            "2026-06-01 08:30",
            "business day before the due date Fri 2026-06-05",
        ),
    ],
    ids=["send hours", "resumed", "before the due date"],
)
def test_reason_names_the_day_it_leads_to(facts: Facts, now: str, expected: str) -> None:
    """Rules 2.1, 2.9, 2.12 and 3.1."""
    decision = decide(facts, at(now))

    assert isinstance(decision, Wait)
    assert str(decision.because[-1]) == expected


def test_step_that_is_superseded_at_the_very_moment_it_would_run_is_not_announced() -> None:
    """Rules 2.6 and 2.12: the organization sends from midnight; S0 of Sat 06-06 could run on Mon 06-08."""
    calendar = a_calendar(send_time="00:00")
    collection = a_collection(cadence=reminders(5, 7, logic=Logic.CONTEXTUAL), calendar=calendar)

    decision = decide(collection, at("2026-06-05 12:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, decision.due_on) == (step_of(collection, "S1"), on("2026-06-08"))
