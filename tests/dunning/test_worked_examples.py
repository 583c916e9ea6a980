"""Worked examples, date by date, lived through day by day and by sleeping until each wait ends."""

from collections.abc import Callable

import pytest

from dunning.cadence import Anchor, Logic
from dunning.facts import HoldKind
from tests.dunning.builders import (
    BOTH_LOGICS,
    Line,
    a_cadence,
    a_collection,
    a_hold,
    a_step,
    both,
    contacted,
    contacts,
    done,
    falling_due,
    held,
    ignored,
    live,
    live_by_waits,
    paid,
    released,
    reminders,
    step_of,
    story,
    the_cadence_w,
)

Drive = Callable[..., list[Line]]


@pytest.fixture(params=[live, live_by_waits])
def drive(request: pytest.FixtureRequest) -> Drive:
    """Return each driver in turn: every example holds under both."""
    driver: Drive = request.param
    return driver


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_undisturbed_cadence_runs_on_its_trigger_dates(drive: Drive, logic: Logic) -> None:
    """Rules 1.1, 2.5 and 2.6: left alone, both logics give the same dates."""
    log = drive(a_collection(logic=logic), "2026-05-02", 90, {"2026-06-24 10:00": done("S4")})

    assert story(log) == [
        "Wed 05-27 S0 sent",
        "Thu 06-04 S1 sent",
        "Tue 06-09 S2 sent",
        "Mon 06-15 S3 sent",
        "Mon 06-22 S4 to-do",
        "Wed 07-01 S5 sent",
        "Wed 07-01 exhausted",
    ]


def test_standard_entered_late_works_through_the_backlog(drive: Drive) -> None:
    """Rules 2.4, 2.5 and 2.7: 17 days overdue, every post-due step still runs, spaced by the MCD."""
    late = a_collection(entered="2026-06-18")

    log = drive(late, "2026-06-18", 60, {"2026-07-07 10:00": done("S4")})

    assert story(log) == [
        "Thu 06-18 S0 overdue",
        "Thu 06-18 S1 sent",
        "Tue 06-23 S2 sent",
        "Mon 06-29 S3 sent",
        "Sat 07-04 S4 to-do",
        "Mon 07-13 S5 sent",
        "Mon 07-13 exhausted",
    ]


def test_contextual_entered_late_starts_at_the_step_of_its_age(drive: Drive) -> None:
    """Rules 2.4, 2.6 and 4.6: the earlier steps are superseded, and so is the to-do that nobody did."""
    late = a_collection(entered="2026-06-18", logic=Logic.CONTEXTUAL)

    log = drive(late, "2026-06-18", 60)

    assert story(log) == [
        "Thu 06-18 S0 overdue",
        "Thu 06-18 S1 superseded",
        "Thu 06-18 S2 superseded",
        "Thu 06-18 S3 sent",
        "Tue 06-23 S4 to-do",
        "Wed 07-01 S4 superseded",
        "Wed 07-01 S5 sent",
        "Wed 07-01 exhausted",
    ]


def test_older_than_the_last_step_contextual_sends_the_last_step_once(drive: Drive) -> None:
    """Rule 2.6."""
    ancient = a_collection(entered="2026-12-01", logic=Logic.CONTEXTUAL)

    assert contacts(drive(ancient, "2026-12-01", 60)) == ["Tue 12-01 S5 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_minimum_contact_delay_spaces_steps_that_stand_closer(drive: Drive, logic: Logic) -> None:
    """Rule 1.5: due Friday, steps on the due date, 4 and 8 days after."""
    collection = a_collection(due="2026-06-05", cadence=reminders(0, 4, 8, logic=logic))

    log = drive(collection, "2026-06-01", 30)

    assert contacts(log) == ["Fri 06-05 S0 sent", "Wed 06-10 S1 sent", "Mon 06-15 S2 sent"]


def test_dense_contextual_steps_are_superseded_by_the_last_reached(drive: Drive) -> None:
    """Rule 2.6: a step expires on the day the next one triggers."""
    collection = a_collection(cadence=reminders(1, 3, 5, 7, logic=Logic.CONTEXTUAL))

    assert story(drive(collection, "2026-06-01", 30)) == [
        "Tue 06-02 S0 sent",
        "Sat 06-06 S1 superseded",
        "Mon 06-08 S2 superseded",
        "Mon 06-08 S3 sent",
        "Mon 06-08 exhausted",
    ]


def test_dense_standard_steps_all_run_a_delay_apart(drive: Drive) -> None:
    """Rule 2.5."""
    collection = a_collection(cadence=reminders(1, 3, 5, 7))

    log = drive(collection, "2026-06-01", 40)

    assert contacts(log) == ["Tue 06-02 S0 sent", "Mon 06-08 S1 sent", "Mon 06-15 S2 sent", "Mon 06-22 S3 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_step_of_the_weekend_before_the_due_date_goes_out_on_friday(drive: Drive, logic: Logic) -> None:
    """Rule 2.9: due Sunday, one day before is Saturday, Monday would be overdue."""
    collection = a_collection(due="2026-06-07", cadence=reminders(-1, logic=logic))

    assert contacts(drive(collection, "2026-06-01", 30)) == ["Fri 06-05 S0 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2026-06-16", ["Mon 06-08 A sent", "Mon 06-15 B sent", "Tue 06-23 D sent", "Mon 07-06 C sent"]),
        ("2026-07-16", ["Mon 06-08 A sent", "Mon 07-06 C sent", "Mon 07-13 B sent", "Thu 07-23 D sent"]),
    ],
    ids=["net 15", "net 45"],
)
def test_mixed_anchors_run_in_the_order_of_their_triggers(
    drive: Drive, logic: Logic, due: str, expected: list[str]
) -> None:
    """Rules 1.1 and 1.2: the order of one cadence differs with the payment term."""
    issue = Anchor.ISSUE_DATE
    steps = [a_step("A", 7, anchor=issue), a_step("B", -3), a_step("C", 35, anchor=issue), a_step("D", 7)]
    collection = a_collection(issued="2026-06-01", due=due, cadence=a_cadence(steps, logic))

    assert contacts(drive(collection, "2026-06-01", 90)) == expected


def test_standard_goes_on_in_order_after_a_pause(drive: Drive) -> None:
    """Rule 3.1: paused Fri 06-05 until Mon 06-22, the first active day."""
    log = drive(a_collection(), "2026-05-02", 70, {"2026-06-05 12:00": held(until="2026-06-22")})

    assert story(log)[2:] == ["Mon 06-22 S2 sent", "Mon 06-29 S3 sent", "Sat 07-04 S4 to-do"]


def test_contextual_goes_on_at_its_age_after_a_pause(drive: Drive) -> None:
    """Rule 3.1: triggers kept elapsing, and nothing was superseded before the pause ended."""
    paused = {"2026-06-05 12:00": held(until="2026-06-22")}

    log = drive(a_collection(logic=Logic.CONTEXTUAL), "2026-05-02", 70, paused)

    assert story(log)[2:] == [
        "Mon 06-22 S2 superseded",
        "Mon 06-22 S3 superseded",
        "Mon 06-22 S4 to-do",
        "Wed 07-01 S4 superseded",
        "Wed 07-01 S5 sent",
        "Wed 07-01 exhausted",
    ]


def test_partial_payment_holds_the_next_step_for_three_days(drive: Drive) -> None:
    """Rule 3.3: 6,000 of 10,000 paid Mon 06-08; the second reminder waits until Thu 06-11."""
    payment = both(paid("6000"), held(HoldKind.PARTIAL_PAYMENT, "2026-06-11"))

    log = drive(a_collection(), "2026-05-02", 42, {"2026-06-08 07:00": payment})

    assert story(log)[2:] == ["Thu 06-11 S2 sent"]


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, ["Thu 06-25 S2 sent", "Tue 06-30 S3 sent", "Sun 07-05 S4 to-do"]),
        (Logic.CONTEXTUAL, ["Thu 06-25 S2 superseded", "Thu 06-25 S3 superseded", "Thu 06-25 S4 to-do"]),
    ],
)
def test_resolved_dispute_resumes(drive: Drive, logic: Logic, expected: list[str]) -> None:
    """Rule 3.4: disputed 06-09 before the run, resolved 06-25 before the run."""
    dispute = {
        "2026-06-09 07:00": held(HoldKind.DISPUTE),
        "2026-06-25 07:00": released(HoldKind.DISPUTE),
        "2026-07-05 23:00": held(),
    }

    log = drive(a_collection(logic=logic), "2026-05-02", 66, dispute)

    assert story(log)[2:5] == expected


def test_promise_holds_until_its_date_and_grace_are_over(drive: Drive) -> None:
    """Rule 3.5: promised 06-05 for Fri 06-12; with 2 days of grace the first active day is Mon 06-15."""
    promised = {"2026-06-05 12:00": held(HoldKind.PROMISE, "2026-06-15")}

    assert story(drive(a_collection(), "2026-05-02", 47, promised))[2:] == ["Mon 06-15 S2 sent"]


def test_step_after_a_late_call_keeps_its_distance_from_the_call(drive: Drive) -> None:
    """Rule 4.2: the call of 06-22 is made on Fri 07-10."""
    log = drive(a_collection(), "2026-05-02", 80, {"2026-07-10 15:00": done("S4")})

    assert contacts(log)[-2:] == ["Mon 06-22 S4 to-do", "Wed 07-15 S5 sent"]


def test_ignoring_a_todo_moves_on_without_a_contact(drive: Drive) -> None:
    """Rules 2.8 and 4.3: S2 by hand, open 06-09, ignored 06-10; S3 stays on its own trigger."""
    steps = [
        a_step(step.id, step.offset_days, step.channel, manual=step.id == "S2" or None)
        for step in the_cadence_w().steps
    ]
    collection = a_collection(cadence=a_cadence(steps), done=["S0", "S1"], last_contact="2026-06-04")

    log = drive(collection, "2026-06-05", 12, {"2026-06-10 11:00": ignored("S2")})

    assert story(log) == ["Tue 06-09 S2 to-do", "Mon 06-15 S3 sent"]


def test_ad_hoc_message_moves_the_next_step(drive: Drive) -> None:
    """Rules 2.7 and 2.8: written to by hand on Fri 06-12, S3 of 06-15 goes out on Wed 06-17, S4 stays."""
    log = drive(a_collection(), "2026-05-02", 52, {"2026-06-12 11:00": contacted})

    assert story(log)[3:] == ["Wed 06-17 S3 sent", "Mon 06-22 S4 to-do"]


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, ["Mon 06-15 S0 sent", "Mon 06-22 S1 sent", "Mon 06-29 S2 sent"]),
        (Logic.CONTEXTUAL, ["Mon 06-15 S2 sent"]),
    ],
)
def test_reassigned_collection_keeps_its_distance_from_the_old_cadence(
    drive: Drive, logic: Logic, expected: list[str]
) -> None:
    """Rules 5.1 and 5.2: reassigned 06-09, last contact under the old cadence Mon 06-08."""
    cadence = reminders(2, 6, 12, logic=logic, name="new")
    collection = a_collection(cadence=cadence, entered="2026-06-09", last_contact="2026-06-08")

    assert contacts(drive(collection, "2026-06-09", 40)) == expected


def test_moved_due_date_moves_only_what_is_pending(drive: Drive) -> None:
    """Rule 6.1: due 06-01 becomes 06-04 on 06-02; S0 stays done, the others count from the new date."""
    log = drive(a_collection(), "2026-05-02", 46, {"2026-06-02 12:00": falling_due("2026-06-04")})

    assert story(log) == ["Wed 05-27 S0 sent", "Mon 06-08 S1 sent", "Mon 06-15 S2 sent"]


def test_new_cycle_starts_over_under_the_new_due_date(drive: Drive) -> None:
    """Rule 6.1: due 06-30 instead of 06-01, a new cycle of 06-05 with the last contact of the old one."""
    collection = a_collection(due="2026-06-30", entered="2026-06-05", last_contact="2026-06-04")

    log = drive(collection, "2026-06-05", 45)

    assert story(log) == ["Thu 06-25 S0 sent", "Fri 07-03 S1 sent", "Wed 07-08 S2 sent", "Tue 07-14 S3 sent"]


def test_minimum_contact_delay_does_not_cascade(drive: Drive) -> None:
    """Rule 2.7: a hold delays S2 to 06-12; S3 moves for the delay, S4 is back on its own trigger."""
    hold = {"2026-06-08 12:00": held(until="2026-06-12")}

    log = drive(a_collection(), "2026-05-02", 52, hold)

    assert story(log)[2:] == ["Fri 06-12 S2 sent", "Wed 06-17 S3 sent", "Mon 06-22 S4 to-do"]


def test_payment_in_full_ends_the_life_of_a_collection(drive: Drive) -> None:
    """Rule 3.2: paid 06-10, nothing follows the second reminder."""
    log = drive(a_collection(), "2026-05-02", 90, {"2026-06-10 12:00": paid("10000")})

    assert story(log)[2:] == ["Tue 06-09 S2 sent", "Wed 06-10 paid"]


def test_builders_name_the_steps_of_cadence_w() -> None:
    """The fixture of all examples: S4 is the only step that people do."""
    facts = a_collection(holds=[a_hold()])

    assert [step.id for step in the_cadence_w().steps if not step.is_automatic] == ["S4"]
    assert step_of(facts, "S5").offset_days == 30
