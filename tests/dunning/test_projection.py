"""What people and the durable process see of a decision."""

from datetime import datetime
from typing import Any

import pytest

from dunning.apply import after
from dunning.cadence import Channel, Logic
from dunning.decide import decide
from dunning.decision import Because, OpenTodo, Reason, Send, Wait
from dunning.facts import Facts, HoldKind
from dunning.projection import Projection, Stage, project
from tests.dunning.builders import (
    a_cadence,
    a_calendar,
    a_collection,
    a_hold,
    a_step,
    at,
    on,
    reminders,
    step_of,
)


def seen(facts: Facts, now: datetime) -> Projection:
    """Return what is shown of the decision for the facts."""
    return project(facts, decide(facts, now), now)


def second_reminder(**facts: Any) -> Facts:
    """Return a collection whose S2 is due on Tue 06-09."""
    return a_collection(done=["S0", "S1"], last_contact="2026-06-04", **facts)


def test_waiting_message_says_when_it_goes_out_and_why() -> None:
    """Rule 2.12: with the invoice's own minute."""
    collection = second_reminder(calendar=a_calendar(jitter_minutes=60))

    shown = seen(collection, at("2026-06-08 12:00"))

    assert (shown.stage, shown.due_on, shown.sends) == (Stage.WAITING, on("2026-06-09"), True)
    assert shown.acts_at == at("2026-06-09 09:07:04")
    assert shown.sentence == (
        "S2 (email) goes out Tue 2026-06-09 09:07: trigger date Tue 2026-06-09 (due date +8 days)"
    )


def test_waiting_todo_says_when_it_opens() -> None:
    """Rule 4.1."""
    collection = a_collection(done=["S0", "S1", "S2", "S3"], last_contact="2026-06-15")

    shown = seen(collection, at("2026-06-16 12:00"))

    assert (shown.stage, shown.sends, shown.acts_at) == (Stage.WAITING, False, at("2026-06-22 08:30"))
    assert shown.sentence.startswith("S4 (call) becomes a to-do Mon 2026-06-22 08:30: ")


def test_sentence_gives_the_time_of_the_step_and_not_of_waking_up() -> None:
    """Rule 2.12: the process wakes on 06-06 because a step is superseded; S3 goes out on 06-08."""
    cadence = reminders(1, 3, 5, 7, logic=Logic.CONTEXTUAL)
    collection = a_collection(cadence=cadence, done=["S0"], last_contact="2026-06-02")

    shown = seen(collection, at("2026-06-04 12:00"))

    assert (shown.acts_at, shown.sends) == (at("2026-06-06 00:00"), False)
    assert shown.sentence.startswith("S3 (email) goes out Mon 2026-06-08 08:30: ")


def test_lapsing_step_does_not_run() -> None:
    """Rule 2.9."""
    collection = a_collection(due="2026-06-07", cadence=reminders(-1))

    shown = seen(collection, at("2026-06-05 19:00"))

    assert (shown.stage, shown.due_on, shown.acts_at) == (Stage.WAITING, None, at("2026-06-08 00:00"))
    assert shown.sentence.startswith("S0 (email) does not run: ")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"holds": [a_hold(until="2026-06-11")]},
            "Held: paused until Thu 2026-06-11; then S2 (email) on Thu 2026-06-11 08:30",
        ),
        ({"holds": [a_hold(HoldKind.DISPUTE)]}, "Held: disputed until it is ended; then S2 (email)"),
        ({"hidden": True}, "Held: hidden; then S2 (email)"),
    ],
    ids=["until a date", "until ended", "hidden"],
)
def test_held_collection_says_what_holds_it_and_what_follows(facts: dict[str, Any], sentence: str) -> None:
    """Rules 3.1, 3.6 and 3.7."""
    shown = seen(second_reminder(**facts), at("2026-06-09 08:30"))

    assert (shown.stage, shown.sentence) == (Stage.HELD, sentence)


def test_hold_that_ends_before_the_next_step_is_shown_with_the_date_of_the_step() -> None:
    """Rule 3.6: paused until 06-12, S3 is due on 06-15."""
    collection = a_collection(
        done=["S0", "S1", "S2"], last_contact="2026-06-09", holds=[a_hold(until="2026-06-12")]
    )

    shown = seen(collection, at("2026-06-10 12:00"))

    assert (shown.stage, shown.sends, shown.acts_at) == (Stage.HELD, False, at("2026-06-12 00:00"))
    assert shown.sentence.startswith("Held: paused until Fri 2026-06-12; ")
    assert shown.sentence.endswith("; then S3 (email) on Mon 2026-06-15 08:30")


def test_collection_without_a_date_to_count_from_is_held() -> None:
    """Rule 1.1."""
    shown = seen(a_collection(due=None), at("2026-06-09 08:30"))

    assert (shown.stage, shown.sentence) == (Stage.HELD, "Held: no due date and no payment term")


def test_message_that_is_due_is_being_sent() -> None:
    """Rule 2.1."""
    now = at("2026-06-09 08:30")

    shown = seen(second_reminder(), now)

    assert (shown.stage, shown.acts_at, shown.sends) == (Stage.DUE, now, True)
    assert shown.sentence.startswith("S2 (email) is being sent: ")


def test_todo_that_opens_gives_the_obstacle() -> None:
    """Rule 4.4."""
    shown = seen(second_reminder(obstacle="no valid recipient"), at("2026-06-09 08:30"))

    assert (shown.stage, shown.sends) == (Stage.TODO, False)
    assert shown.because[-1].because is Because.CANNOT_SEND
    assert shown.sentence.endswith("cannot be sent (no valid recipient)")


def test_todo_of_a_manual_step_opens_without_an_obstacle() -> None:
    """Rule 4.1."""
    collection = a_collection(cadence=a_cadence([a_step("C", 3, Channel.CALL)]))

    shown = seen(collection, at("2026-06-04 08:30"))

    assert shown.sentence == "To-do C (call) opens: trigger date Thu 2026-06-04 (due date +3 days)"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"handed_over": ["S2"], "obstacle": "no valid recipient"},
            "To-do S2 (email) waits for a person, because it cannot be sent: no valid recipient",
        ),
        ({"opened": ["S2"], "obstacle": "no valid recipient"}, "To-do S2 (email) waits for a person"),
    ],
    ids=["handed over", "manual"],
)
def test_open_todo_waits_for_a_person(facts: dict[str, Any], sentence: str) -> None:
    """Rules 4.1 and 4.4."""
    shown = seen(second_reminder(**facts), at("2026-06-10 08:30"))

    assert (shown.stage, shown.sentence) == (Stage.TODO, sentence)


def test_exhausted_collection_says_what_is_open() -> None:
    """Rule 2.10."""
    collection = a_collection(cadence=reminders(3), done=["S0"])

    shown = seen(collection, at("2026-06-10 08:30"))

    assert (shown.stage, shown.sentence) == (Stage.EXHAUSTED, "Every step is done and 10000.00 EUR is open")


def test_closed_collection_says_why() -> None:
    """Rule 3.2."""
    shown = seen(second_reminder(outstanding="0"), at("2026-06-10 08:30"))

    assert (shown.stage, shown.acts_at, shown.sentence) == (Stage.CLOSED, None, "Closed: paid")


@pytest.mark.parametrize(
    ("facts", "now", "stage", "acts_at"),
    [
        (second_reminder(), "06-08 12:00", Stage.WAITING, "06-09 08:30"),
        (second_reminder(holds=[a_hold(until="2026-06-11")]), "06-09 12:00", Stage.HELD, "06-11 00:00"),
        (second_reminder(opened=["S2"], logic=Logic.CONTEXTUAL), "06-10 12:00", Stage.TODO, "06-15 00:00"),
        (second_reminder(), "06-09 08:30", Stage.DUE, "06-09 08:30"),
        (second_reminder(obstacle="no sender"), "06-09 08:31", Stage.TODO, "06-09 08:31"),
    ],
    ids=["waiting", "held", "open", "due", "opening"],
)
def test_projection_carries_the_step_its_day_and_its_reasons(
    facts: Facts, now: str, stage: Stage, acts_at: str
) -> None:
    """Rule 2.12: they are those of the decision."""
    decision = decide(facts, at(f"2026-{now}"))
    assert isinstance(decision, Wait | Send | OpenTodo)

    shown = project(facts, decision, at(f"2026-{now}"))

    assert (shown.stage, shown.step, shown.due_on) == (stage, step_of(facts, "S2"), decision.due_on)
    assert (shown.acts_at, shown.because[: len(decision.because)]) == (at(f"2026-{acts_at}"), decision.because)
    assert shown.sends is (stage in (Stage.WAITING, Stage.DUE))


def test_sentence_of_several_reasons_sets_them_apart() -> None:
    """Rule 2.7: the contact of Mon 06-08 and the weekend 5 days later."""
    collection = a_collection(done=["S0", "S1"], last_contact="2026-06-08")

    shown = seen(collection, at("2026-06-08 12:00"))

    assert shown.sentence == (
        "S2 (email) goes out Mon 2026-06-15 08:30: trigger date Tue 2026-06-09 (due date +8 days); "
        "minimum contact delay until Sat 2026-06-13 (5 days after Mon 2026-06-08); "
        "next business day Mon 2026-06-15 (Sat 2026-06-13 is none)"
    )


def test_what_has_ended_waits_for_nothing() -> None:
    """Rules 2.10 and 3.2."""
    now = at("2026-06-10 08:30")

    exhausted = seen(a_collection(cadence=reminders(3), done=["S0"]), now)
    closed = seen(second_reminder(outstanding="0"), now)

    assert exhausted.because == (Reason(Because.EXHAUSTED),)
    assert closed.because == ()
    for shown in (exhausted, closed):
        assert (shown.step, shown.due_on, shown.acts_at, shown.sends) == (None, None, None, False)


def test_unknown_decision_halts() -> None:
    """A decision that is added and forgotten here must not pass as nothing to do."""
    unknown: Any = "send it anyway"

    with pytest.raises(AssertionError):
        project(a_collection(), unknown, at("2026-06-10 08:30"))
    with pytest.raises(AssertionError):
        after(a_collection(), unknown, on("2026-06-10"))
