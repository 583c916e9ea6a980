"""Cadences that are sound and may still not be meant."""

from dunning.cadence import Anchor
from intake.cadence_warnings import warnings_of
from tests.dunning.builders import a_cadence, a_step, reminders, the_cadence_w

ISSUE = Anchor.ISSUE_DATE


def test_steps_of_one_anchor_keep_their_order_whatever_the_payment_term() -> None:
    assert warnings_of(the_cadence_w()) == ()
    # Out of order in the file, yet in the same order for every term.
    assert warnings_of(reminders(8, 3)) == ()


def test_steps_whose_order_differs_with_the_payment_term_are_named() -> None:
    """Rule 1.2: the mixed anchors of the worked example."""
    steps = [a_step("A", 7, anchor=ISSUE), a_step("B", -3), a_step("C", 35, anchor=ISSUE), a_step("D", 7)]

    differs = "The order of steps differs with the payment term:"
    assert warnings_of(a_cadence(steps)) == (
        f"{differs} A comes before B with net 15, 30, 45 and 60, and after it with net 0.",
        f"{differs} B comes before C with net 0, 15 and 30, and after it with net 45 and 60.",
        f"{differs} C comes before D with net 30, 45 and 60, and after it with net 0 and 15.",
    )


def test_steps_on_one_day_keep_the_order_of_the_cadence() -> None:
    """Due date and issue date + 30 are one day with net 30 only: the first of the cadence goes first."""
    due, issued = a_step("due", 0), a_step("issued", 30, anchor=ISSUE)

    (one,) = warnings_of(a_cadence([due, issued]))
    (other,) = warnings_of(a_cadence([issued, due]))

    assert "due comes before issued with net 0, 15 and 30, and after it with net 45 and 60" in one
    assert "issued comes before due with net 30, 45 and 60, and after it with net 0 and 15" in other
