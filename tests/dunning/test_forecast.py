"""What is foretold for one collection, example by example; test_timeline.py has the promise behind it."""

from dataclasses import replace

import pytest

from dunning.cadence import Cadence, Channel, Logic, Repeat
from dunning.decision import Because, Close, Closing, Exhaust, Expiry, Wait
from dunning.facts import Facts, HoldKind
from dunning.forecast import Ahead, forecast
from tests.dunning.builders import (
    BOTH_LOGICS,
    a_cadence,
    a_calendar,
    a_collection,
    a_hold,
    a_step,
    at,
    on,
    reminders,
)


def told(ahead: Ahead) -> list[str]:
    """Return the actions as sentences such as `Wed 05-27 S0 sent`."""
    return [f"{each.on:%a %m-%d} {each.step.id} {'sent' if each.is_sent else 'to-do'}" for each in ahead.actions]


def a_year_of(facts: Facts, now: str = "2026-05-02 08:00", todo_days: int | None = None) -> Ahead:
    return forecast(facts, at(now), on("2027-05-02"), todo_days)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_forecast_runs_to_the_last_step_if_people_do_their_todos(logic: Logic) -> None:
    """Rule 2.12: S4 is called for after 2 days."""
    ahead = a_year_of(a_collection(logic=logic), todo_days=2)

    assert told(ahead) == [
        "Wed 05-27 S0 sent",
        "Thu 06-04 S1 sent",
        "Tue 06-09 S2 sent",
        "Mon 06-15 S3 sent",
        "Mon 06-22 S4 to-do",
        "Wed 07-01 S5 sent",
    ]
    assert ahead.rests == Exhaust()


def test_forecast_gives_the_moment_in_the_jitter_of_the_invoice() -> None:
    """Rules 2.2 and 4.1: a message a little after the send time, a to-do on it."""
    steps = [a_step("E", 3), a_step("C", 21, Channel.CALL)]
    calendar = a_calendar(jitter_minutes=60)
    ahead = a_year_of(a_collection(cadence=a_cadence(steps), calendar=calendar))

    assert ahead.actions[0].at == calendar.sends_at(on("2026-06-04"), 1) > at("2026-06-04 08:30")
    assert ahead.actions[1].at == at("2026-06-22 08:30")


def test_forecast_of_standard_logic_rests_at_a_todo_that_nobody_does() -> None:
    """Rules 2.12 and 4.1."""
    ahead = a_year_of(a_collection())

    assert told(ahead)[-1] == "Mon 06-22 S4 to-do"
    assert isinstance(ahead.rests, Wait)
    assert [reason.because for reason in ahead.rests.because] == [Because.TODO_OPEN]


def test_forecast_says_which_steps_expire_before_an_action() -> None:
    """Rules 2.6, 2.12 and 4.6: entered late; the to-do that nobody does is superseded."""
    ahead = a_year_of(a_collection(logic=Logic.CONTEXTUAL, entered="2026-06-18"), "2026-06-18 08:30")

    assert told(ahead) == ["Thu 06-18 S3 sent", "Tue 06-23 S4 to-do", "Wed 07-01 S5 sent"]
    assert [[(one.step.id, one.reason) for one in each.expired] for each in ahead.actions] == [
        [("S0", Expiry.OVERDUE), ("S1", Expiry.SUPERSEDED), ("S2", Expiry.SUPERSEDED)],
        [],
        [("S4", Expiry.SUPERSEDED)],
    ]


def test_forecast_says_which_steps_expire_after_the_last_action() -> None:
    """Rules 2.4 and 2.12: the pre-due step of Sun 05-31, whose only day is over at 19:00 on Fri 05-29."""
    collection = a_collection(cadence=reminders(-1))

    ahead = a_year_of(collection, "2026-05-29 19:00")

    assert told(ahead) == ["Mon 06-01 S0 sent"]
    late = a_year_of(a_collection(due="2026-05-31", cadence=reminders(-1)), "2026-05-29 19:00")
    assert (told(late), [one.step.id for one in late.expired]) == ([], ["S0"])
    assert isinstance(late.rests, Exhaust)


@pytest.mark.parametrize(
    ("until", "expected"), [("2026-06-03", 1), ("2026-06-04", 2), ("2026-06-08", 2), ("2026-06-09", 3)]
)
def test_forecast_ends_with_its_last_day(until: str, expected: int) -> None:
    """Rule 2.12."""
    assert len(forecast(a_collection(), at("2026-05-02 08:00"), on(until)).actions) == expected


def test_forecast_of_what_is_due_now_begins_now() -> None:
    """Rule 2.1: it is noon."""
    ahead = a_year_of(a_collection(done=["S0"]), "2026-06-05 12:00")

    assert (ahead.actions[0].on, ahead.actions[0].at) == (on("2026-06-05"), at("2026-06-05 12:00"))


@pytest.mark.parametrize(
    ("todo_days", "expected"),
    [(0, "Wed 07-01 S5 sent"), (3, "Mon 07-06 S5 sent"), (6, "Tue 07-07 S5 sent")],
)
def test_todo_that_is_open_already_counts_from_now(todo_days: int, expected: str) -> None:
    """Rules 2.12 and 4.2: on Fri 06-26; the letter follows 5 days after the call, 07-04 is a Saturday."""
    collection = a_collection(done=["S0", "S1", "S2", "S3"], opened=["S4"], last_contact="2026-06-15")

    ahead = forecast(collection, at("2026-06-26 10:00"), on("2026-07-10"), todo_days)

    assert told(ahead) == [expected]


def test_todo_is_done_so_many_days_after_it_opened() -> None:
    """Rules 2.12 and 4.2: S4 of 06-22 is called for on 06-29; the letter follows 5 days later, on a Monday."""
    ahead = a_year_of(a_collection(), todo_days=7)

    assert told(ahead)[-2:] == ["Mon 06-22 S4 to-do", "Mon 07-06 S5 sent"]
    assert [str(reason) for reason in ahead.actions[-2].because] == [
        "trigger date Mon 2026-06-22 (due date +21 days)"
    ]


@pytest.mark.parametrize(("todo_days", "expected"), [(0, "Thu 06-04 E sent"), (1, "Fri 06-05 E sent")])
def test_todo_that_is_done_at_once_lets_the_next_step_run_at_once(todo_days: int, expected: str) -> None:
    """Rules 2.8 and 2.12: a task is no contact."""
    cadence = a_cadence([a_step("T", 3, Channel.TASK), a_step("E", 3)])

    assert told(a_year_of(a_collection(cadence=cadence), todo_days=todo_days)) == ["Thu 06-04 T to-do", expected]


def test_two_todos_are_each_done_so_many_days_after_they_opened() -> None:
    """Rules 2.12 and 4.1: tasks of 06-04 and 06-05, the second of which opens when the first is done on 06-06."""
    cadence = a_cadence([a_step("T", 3, Channel.TASK), a_step("U", 4, Channel.TASK), a_step("E", 4)])

    assert told(a_year_of(a_collection(cadence=cadence), todo_days=2)) == [
        "Thu 06-04 T to-do",
        "Sat 06-06 U to-do",
        "Mon 06-08 E sent",
    ]


def test_forecast_of_a_paid_invoice_is_empty() -> None:
    """Rule 3.2."""
    assert a_year_of(a_collection(outstanding="0")) == Ahead((), (), Close(Closing.PAID))


def test_forecast_waits_out_a_hold_and_an_open_ended_one_for_ever() -> None:
    """Rules 3.1 and 3.6."""
    paused = a_collection(done=["S0", "S1"], last_contact="2026-06-04", holds=[a_hold(until="2026-06-22")])
    disputed = a_collection(done=["S0", "S1"], last_contact="2026-06-04", holds=[a_hold(HoldKind.DISPUTE)])

    ahead = a_year_of(paused, "2026-06-05 12:00")

    assert told(ahead)[:2] == ["Mon 06-22 S2 sent", "Mon 06-29 S3 sent"]
    assert [reason.because for reason in ahead.actions[0].because] == [Because.TRIGGER, Because.PAUSE]
    assert [reason.because for reason in ahead.actions[1].because] == [
        Because.TRIGGER,
        Because.CONTACT_DELAY,
        Because.BUSINESS_DAY,
    ]
    assert told(a_year_of(disputed, "2026-06-05 12:00")) == []


def test_forecast_shows_a_hold_only_among_the_reasons_of_the_day_it_set() -> None:
    """Rules 2.7, 2.13 and 3.1: paused until 06-08, which moves the first letter and not the second."""
    collection = a_collection(cadence=_twice_more(), holds=[a_hold(until="2026-06-08")])
    early = a_collection(cadence=_twice_more(), holds=[a_hold(until="2026-06-03")])

    ahead, undisturbed = a_year_of(collection, "2026-06-02 12:00"), a_year_of(early, "2026-06-02 12:00")

    assert told(ahead) == ["Mon 06-08 S0 sent", "Mon 06-15 S0 sent", "Mon 06-22 S0 sent"]
    assert [[reason.because for reason in each.because] for each in ahead.actions] == [
        [Because.TRIGGER, Because.PAUSE],
        [Because.TRIGGER],
        [Because.TRIGGER],
    ]
    assert [reason.because for reason in undisturbed.actions[0].because] == [Because.TRIGGER]


def test_repeat_says_the_how_manieth_it_is() -> None:
    """Rule 2.13."""
    reasons = [str(each.because[0]) for each in a_year_of(a_collection(cadence=_twice_more())).actions]

    assert reasons == [
        "trigger date Thu 2026-06-04 (due date +3 days)",
        "trigger date Thu 2026-06-11 (repetition 1 of 2, every 7 days)",
        "trigger date Thu 2026-06-18 (repetition 2 of 2, every 7 days)",
    ]


def test_what_expires_after_the_last_day_is_not_foretold() -> None:
    """Rules 2.4 and 2.12: due on Sun 05-31, overdue on 06-01; it is the evening of Fri 05-29."""
    collection = a_collection(due="2026-05-31", cadence=reminders(-1))

    until_due, until_overdue = (
        forecast(collection, at("2026-05-29 19:00"), on(day)) for day in ("2026-05-31", "2026-06-01")
    )

    assert until_due.expired == ()
    assert [one.step.id for one in until_overdue.expired] == ["S0"]


def test_forecast_of_repeats_counts_them() -> None:
    """Rule 2.13: and each carries its occurrence."""
    ahead = a_year_of(a_collection(cadence=_twice_more()))

    assert told(ahead) == ["Thu 06-04 S0 sent", "Thu 06-11 S0 sent", "Thu 06-18 S0 sent"]
    assert [each.occurrence for each in ahead.actions] == [1, 2, 3]


def test_message_that_cannot_be_sent_is_foretold_as_a_todo() -> None:
    """Rule 4.4."""
    ahead = a_year_of(a_collection(cadence=reminders(3), obstacle="no valid recipient"))

    assert told(ahead) == ["Thu 06-04 S0 to-do"]


def _twice_more() -> Cadence:
    return a_cadence([replace(a_step("S0", 3), repeat=Repeat(7, 2))])
