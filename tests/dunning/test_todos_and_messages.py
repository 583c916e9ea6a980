"""What people do with to-dos, and write outside the cadence (rules 4.*)."""

import pytest

from dunning.cadence import Channel, Logic
from dunning.decision import Because, OpenTodo, Send
from dunning.events import (
    Contacted,
    Paused,
    Snoozed,
)
from tests.dunning.builders import BOTH_LOGICS, on
from tests.dunning.stories import a_story, acts, morning, refusals, told


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, []),
        (Logic.CONTEXTUAL, ["Wed 07-01 S4 expired superseded", "Wed 07-01 S5 sent"]),
    ],
)
def test_snoozed_todo_stays_open_and_holds_the_collection(logic: Logic, expected: list[str]) -> None:
    """Rules 4.1, 4.6 and 4.7: S4, open since 06-22, is snoozed until 06-26."""
    story = a_story(Snoozed(morning("06-23"), "S4", on("2026-06-26")), logic=logic)

    assert told(story, "06-23") == expected
    assert refusals(story) == []


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_message_outside_the_cadence_moves_the_next_step_only(logic: Logic) -> None:
    """Rules 2.7 and 4.8: written to by hand on Fri 06-12."""
    story = a_story(Contacted(morning("06-12"), Channel.EMAIL), logic=logic)

    assert told(story, "06-10")[:3] == ["Fri 06-12 contact email", "Wed 06-17 S3 sent", "Mon 06-22 S4 opened"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_message_in_the_place_of_a_step_counts_as_that_step(logic: Logic) -> None:
    """Rule 4.8: written to by hand on 06-08 as S2."""
    story = a_story(Contacted(morning("06-08"), Channel.EMAIL, "S2"), logic=logic)

    assert told(story, "06-05")[:3] == ["Mon 06-08 S2 contact email", "Mon 06-08 S2 done", "Mon 06-15 S3 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_call_in_the_place_of_an_open_todo_settles_it(logic: Logic) -> None:
    """Rules 4.2 and 4.8: S4, open since 06-22, called for on Fri 06-26; the letter keeps 5 days from it."""
    story = a_story(Contacted(morning("06-26"), Channel.CALL, "S4"), logic=logic)

    assert told(story, "06-23") == ["Fri 06-26 S4 contact call", "Fri 06-26 S4 done", "Wed 07-01 S5 sent"]


def test_step_that_is_over_is_no_place_for_a_message() -> None:
    """Rule 4.8: S1 was sent, S9 never was."""
    story = a_story(
        Contacted(morning("06-08"), Channel.EMAIL, "S1"), Contacted(morning("06-08"), Channel.EMAIL, "S9")
    )

    assert refusals(story) == ["step S1 is not to come", "step S9 is not to come"]
    assert acts(story, "06-05")[0] == "Tue 06-09 S2 sent"


def test_what_is_told_of_a_step_carries_the_decision_behind_it() -> None:
    """Rule 2.12: with the reasons for its day."""
    story = a_story()

    decisions = {entry.step: entry.decided for entry in story.log}
    assert isinstance(decisions["S1"], Send)
    assert str(decisions["S1"].because[0]) == "trigger date Thu 2026-06-04 (due date +3 days)"
    assert isinstance(decisions["S4"], OpenTodo)
    assert decisions["S4"].due_on == on("2026-06-22")


def test_what_is_told_of_a_step_names_the_hold_that_set_its_day() -> None:
    """Rules 2.12 and 3.1: paused until Mon 06-22, which moves S2 and not the steps after it."""
    story = a_story(Paused(morning("06-05"), on("2026-06-22")))

    because = {
        entry.step: [reason.because for reason in entry.decided.because] for entry in story.log if entry.decided
    }
    assert because["S1"] == [Because.TRIGGER]
    assert Because.PAUSE in because["S2"]
    assert because["S3"] == [Because.TRIGGER, Because.CONTACT_DELAY, Because.BUSINESS_DAY]
    assert because["S4"] == [Because.TRIGGER, Because.CONTACT_DELAY]


def test_what_is_told_of_a_todo_names_the_hold_that_set_its_day() -> None:
    """Rules 2.12 and 3.1: in contextual logic that is S4."""
    story = a_story(Paused(morning("06-05"), on("2026-06-22")), logic=Logic.CONTEXTUAL)

    opened = next(entry.decided for entry in story.log if entry.step == "S4" and entry.decided)
    assert Because.PAUSE in [reason.because for reason in opened.because]
