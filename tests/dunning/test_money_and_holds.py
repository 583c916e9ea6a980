"""Payments, reversals, promises, disputes, and what else starts or stops contact (rules 3.*)."""

from decimal import Decimal

import pytest

from dunning.cadence import Logic
from dunning.events import (
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Resolution,
    Resumed,
    Reversed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import HoldDays, InvoiceState
from dunning.simulate import End
from tests.dunning.builders import BOTH_LOGICS, on, reminders
from tests.dunning.stories import a_story, acts, morning, told


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, ["Fri 06-19 S2 sent", "Wed 06-24 S3 sent", "Mon 06-29 S4 opened"]),
        (Logic.CONTEXTUAL, ["Fri 06-19 S2 expired superseded", "Fri 06-19 S3 sent", "Wed 06-24 S4 opened"]),
    ],
)
def test_reversal_reopens_the_same_cycle_after_days_of_grace(logic: Logic, expected: list[str]) -> None:
    """Rule 3.12: paid in full on 06-08, reversed on Tue 06-16."""
    story = a_story(
        Paid(morning("06-08"), Decimal(10000)), Reversed(morning("06-16"), Decimal(10000)), logic=logic
    )

    assert told(story, "06-05")[:3] == expected


def test_reversal_of_part_of_what_was_paid_holds_nothing_that_was_open_anyway() -> None:
    """Rules 3.3 and 3.12: 6,000 paid on 06-08 hold until 06-11, whatever of it comes back."""
    story = a_story(Paid(morning("06-08"), Decimal(6000)), Reversed(morning("06-09"), Decimal(1000)))

    assert acts(story, "06-05")[0] == "Thu 06-11 S2 sent"


def test_reversal_without_a_cadence_reopens_nothing() -> None:
    """Rules 3.12 and 5.2: nor is a cadence assigned later held for it."""
    story = a_story(
        Reassigned(morning("06-05"), None),
        Paid(morning("06-08"), Decimal(10000)),
        Reversed(morning("06-16"), Decimal(10000)),
        Reassigned(morning("06-17"), reminders(2, name="new")),
    )

    assert told(story, "06-05") == ["Wed 06-17 S0 sent"]


def test_days_of_grace_are_the_organizations() -> None:
    """Rules 3.3, 3.5 and 3.12: one day after each."""
    days = HoldDays(partial_payment=1, promise_grace=0, reversal_grace=1)

    paid = a_story(Paid(morning("06-09"), Decimal(6000)), hold_days=days)
    promised = a_story(Promised(morning("06-05"), on("2026-06-12")), hold_days=days)
    full, back = Paid(morning("06-08"), Decimal(10000)), Reversed(morning("06-16"), Decimal(10000))
    reopened = a_story(full, back, hold_days=days)

    assert acts(paid, "06-05")[0] == "Wed 06-10 S2 sent"
    assert acts(promised, "06-05")[0] == "Fri 06-12 S2 sent"
    assert acts(reopened, "06-05")[0] == "Wed 06-17 S2 sent"


def test_new_promise_takes_the_place_of_the_one_that_stands() -> None:
    """Rule 3.5: even an earlier day."""
    first, second = Promised(morning("06-05"), on("2026-06-26")), Promised(morning("06-08"), on("2026-06-09"))

    assert acts(a_story(first, second), "06-05")[0] == "Thu 06-11 S2 sent"


def test_payment_that_arrives_is_in_flight_no_more() -> None:
    """Rule 3.10: waited for until 06-30, 6,000 arrive on 06-08, which hold for 3 days themselves."""
    story = a_story(PaymentAnnounced(morning("06-05"), on("2026-06-30")), Paid(morning("06-08"), Decimal(6000)))

    assert acts(story, "06-05")[0] == "Thu 06-11 S2 sent"


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_full_payment_cancels_the_todo(logic: Logic) -> None:
    """Rule 3.2."""
    story = a_story(Paid(morning("06-24"), Decimal(10000)), logic=logic)

    assert told(story, "06-20") == ["Mon 06-22 S4 opened", "Wed 06-24 S4 canceled paid"]
    assert story.outcome is End.PAID


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_todo_that_a_payment_canceled_opens_again_after_its_reversal(logic: Logic) -> None:
    """Rules 3.2 and 3.12: the same occurrence of the same cycle."""
    story = a_story(Paid(morning("06-24"), Decimal(10000)), Reversed(morning("06-25"), Decimal(4000)), logic=logic)

    assert told(story, "06-25")[0] == "Sun 06-28 S4 opened"


@pytest.mark.parametrize(
    ("then", "expected", "outcome"),
    [
        (Resolution.RESUME, ["Thu 06-25 S2 sent", "Tue 06-30 S3 sent"], End.RUNNING),
        (
            Resolution.RESTART,
            ["Thu 06-25 cycle 2", "Thu 06-25 S0 expired overdue", "Thu 06-25 S1 sent", "Tue 06-30 S2 sent"],
            End.RUNNING,
        ),
        (Resolution.STOP, [], End.STOPPED),
    ],
)
def test_dispute_ends_as_the_person_says(then: Resolution, expected: list[str], outcome: End) -> None:
    """Rules 3.4, 5.2 and 5.4: disputed 06-09, resolved 06-25, both before the run."""
    story = a_story(Disputed(morning("06-09")), DisputeResolved(morning("06-25"), then), until="06-30")

    assert told(story, "06-05")[: len(expected)] == expected
    assert story.outcome is outcome


def test_todo_is_canceled_where_a_dispute_ends_in_a_stop() -> None:
    """Rules 3.4 and 5.2."""
    story = a_story(Disputed(morning("06-23")), DisputeResolved(morning("06-25"), Resolution.STOP))

    assert told(story, "06-22") == ["Mon 06-22 S4 opened", "Thu 06-25 S4 canceled stopped"]


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.WRITTEN_OFF])
def test_void_or_written_off_invoice_leaves_and_comes_back(state: InvoiceState) -> None:
    """Rule 3.2: from Tue 06-23, when S4 is open, until Fri 06-26."""
    story = a_story(StateChanged(morning("06-23"), state), StateChanged(morning("06-26"), InvoiceState.OPEN))

    assert told(story, "06-22")[:3] == [
        "Mon 06-22 S4 opened",
        f"Tue 06-23 S4 canceled {state.replace('_', ' ')}",
        "Fri 06-26 S4 opened",
    ]


def test_draft_again_keeps_its_todo_and_sends_nothing() -> None:
    """Rule 3.11."""
    story = a_story(StateChanged(morning("06-23"), InvoiceState.DRAFT), logic=Logic.CONTEXTUAL)

    assert told(story, "06-23") == []


def test_hidden_invoice_is_shown_again() -> None:
    """Rule 3.7: from Fri 06-05 until Thu 06-11."""
    story = a_story(VisibilityChanged(morning("06-05"), True), VisibilityChanged(morning("06-11"), False))

    assert acts(story, "06-05")[0] == "Thu 06-11 S2 sent"


def test_resuming_by_hand_ends_the_pause() -> None:
    """Rule 3.1: paused from Fri 06-05, resumed on the morning of Fri 06-12, before the run."""
    story = a_story(Paused(morning("06-05")), Resumed(morning("06-12")))

    assert acts(story, "06-05")[0] == "Fri 06-12 S2 sent"


def test_due_date_of_a_paid_invoice_just_changes() -> None:
    """Rules 3.2 and 6.2: no cycle begins, and what follows a reversal reckons from the new date."""
    story = a_story(
        Paid(morning("06-03"), Decimal(10000)),
        DueDateChanged(morning("06-05"), on("2026-06-30")),
        Reversed(morning("06-08"), Decimal(10000)),
    )

    assert told(story, "06-02") == [
        "Fri 07-03 S1 sent",
        "Wed 07-08 S2 sent",
        "Tue 07-14 S3 sent",
        "Tue 07-21 S4 opened",
    ]
