"""Due dates and cadences that change while a collection runs (rules 6.*)."""

from dataclasses import replace
from functools import partial

import pytest

from dunning.apply import apply
from dunning.cadence import Channel, Logic
from dunning.events import (
    CadenceEdited,
    Completed,
    DueDateChanged,
)
from tests.dunning.builders import BOTH_LOGICS, a_cadence, a_collection, a_step, on, the_cadence_w
from tests.dunning.stories import a_story, morning, refusals, told, w_with


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_due_date_that_moves_far_begins_a_new_cycle(logic: Logic) -> None:
    """Rule 6.2: 06-30 instead of 06-01, on 06-05."""
    story = a_story(DueDateChanged(morning("06-05"), on("2026-06-30")), logic=logic)

    assert told(story, "06-05")[:5] == [
        "Fri 06-05 cycle 2",
        "Thu 06-25 S0 sent",
        "Fri 07-03 S1 sent",
        "Wed 07-08 S2 sent",
        "Tue 07-14 S3 sent",
    ]


@pytest.mark.parametrize(
    ("due", "changed", "delay", "begins"),
    [
        ("06-08", "06-02", 5, True),  # 7 days later
        ("06-07", "06-02", 5, False),  # 6 days later
        ("06-10", "06-02", 9, True),
        ("06-09", "06-02", 9, False),
        ("06-08", "06-08", 5, True),  # due on the very day
        ("06-08", "06-09", 5, False),  # overdue under the new date as well
        ("06-04", "06-02", 5, False),
        ("05-20", "06-02", 5, False),
    ],
)
def test_new_cycle_needs_a_week_or_the_delay_and_an_invoice_not_overdue(
    due: str, changed: str, delay: int, begins: bool
) -> None:
    """Rule 6.2."""
    cadence = replace(the_cadence_w(), contact_delay_days_min=delay)

    story = a_story(DueDateChanged(morning(changed), on(f"2026-{due}")), cadence=cadence)

    assert any(" cycle " in line for line in told(story)) is begins


def test_first_due_date_begins_no_cycle() -> None:
    """Rules 1.1 and 6.2: until 06-05 there was none."""
    story = a_story(DueDateChanged(morning("06-05"), on("2026-06-20")), due=None)

    assert told(story)[0] == "Mon 06-15 S0 sent"


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_edited_offset_moves_the_step(logic: Logic) -> None:
    """Rule 6.3: S2 10 days after the due date instead of 8, published on 06-05."""
    edition = w_with(logic, S2=a_step("S2", 10))

    story = a_story(CadenceEdited(morning("06-05"), edition), logic=logic)

    assert told(story)[:3] == ["Wed 05-27 S0 sent", "Thu 06-04 S1 sent", "Thu 06-11 S2 sent"]


def test_edited_logic_is_that_of_the_next_decision() -> None:
    """Rules 2.6 and 6.3: contextual from 06-18 on, when S1 was sent late and S2 and S3 are due."""
    story = a_story(CadenceEdited(morning("06-19"), the_cadence_w(Logic.CONTEXTUAL)), enters="06-18")

    assert told(story)[1:5] == [
        "Thu 06-18 S1 sent",
        "Fri 06-19 S2 expired superseded",
        "Mon 06-22 S3 expired superseded",
        "Tue 06-23 S4 opened",
    ]


@pytest.mark.parametrize(
    ("offset", "logic", "expected"),
    [
        (1, Logic.STANDARD, ["Fri 06-05 new skipped", "Tue 06-09 S2 sent", "Mon 06-15 S3 sent"]),
        (1, Logic.CONTEXTUAL, ["Fri 06-05 new skipped", "Tue 06-09 S2 sent", "Mon 06-15 S3 sent"]),
        (3, Logic.STANDARD, ["Fri 06-05 new skipped", "Tue 06-09 S2 sent", "Mon 06-15 S3 sent"]),
        (5, Logic.STANDARD, ["Tue 06-09 new sent", "Mon 06-15 S2 sent", "Mon 06-22 S3 sent"]),
        (5, Logic.CONTEXTUAL, ["Tue 06-09 new expired superseded", "Tue 06-09 S2 sent", "Mon 06-15 S3 sent"]),
    ],
)
def test_inserted_step_runs_only_after_what_was_done(offset: int, logic: Logic, expected: list[str]) -> None:
    """Rule 6.4: published on 06-05, when S1 of 06-04 is done."""
    cadence = the_cadence_w(logic)
    edition = replace(cadence, steps=(*cadence.steps[:2], a_step("new", offset), *cadence.steps[2:]))

    assert told(a_story(CadenceEdited(morning("06-05"), edition), logic=logic), "06-05")[:3] == expected


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_step_inserted_before_anything_was_done_runs(logic: Logic) -> None:
    """Rule 6.4."""
    cadence = the_cadence_w(logic)
    edition = replace(cadence, steps=(a_step("new", -12), *cadence.steps))

    story = a_story(CadenceEdited(morning("05-18"), edition), logic=logic)

    assert told(story)[:2] == ["Wed 05-20 new sent", "Wed 05-27 S0 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_todo_of_a_removed_step_is_canceled(logic: Logic) -> None:
    """Rule 6.5: S4 removed on 06-23 while its to-do is open."""
    story = a_story(CadenceEdited(morning("06-23"), w_with(logic, S4=None)), logic=logic)

    assert told(story, "06-23") == ["Tue 06-23 S4 canceled edited", "Wed 07-01 S5 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_step_made_automatic_goes_out_by_itself(logic: Logic) -> None:
    """Rule 6.5: S2 by hand, open since 06-09, becomes automatic on Fri 06-12."""
    by_hand = w_with(logic, S2=a_step("S2", 8, manual=True))

    story = a_story(CadenceEdited(morning("06-12"), the_cadence_w(logic)), cadence=by_hand)

    assert told(story, "06-05")[:3] == [
        "Tue 06-09 S2 opened",
        "Fri 06-12 S2 canceled edited",
        "Fri 06-12 S2 sent",
    ]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_todo_of_a_step_that_stays_is_left_alone(logic: Logic) -> None:
    """Rules 4.1 and 6.3: S4 is open and put off by two days, S5 by nine; nothing is canceled or opened again."""
    edition = w_with(logic, S4=a_step("S4", 23, Channel.CALL), S5=a_step("S5", 39, Channel.LETTER))

    story = a_story(CadenceEdited(morning("06-23"), edition), Completed(morning("06-26"), "S4"), logic=logic)

    assert told(story, "06-22") == ["Mon 06-22 S4 opened", "Fri 06-26 S4 done", "Fri 07-10 S5 sent"]


def test_step_that_was_removed_and_comes_back_is_what_it_was() -> None:
    """Rule 6.3: S1 was sent on 06-04, removed on 06-05 and put back on 06-08."""
    story = a_story(
        CadenceEdited(morning("06-05"), w_with(S1=None)), CadenceEdited(morning("06-08"), the_cadence_w())
    )

    assert told(story)[:3] == ["Wed 05-27 S0 sent", "Thu 06-04 S1 sent", "Tue 06-09 S2 sent"]


def test_skipped_step_is_told_once() -> None:
    """Rule 6.4: a second edition changes nothing about it."""
    cadence = the_cadence_w()
    edition = replace(cadence, steps=(a_step("new", 1), *cadence.steps))
    second = replace(edition, contact_delay_days_min=6)

    story = a_story(CadenceEdited(morning("06-05"), edition), CadenceEdited(morning("06-08"), second))

    assert [line for line in told(story) if "skipped" in line] == ["Fri 06-05 new skipped"]


def test_edition_forgets_what_stands_beside_a_todo_only_with_the_todo() -> None:
    """Rules 4.4, 4.7 and 6.5: of two open to-dos, one handed over and one snoozed, each is removed in turn."""
    cadence = a_cadence([a_step("A", 3), a_step("B", 4, Channel.CALL)])
    facts = replace(
        a_collection(cadence=cadence, opened=["B"], handed_over=["A"]), snoozed={"B": on("2026-06-12")}
    )
    edit = partial(CadenceEdited, morning("06-08"))

    without_a = apply(facts, edit(a_cadence([cadence.steps[1]])))
    without_b = apply(facts, edit(a_cadence([cadence.steps[0]])))
    with_both = apply(facts, edit(replace(cadence, contact_delay_days_min=6)))

    assert (without_a.handed_over, without_a.snoozed) == (frozenset(), {"B": on("2026-06-12")})
    assert (without_b.handed_over, without_b.snoozed) == (frozenset({"A"}), {})
    assert (with_both.handed_over, with_both.snoozed, with_both.statuses) == (
        facts.handed_over,
        facts.snoozed,
        facts.statuses,
    )


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_step_made_manual_becomes_a_todo(logic: Logic) -> None:
    """Rule 6.5."""
    by_hand = w_with(logic, S2=a_step("S2", 8, manual=True))

    story = a_story(CadenceEdited(morning("06-05"), by_hand), logic=logic)

    assert told(story, "06-05")[0] == "Tue 06-09 S2 opened"


def test_due_on_the_day_of_issue_is_allowed() -> None:
    """Rule 6.1: due at once."""
    story = a_story(DueDateChanged(morning("05-20"), on("2026-05-02")))

    assert (refusals(story), told(story)[:2]) == ([], ["Wed 05-20 S0 expired overdue", "Wed 05-20 S1 sent"])
