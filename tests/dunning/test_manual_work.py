"""To-dos, what cannot be sent, assignment and change while running (rules 4.* to 6.*)."""

from dataclasses import replace

import pytest

from dunning.cadence import Anchor, Channel, Logic
from dunning.decide import decide
from dunning.decision import Because, Close, Closing, OpenTodo, Send, Wait
from dunning.facts import StepStatus
from tests.dunning.builders import (
    BOTH_LOGICS,
    Change,
    a_cadence,
    a_calendar,
    a_collection,
    a_hold,
    a_step,
    at,
    causes,
    contacts,
    done,
    falling_due,
    held,
    ignored,
    live,
    live_by_waits,
    obstructed,
    on,
    reminders,
    step_of,
    story,
)


def test_todo_opens_on_a_weekend_or_holiday() -> None:
    """Rule 4.1: Sat 07-04, which is a holiday as well."""
    collection = a_collection(
        done=["S0", "S1", "S2", "S3"],
        last_contact="2026-06-29",
        calendar=a_calendar(holidays=["2026-07-04"]),
    )

    decision = decide(collection, at("2026-07-04 08:30"))

    assert isinstance(decision, OpenTodo)
    assert (decision.step.id, decision.due_on, decision.obstacle) == ("S4", on("2026-07-04"), None)


def test_open_todo_holds_a_standard_collection() -> None:
    """Rule 4.1: nobody calls, and the letter waits for ever."""
    collection = a_collection(done=["S0", "S1", "S2", "S3"], opened=["S4"], last_contact="2026-06-15")

    decision = decide(collection, at("2027-01-01 08:30"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.step) == (None, step_of(collection, "S4"))
    assert causes(decision) == [Because.TODO_OPEN]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_open_todo_holds_also_when_an_edit_puts_a_step_before_it(logic: Logic) -> None:
    """Rule 4.1: the call of 06-11 is open when an email of 06-10 is put into the cadence."""
    cadence = a_cadence([a_step("new", 9), a_step("call", 10, Channel.CALL)], logic)
    collection = a_collection(cadence=cadence, opened=["call"])

    decision = decide(collection, at("2026-06-12 09:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, causes(decision)) == (step_of(collection, "call"), [Because.TODO_OPEN])


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_open_todo_holds_also_when_the_due_date_moves_it_into_the_future(logic: Logic) -> None:
    """Rule 4.1: the call is open, its trigger becomes 07-11, the email would trigger before it."""
    steps = [a_step("call", 10, Channel.CALL), a_step("email", 5)]
    collection = a_collection(due="2026-07-01", cadence=a_cadence(steps, logic), opened=["call"])

    decision = decide(collection, at("2026-07-06 09:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, causes(decision)) == (step_of(collection, "call"), [Because.TODO_OPEN])


BLOCKED = {"ana@duewell.example": "the sender ana@duewell.example is not verified", None: "no default sender"}


@pytest.mark.parametrize(
    ("sender", "obstacle"),
    [
        ("Ana@Duewell.example", "the sender ana@duewell.example is not verified"),
        ("bo@duewell.example", None),
        (None, "no default sender"),
    ],
)
def test_step_of_a_sender_that_nothing_goes_out_from_is_a_todo(sender: str | None, obstacle: str | None) -> None:
    """Rule 4.4."""
    step = replace(a_step("S0", 3), sender=sender)
    collection = replace(a_collection(cadence=a_cadence([step])), blocked_senders=BLOCKED)

    decision = decide(collection, at("2026-06-04 08:30"))

    assert isinstance(decision, Send if obstacle is None else OpenTodo)
    assert getattr(decision, "obstacle", None) == obstacle


def test_sender_that_nothing_goes_out_from_is_no_obstacle_to_a_letter() -> None:
    """Rule 4.4."""
    collection = a_collection(cadence=a_cadence([a_step("S0", 3, Channel.LETTER)]))

    assert isinstance(decide(replace(collection, blocked_senders=BLOCKED), at("2026-06-04 08:30")), Send)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_open_todo_holds_also_when_an_edit_takes_its_day(logic: Logic) -> None:
    """Rule 4.1: the call counts from the due date since the edit, and the invoice has none."""
    steps = [a_step("call", 10, Channel.CALL), a_step("email", 12, anchor=Anchor.ISSUE_DATE)]
    collection = a_collection(due=None, cadence=a_cadence(steps, logic), opened=["call"])

    decision = decide(collection, at("2026-06-12 09:00"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.step) == (None, step_of(collection, "call"))
    assert causes(decision) == [Because.TODO_OPEN]


def test_step_without_a_day_is_not_sent_though_its_obstacle_is_mended() -> None:
    """Rules 1.1, 4.1 and 4.4."""
    cadence = a_cadence([a_step("late", 3), a_step("email", 12, anchor=Anchor.ISSUE_DATE)])
    collection = a_collection(due=None, cadence=cadence, opened=["late"], handed_over=["late"])

    decision = decide(collection, at("2026-06-12 09:00"))

    assert isinstance(decision, Wait)
    assert causes(decision) == [Because.TODO_OPEN]


def test_held_collection_with_an_open_todo_says_both() -> None:
    """Rules 3.6 and 4.1."""
    collection = a_collection(
        done=["S0", "S1", "S2", "S3"],
        opened=["S4"],
        last_contact="2026-06-15",
        holds=[a_hold(until="2026-06-26")],
    )

    decision = decide(collection, at("2026-06-23 09:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-26 00:00")
    assert causes(decision) == [Because.PAUSE, Because.TODO_OPEN]


def test_task_done_late_delays_nothing() -> None:
    """Rules 2.8 and 4.2: a task is no contact, the email waits for the task only."""
    cadence = a_cadence([a_step("T", 3, Channel.TASK), a_step("E", 4)])

    log = live(a_collection(cadence=cadence), "2026-06-01", 20, {"2026-06-08 23:00": done("T")})

    assert contacts(log) == ["Thu 06-04 T to-do", "Tue 06-09 E sent"]


def test_step_after_an_ignored_todo_may_run_the_same_day() -> None:
    """Rule 4.3: ignored at 10:00, the next one is overdue for long."""
    cadence = a_cadence([a_step("C", 3, Channel.CALL), a_step("E", 4)])

    log = live_by_waits(a_collection(cadence=cadence), "2026-06-01", 20, {"2026-06-10 10:00": ignored("C")})

    assert contacts(log) == ["Thu 06-04 C to-do", "Wed 06-10 E sent"]


NO_RECIPIENT = "no valid recipient"


def test_step_that_cannot_be_sent_becomes_a_todo_with_the_reason() -> None:
    """Rule 4.4: when it is due, and not before."""
    collection = a_collection(done=["S0", "S1"], last_contact="2026-06-04", obstacle=NO_RECIPIENT)

    early = decide(collection, at("2026-06-09 08:29"))
    due = decide(collection, at("2026-06-09 08:30"))

    assert isinstance(early, Wait)
    assert early.until == at("2026-06-09 08:30")
    assert isinstance(due, OpenTodo)
    assert (due.step.id, due.obstacle) == ("S2", NO_RECIPIENT)


@pytest.mark.parametrize(
    ("mended", "expected"),
    [
        ("2026-06-10 07:00", "Wed 06-10 S2 sent"),
        ("2026-06-10 10:00", "Wed 06-10 S2 sent"),
        ("2026-06-10 18:00", "Thu 06-11 S2 sent"),
        ("2026-06-13 12:00", "Mon 06-15 S2 sent"),
    ],
)
def test_mended_step_goes_out_by_itself_in_the_next_send_hours(mended: str, expected: str) -> None:
    """Rule 4.4: without a recipient from 06-08 on; 06-13 is a Saturday."""
    events: dict[str, Change] = {"2026-06-08 12:00": obstructed(NO_RECIPIENT), mended: obstructed(None)}

    for drive in (live, live_by_waits):
        assert story(drive(a_collection(), "2026-05-02", 60, events))[2:4] == ["Tue 06-09 S2 to-do", expected]


def test_todo_of_an_obstacle_that_a_person_did_is_not_sent_as_well() -> None:
    """Rule 4.4: done by hand on 06-10, mended on 06-11."""
    events: dict[str, Change] = {
        "2026-06-08 12:00": obstructed(NO_RECIPIENT),
        "2026-06-10 10:00": done("S2"),
        "2026-06-11 10:00": obstructed(None),
    }

    log = live_by_waits(a_collection(), "2026-05-02", 46, events)

    assert story(log)[2:] == ["Tue 06-09 S2 to-do", "Mon 06-15 S3 sent"]


def test_manual_step_is_no_stand_in_for_a_message_that_cannot_be_sent() -> None:
    """Rules 4.1 and 4.4: an email by hand is asked of a person whether or not messages can be sent."""
    collection = a_collection(cadence=a_cadence([a_step("S0", 3, manual=True)]), obstacle=NO_RECIPIENT)

    decision = decide(collection, at("2026-06-04 08:30"))

    assert isinstance(decision, OpenTodo)
    assert decision.obstacle is None


def test_mending_does_not_send_what_is_manual() -> None:
    """Rule 4.4: the step was made manual while its to-do was open."""
    steps = [a_step("S0", 3, manual=True)]
    collection = a_collection(cadence=a_cadence(steps), handed_over=["S0"])

    decision = decide(collection, at("2026-06-05 09:00"))

    assert causes(decision) == [Because.TODO_OPEN]


def test_mended_step_keeps_the_minimum_contact_delay() -> None:
    """Rules 1.5 and 4.4: S2 is handed over 06-09, an ad hoc message goes out 06-10, mended 06-11."""
    collection = a_collection(done=["S0", "S1"], handed_over=["S2"], last_contact="2026-06-10")

    decision = decide(collection, at("2026-06-11 09:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-15 08:30")


def test_todo_of_an_obstacle_is_superseded_in_contextual_logic() -> None:
    """Rules 4.4 and 4.6: and S3 is handed over in its turn."""
    events: dict[str, Change] = {"2026-06-08 12:00": obstructed(NO_RECIPIENT)}

    log = live_by_waits(a_collection(logic=Logic.CONTEXTUAL), "2026-05-02", 46, events)

    assert story(log)[2:] == ["Tue 06-09 S2 to-do", "Mon 06-15 S2 superseded", "Mon 06-15 S3 to-do"]


@pytest.mark.parametrize("drive", [live, live_by_waits])
def test_todo_that_is_never_superseded_stays(drive: object) -> None:
    """Rule 4.6: the emails behind it are superseded by each other, and the last follows when the call was made."""
    call = a_step("call", 3, Channel.CALL, never_supersede=True)
    cadence = a_cadence([call, a_step("A", 8), a_step("B", 14)], Logic.CONTEXTUAL)
    assert callable(drive)

    log = drive(a_collection(cadence=cadence), "2026-06-01", 60, {"2026-06-22 23:00": done("call")})

    assert contacts(log) == ["Thu 06-04 call to-do", "Mon 06-29 B sent"]
    assert "Mon 06-15 A superseded" in story(log)


def test_step_that_is_never_superseded_but_never_opened_is_superseded() -> None:
    """Rule 4.6: only an open to-do stays."""
    call = a_step("call", 3, Channel.CALL, never_supersede=True)
    cadence = a_cadence([call, a_step("A", 8)], Logic.CONTEXTUAL)

    log = live(a_collection(cadence=cadence, entered="2026-06-10"), "2026-06-10", 10)

    assert story(log)[:2] == ["Wed 06-10 call superseded", "Wed 06-10 A sent"]


def test_nothing_runs_before_the_cadence_was_assigned() -> None:
    """Rule 5.1: assigned Tue 06-09, seen from the evening before."""
    collection = a_collection(cadence=reminders(2), entered="2026-06-09")

    decision = decide(collection, at("2026-06-08 20:00"))

    assert isinstance(decision, Wait)
    assert decision.due_on == on("2026-06-09")
    assert causes(decision) == [Because.TRIGGER, Because.ENTRY]


def test_collection_without_a_cadence_ends() -> None:
    """Rule 5.2."""
    collection = replace(a_collection(), cadence=None)

    assert decide(collection, at("2026-06-15 08:30")) == Close(Closing.NO_CADENCE)


def test_paid_and_without_a_cadence_is_paid() -> None:
    """Rules 3.2 and 5.2: what people want to know first."""
    collection = replace(a_collection(outstanding="0"), cadence=None)

    assert decide(collection, at("2026-06-15 08:30")) == Close(Closing.PAID)


def test_step_that_became_automatic_goes_out_at_the_next_run() -> None:
    """Rule 6.1: a manual S2 that is not open yet is made automatic before its day."""
    manual = a_collection(cadence=a_cadence([a_step("S2", 8, manual=True)]))
    automatic = replace(manual, cadence=a_cadence([a_step("S2", 8)]))
    now = at("2026-06-09 08:30")

    assert isinstance(decide(manual, now), OpenTodo)
    assert isinstance(decide(automatic, now), Send)


def test_inserted_step_that_was_skipped_does_not_run() -> None:
    """Rule 6.1: the publishing of an edit says which inserted steps are skipped."""
    cadence = a_cadence([a_step("S1", 3), a_step("new", 5), a_step("S2", 8)])
    collection = a_collection(cadence=cadence, done=["S1"], last_contact="2026-06-04")
    skipped = replace(collection, statuses={**collection.statuses, "new": StepStatus.SKIPPED})

    assert contacts(live(skipped, "2026-06-05", 20)) == ["Tue 06-09 S2 sent"]


def test_due_date_that_moves_back_brings_the_next_step_forward() -> None:
    """Rule 6.1: due 06-01 becomes 05-20 on Mon 06-01; S0 is sent, S1 of 05-23 is due at once."""
    log = live(a_collection(), "2026-05-02", 32, {"2026-06-01 07:00": falling_due("2026-05-20")})

    assert story(log) == ["Wed 05-27 S0 sent", "Mon 06-01 S1 sent"]


def test_pause_outlasts_a_new_cadence() -> None:
    """Rules 3.1 and 5.2: the hold belongs to the invoice."""
    collection = a_collection(
        cadence=reminders(2, name="new"), entered="2026-06-09", holds=[a_hold(until="2026-06-15")]
    )

    assert contacts(live_by_waits(collection, "2026-06-09", 20)) == ["Mon 06-15 S0 sent"]
    assert contacts(live(collection, "2026-06-09", 5, {"2026-06-09 01:00": held()})) == []
