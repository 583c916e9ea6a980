"""A last step that runs again (rule 2.13)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dunning.cadence import Channel, Logic, Repeat
from dunning.events import (
    Completed,
    Contacted,
    Event,
    Ignored,
    Paid,
)
from dunning.simulate import End
from tests.dunning.builders import BOTH_LOGICS, a_cadence, a_step
from tests.dunning.stories import S4_DONE, a_story, acts, morning, told, w_repeating, w_with


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_last_step_repeats_up_to_its_limit(logic: Logic) -> None:
    """Rule 2.13: S5 every 14 days, twice."""
    story = a_story(S4_DONE, cadence=w_repeating(logic))

    assert told(story, "07-01") == ["Wed 07-01 S5 sent", "Wed 07-15 S5#2 sent", "Wed 07-29 S5#3 sent"]
    assert story.outcome is End.EXHAUSTED


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_ignored_step_repeats_from_the_day_it_was_ignored(logic: Logic) -> None:
    """Rules 2.13 and 4.3: a letter by hand."""
    by_hand = a_step("S5", 30, Channel.LETTER, manual=True)
    cadence = w_with(logic, S5=replace(by_hand, repeat=Repeat(14, 1)))

    story = a_story(S4_DONE, Ignored(morning("07-03"), "S5"), Ignored(morning("07-20"), "S5"), cadence=cadence)

    assert told(story, "07-01") == [
        "Wed 07-01 S5 opened",
        "Fri 07-03 S5 ignored",
        "Fri 07-17 S5#2 opened",
        "Mon 07-20 S5#2 ignored",
    ]
    assert story.outcome is End.EXHAUSTED


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_repeat_waits_for_the_minimum_contact_delay_and_a_business_day(logic: Logic) -> None:
    """Rules 2.7 and 2.13: every 3 days, with 5 days between contacts."""
    story = a_story(S4_DONE, cadence=w_repeating(logic, every_days=3, limit=1))

    assert acts(story, "07-01") == ["Wed 07-01 S5 sent", "Mon 07-06 S5#2 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_canceled_todo_of_a_repeat_says_which_time_it_was(logic: Logic) -> None:
    """Rules 2.13 and 3.2: the second letter is open when the invoice is paid."""
    by_hand = replace(a_step("S5", 30, Channel.LETTER, manual=True), repeat=Repeat(14, 1))

    story = a_story(
        S4_DONE,
        Completed(morning("07-02"), "S5"),
        Paid(morning("07-20"), Decimal(10000)),
        cadence=w_with(logic, S5=by_hand),
    )

    assert told(story, "07-02") == ["Thu 07-02 S5 done", "Thu 07-16 S5#2 opened", "Mon 07-20 S5#2 canceled paid"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Completed(morning("07-20"), "S5"), ["Mon 07-20 S5#2 done"]),
        (Contacted(morning("07-20"), Channel.CALL, "S5"), ["Mon 07-20 S5 contact call", "Mon 07-20 S5#2 done"]),
    ],
)
def test_second_time_that_a_step_is_done_is_told_as_such(event: Event, expected: list[str]) -> None:
    """Rules 2.13, 4.2 and 4.8."""
    by_hand = replace(a_step("S5", 30, Channel.LETTER, manual=True), repeat=Repeat(14, 1))

    story = a_story(S4_DONE, Completed(morning("07-02"), "S5"), event, cadence=w_with(S5=by_hand))

    assert told(story, "07-17") == expected
    assert story.outcome is End.EXHAUSTED


def test_step_that_expired_does_not_repeat() -> None:
    """Rule 2.13: a pre-due step whose repeats would come after the due date."""
    cadence = a_cadence([replace(a_step("S0", -5), repeat=Repeat(7, 3))])

    story = a_story(cadence=cadence)

    assert told(story) == [
        "Wed 05-27 S0 sent",
        "Wed 06-03 S0#2 sent",
        "Wed 06-10 S0#3 sent",
        "Wed 06-17 S0#4 sent",
    ]
    assert told(a_story(cadence=cadence, enters="06-02")) == ["Tue 06-02 S0 expired overdue"]
