"""Other cadences, none, and the same anew (rules 5.*)."""

import pytest

from dunning.cadence import Logic
from dunning.events import (
    Paused,
    Reassigned,
    Restarted,
)
from tests.dunning.builders import BOTH_LOGICS, on, reminders, the_cadence_w
from tests.dunning.stories import a_story, acts, morning, told


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_coming_back_to_a_cadence_resumes_it(logic: Logic) -> None:
    """Rule 5.3: from W after S1 to another cadence and back."""
    other = reminders(40, name="other")
    story = a_story(
        Reassigned(morning("06-05"), other), Reassigned(morning("06-08"), the_cadence_w(logic)), logic=logic
    )

    assert told(story)[:3] == ["Wed 05-27 S0 sent", "Thu 06-04 S1 sent", "Tue 06-09 S2 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_todo_of_the_cadence_that_is_left_is_canceled_and_opens_again_on_return(logic: Logic) -> None:
    """Rule 5.3."""
    back = the_cadence_w(logic)
    story = a_story(Reassigned(morning("06-23"), None), Reassigned(morning("06-25"), back), logic=logic)

    assert told(story, "06-22")[:3] == [
        "Mon 06-22 S4 opened",
        "Tue 06-23 S4 canceled reassigned",
        "Thu 06-25 S4 opened",
    ]


def test_holds_outlast_a_reassignment() -> None:
    """Rules 3.1 and 5.3: they belong to the invoice."""
    story = a_story(
        Paused(morning("06-05"), on("2026-06-22")), Reassigned(morning("06-08"), reminders(2, name="new"))
    )

    assert acts(story, "06-05") == ["Mon 06-22 S0 sent"]


def test_cycles_belong_to_the_history_of_a_cadence() -> None:
    """Rules 5.3 and 5.4: W is in its second cycle, the other one in its first, and W in its third then."""
    story = a_story(
        Restarted(morning("06-05")),
        Reassigned(morning("06-08"), reminders(40, name="other")),
        Reassigned(morning("06-09"), the_cadence_w()),
        Restarted(morning("06-10")),
    )

    assert [line for line in told(story) if " cycle " in line] == ["Fri 06-05 cycle 2", "Wed 06-10 cycle 3"]


def test_the_same_cadence_again_changes_nothing() -> None:
    """Rule 5.2."""
    assert told(a_story(Reassigned(morning("06-23"), the_cadence_w()))) == told(a_story())


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, ["Thu 06-25 S0 expired overdue", "Thu 06-25 S1 sent", "Tue 06-30 S2 sent"]),
        (
            Logic.CONTEXTUAL,
            [
                "Thu 06-25 S0 expired overdue",
                "Thu 06-25 S1 expired superseded",
                "Thu 06-25 S2 expired superseded",
                "Thu 06-25 S3 expired superseded",
                "Thu 06-25 S4 opened",
            ],
        ),
    ],
)
def test_restarted_cadence_begins_a_new_cycle(logic: Logic, expected: list[str]) -> None:
    """Rule 5.4: restarted on 06-25 while S4 is open."""
    story = a_story(Restarted(morning("06-25")), logic=logic)

    assert told(story, "06-25")[: len(expected) + 2] == [
        "Thu 06-25 S4 canceled cycle",
        "Thu 06-25 cycle 2",
        *expected,
    ]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_restart_keeps_the_distance_from_the_last_contact(logic: Logic) -> None:
    """Rules 1.5 and 5.4: S1 of Thu 06-04 goes out again on Tue 06-09, when contextual logic has come to S2."""
    story = a_story(Restarted(morning("06-05")), logic=logic)

    assert acts(story, "06-05")[0] == f"Tue 06-09 {'S1' if logic is Logic.STANDARD else 'S2'} sent"
