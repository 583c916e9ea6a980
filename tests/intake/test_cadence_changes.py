"""What is different between two versions, in words that a person decides by."""

from dataclasses import replace

import pytest

from dunning.cadence import Anchor, Channel, Execution, Logic, Repeat, Step
from intake.cadence_changes import CadenceChanges, StepChange, changes_between
from tests.dunning.builders import a_cadence, a_step

FIRST, SECOND = a_step("first", 3), a_step("second", 10)
BEFORE = a_cadence([FIRST, SECOND])


def test_of_a_new_cadence_every_step_is_inserted() -> None:
    assert changes_between(None, BEFORE) == CadenceChanges(("first", "second"), (), (), ())


def test_the_same_has_no_changes() -> None:
    assert changes_between(BEFORE, BEFORE) == CadenceChanges((), (), (), ())


def test_steps_are_found_by_their_ids() -> None:
    changes = changes_between(BEFORE, a_cadence([a_step("new", 1), SECOND]))

    assert changes == CadenceChanges(("new",), ("first",), (), ())


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (replace(FIRST, offset_days=1), "due date +3 days → due date +1 day"),
        (replace(FIRST, offset_days=0), "due date +3 days → due date"),
        (replace(FIRST, offset_days=-5), "due date +3 days → due date -5 days"),
        (replace(FIRST, anchor=Anchor.ISSUE_DATE), "due date +3 days → issue date +3 days"),
        (replace(FIRST, channel=Channel.LETTER), "email → letter"),
        (replace(FIRST, execution=Execution.MANUAL), "automatic → manual"),
        (replace(FIRST, template="reminder"), "text none → reminder"),
        (replace(FIRST, never_supersede=True), "may be superseded → never superseded"),
    ],
)
def test_a_changed_step_says_what_it_was_and_what_it_is(step: Step, said: str) -> None:
    assert changes_between(BEFORE, a_cadence([step, SECOND])).changed == (StepChange("first", (said,)),)


@pytest.mark.parametrize(
    ("repeat", "said"),
    [
        (Repeat(14, 2), "once → every 14 days, 2 more times"),
        (Repeat(1, 1), "once → every day, 1 more time"),
    ],
)
def test_a_repeat_is_said(repeat: Repeat, said: str) -> None:
    changes = changes_between(BEFORE, a_cadence([FIRST, replace(SECOND, repeat=repeat)]))

    assert changes.changed == (StepChange("second", (said,)),)


def test_what_holds_for_the_whole_cadence_is_said_too() -> None:
    then = a_cadence([SECOND, FIRST], Logic.CONTEXTUAL, contact_delay_days_min=1)

    assert changes_between(BEFORE, then).settings == (
        "logic standard → contextual",
        "minimum contact delay 5 → 1 day",
        "the order of steps",
    )
