"""Which step runs on which day, at the edges of the rules (rules 2.4 to 2.12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dunning.cadence import Anchor, Channel, Logic
from dunning.calendar import Calendar
from dunning.decide import decide
from dunning.decision import Because, Exhaust, Expiry, OpenTodo, Send, Wait
from dunning.facts import StepStatus
from tests.dunning.builders import (
    BOTH_LOGICS,
    a_cadence,
    a_calendar,
    a_collection,
    a_hold,
    a_step,
    apply,
    at,
    causes,
    contacts,
    done,
    held,
    live,
    live_by_waits,
    on,
    reminders,
    step_of,
    story,
)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_step_of_the_due_date_runs_on_it_and_not_after(logic: Logic) -> None:
    """Rule 2.4: due on Mon 06-01, looked at on that day and on the next."""
    collection = a_collection(cadence=reminders(0, 9, logic=logic))

    assert isinstance(decide(collection, at("2026-06-01 17:59")), Send)
    late = decide(collection, at("2026-06-02 08:30"))
    assert isinstance(late, Wait)
    assert [(expired.step.id, expired.reason) for expired in late.expired] == [("S0", Expiry.OVERDUE)]
    assert late.step == step_of(collection, "S1")


def test_pre_due_todo_expires_with_the_due_date() -> None:
    """Rule 2.4: a call before the due date is no use after it."""
    cadence = a_cadence([a_step("C", -3, Channel.CALL), a_step("E", 3)])

    assert story(live_by_waits(a_collection(cadence=cadence), "2026-05-02", 60))[:3] == [
        "Fri 05-29 C to-do",
        "Tue 06-02 C overdue",
        "Thu 06-04 E sent",
    ]


def test_standard_works_off_pre_due_steps_before_the_due_date() -> None:
    """Rule 2.5: entered 05-28 with three pre-due steps behind; there is time for one of them."""
    collection = a_collection(cadence=reminders(-20, -15, -10, 3), entered="2026-05-28")

    assert story(live(collection, "2026-05-28", 20))[:4] == [
        "Thu 05-28 S0 sent",
        "Tue 06-02 S1 overdue",
        "Tue 06-02 S2 overdue",
        "Thu 06-04 S3 sent",
    ]


def test_contextual_supersedes_on_the_trigger_date_though_the_next_step_has_to_wait() -> None:
    """Rule 2.6: contacted 06-08; S2 (06-09) may not run before S3 triggers if the delay is long."""
    cadence = reminders(3, 8, 14, logic=Logic.CONTEXTUAL, contact_delay_days_min=15)
    collection = a_collection(cadence=cadence)

    assert story(live_by_waits(collection, "2026-06-01", 30)) == [
        "Thu 06-04 S0 sent",
        "Mon 06-15 S1 superseded",
        "Fri 06-19 S2 sent",
        "Fri 06-19 exhausted",
    ]


def test_contextual_of_two_steps_of_one_day_runs_the_last() -> None:
    """Rules 2.6 and 2.12: and announces that one."""
    collection = a_collection(cadence=reminders(3, 3, logic=Logic.CONTEXTUAL))

    ahead = decide(collection, at("2026-06-02 12:00"))

    assert isinstance(ahead, Wait)
    assert (ahead.step, ahead.due_on) == (step_of(collection, "S1"), on("2026-06-04"))
    assert story(live_by_waits(collection, "2026-06-02", 20))[:2] == [
        "Thu 06-04 S0 superseded",
        "Thu 06-04 S1 sent",
    ]


def test_contextual_before_the_first_trigger_waits_for_the_first_step() -> None:
    """Rule 2.6."""
    decision = decide(a_collection(logic=Logic.CONTEXTUAL), at("2026-05-10 12:00"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (at("2026-05-27 08:30"), on("2026-05-27"))


@pytest.mark.parametrize(
    ("entered", "last_contact", "day", "because"),
    [
        (None, None, "2026-06-15", [Because.TRIGGER]),
        ("2026-06-17", None, "2026-06-17", [Because.TRIGGER, Because.ENTRY]),
        (None, "2026-06-12", "2026-06-17", [Because.TRIGGER, Because.CONTACT_DELAY]),
        ("2026-06-17", "2026-06-12", "2026-06-17", [Because.TRIGGER, Because.ENTRY, Because.CONTACT_DELAY]),
        (None, "2026-06-15", "2026-06-22", [Because.TRIGGER, Because.CONTACT_DELAY, Because.BUSINESS_DAY]),
    ],
)
def test_day_of_a_step_is_the_latest_of_what_holds_it_back(
    entered: str | None, last_contact: str | None, day: str, because: list[Because]
) -> None:
    """Rule 2.7: S3 triggers on Mon 06-15; what set the day is said, and nothing else."""
    collection = a_collection(done=["S0", "S1", "S2"], entered=entered, last_contact=last_contact)

    decision = decide(collection, at("2026-06-12 20:00"))

    assert isinstance(decision, Wait)
    assert decision.due_on == on(day)
    assert causes(decision) == because


def test_todo_is_not_moved_to_a_business_day_but_a_message_is() -> None:
    """Rule 2.7: both of Sat 06-13."""
    call = a_collection(cadence=a_cadence([a_step("S", 12, Channel.CALL)]))
    email = a_collection(cadence=a_cadence([a_step("S", 12)]))

    assert contacts(live(call, "2026-06-01", 30)) == ["Sat 06-13 S to-do"]
    assert contacts(live(email, "2026-06-01", 30)) == ["Mon 06-15 S sent"]


@pytest.mark.parametrize(
    ("channel", "is_contact"),
    [
        (Channel.EMAIL, True),
        (Channel.SMS, True),
        (Channel.LETTER, True),
        (Channel.CALL, True),
        (Channel.TASK, False),
    ],
)
def test_everything_but_a_task_is_a_contact(channel: Channel, is_contact: bool) -> None:
    """Rule 2.8: a step of 06-11 done by hand that day; S3 of 06-15 waits until 06-16, or does not."""
    cadence = a_cadence([a_step("T", 10, channel, manual=True), a_step("E", 14)])

    log = live(a_collection(cadence=cadence), "2026-06-01", 30, {"2026-06-11 12:00": done("T")})

    assert contacts(log) == ["Thu 06-11 T to-do", "Tue 06-16 E sent" if is_contact else "Mon 06-15 E sent"]


def sunday_reminder(
    *,
    last_contact: str | None = None,
    entered: str | None = None,
    calendar: Calendar | None = None,
    released: str | None = None,
    until: str | None = None,
) -> list[str]:
    """Return the life from Mon 06-01 of a collection due Sun 06-07, with one step on Sat 06-06."""
    collection = a_collection(
        due="2026-06-07",
        cadence=reminders(-1),
        last_contact=last_contact,
        entered=entered,
        calendar=calendar,
        released=released,
        holds=[] if until is None else [a_hold(until=until)],
    )
    by_waits = story(live_by_waits(collection, entered or "2026-06-01", 20))
    assert by_waits == story(live(collection, entered or "2026-06-01", 20))
    return by_waits


def test_roll_back_passes_over_holidays() -> None:
    """Rule 2.9: Fri 06-05 is a holiday."""
    assert sunday_reminder(calendar=a_calendar(holidays=["2026-06-05"]))[0] == "Thu 06-04 S0 sent"


@pytest.mark.parametrize(
    ("last_contact", "entered", "until"),
    [("2026-06-01", None, None), (None, "2026-06-06", None), (None, None, "2026-06-06")],
    ids=["minimum contact delay", "assigned after it", "held on it"],
)
def test_roll_back_never_breaks_another_rule(
    last_contact: str | None, entered: str | None, until: str | None
) -> None:
    """Rule 2.9: Fri 06-05 is not free, so that the step expires when the invoice is overdue."""
    expected = ["Mon 06-08 S0 overdue", "Mon 06-08 exhausted"]

    assert sunday_reminder(last_contact=last_contact, entered=entered, until=until) == expected


@pytest.mark.parametrize(
    ("last_contact", "entered", "until"),
    [("2026-05-31", None, None), (None, "2026-06-05", None), (None, None, "2026-06-05")],
    ids=["minimum contact delay", "assigned on it", "held before it"],
)
def test_roll_back_uses_the_first_day_that_is_free(
    last_contact: str | None, entered: str | None, until: str | None
) -> None:
    """Rule 2.9: the edge of the test above."""
    assert sunday_reminder(last_contact=last_contact, entered=entered, until=until)[0] == "Fri 06-05 S0 sent"


def test_roll_back_says_why() -> None:
    """Rule 2.9."""
    collection = a_collection(due="2026-06-07", cadence=reminders(-1))

    decision = decide(collection, at("2026-06-05 08:00"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (at("2026-06-05 08:30"), on("2026-06-05"))
    assert causes(decision) == [Because.TRIGGER, Because.BEFORE_DUE_DATE]


def test_missed_friday_leaves_no_business_day_before_the_due_date() -> None:
    """Rule 2.9: seen from Friday after the send hours, the step can only lapse."""
    collection = a_collection(due="2026-06-07", cadence=reminders(-1))

    decision = decide(collection, at("2026-06-05 18:00"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (at("2026-06-08 00:00"), None)
    assert causes(decision)[-1] is Because.LAPSES


def test_post_due_step_never_rolls_back() -> None:
    """Rule 2.9: due Fri 06-05, the day after is Saturday."""
    collection = a_collection(due="2026-06-05", cadence=reminders(1))

    assert contacts(live(collection, "2026-06-01", 20)) == ["Mon 06-08 S0 sent"]


def test_pre_due_weekend_step_with_time_left_rolls_forward() -> None:
    """Rule 2.9: due Tue 06-16, three days before is a Saturday, Monday still does."""
    collection = a_collection(due="2026-06-16", cadence=reminders(-3))

    assert contacts(live(collection, "2026-06-01", 30)) == ["Mon 06-15 S0 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_collection_with_every_step_done_is_exhausted(logic: Logic) -> None:
    """Rule 2.10."""
    collection = a_collection(logic=logic, done=["S0", "S1", "S2", "S3", "S4", "S5"], last_contact="2026-07-01")

    assert decide(collection, at("2026-07-02 08:30")) == Exhaust()


def test_last_step_that_expires_exhausts_and_is_in_the_ledger() -> None:
    """Rule 2.10: a cadence of reminders before the due date only."""
    collection = a_collection(cadence=reminders(-5))

    decision = decide(collection, at("2026-06-02 00:00"))

    assert isinstance(decision, Exhaust)
    assert [expired.step.id for expired in decision.expired] == ["S0"]


@pytest.mark.parametrize("status", [status for status in StepStatus if status.is_settled])
def test_settled_steps_never_run_again(status: StepStatus) -> None:
    """Rule 2.11."""
    collection = replace(a_collection(cadence=reminders(3)), statuses={"S0": status})

    assert decide(collection, at("2026-06-04 08:30")) == Exhaust()


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (Logic.STANDARD, ["S2 Fri", "S3 Wed"]),
        (Logic.CONTEXTUAL, ["S2 Fri", "S3 Wed"]),
    ],
)
def test_worker_down_for_days_catches_up(logic: Logic, expected: list[str]) -> None:
    """Rule 2.11: down from Mon 06-08 until Fri 06-12 10:00; S2 of 06-09 goes out on Friday, S3 on Wed 06-17."""
    collection = a_collection(logic=logic, done=["S0", "S1"], last_contact="2026-06-04")
    now = at("2026-06-12 10:00")

    decision = decide(collection, now)

    assert isinstance(decision, Send)
    assert f"{decision.step.id} {now:%a}" == expected[0]
    after, _ = apply(collection, decision, now)
    following = decide(after, now)
    assert isinstance(following, Wait)
    assert following.step is not None
    assert f"{following.step.id} {following.until:%a}" == expected[1]


def test_worker_down_past_the_next_trigger_skips_in_contextual_logic_only() -> None:
    """Rule 2.11: down from 06-08 to Tue 06-16; S2 and S3 have both triggered."""
    now = at("2026-06-16 10:00")
    sent = []
    for logic in BOTH_LOGICS:
        decision = decide(a_collection(logic=logic, done=["S0", "S1"], last_contact="2026-06-04"), now)
        assert isinstance(decision, Send)
        sent.append(decision.step.id)

    assert sent == ["S2", "S3"]


def test_worker_up_again_on_a_weekend_waits_for_monday() -> None:
    """Rule 2.11: down from Mon 06-08 until Sat 06-13."""
    decision = decide(a_collection(done=["S0", "S1"], last_contact="2026-06-04"), at("2026-06-13 10:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-15 08:30")


def test_looking_again_and_again_sends_once() -> None:
    """Rule 2.11: every minute of the morning of 06-15."""
    collection = a_collection(done=["S0", "S1", "S2"], last_contact="2026-06-09")
    sent = []
    now = at("2026-06-15 08:00")
    for _ in range(120):
        decision = decide(collection, now)
        if isinstance(decision, Send):
            sent.append(decision.step.id)
        collection, _ = apply(collection, decision, now)
        now += timedelta(minutes=1)

    assert sent == ["S3"]


def test_wait_names_the_step_that_will_run_and_not_one_superseded_until_then() -> None:
    """Rule 2.12: steps 1, 3, 5 and 7 days after the due date, the first one sent on 06-02."""
    cadence = reminders(1, 3, 5, 7, logic=Logic.CONTEXTUAL)
    collection = a_collection(cadence=cadence, done=["S0"], last_contact="2026-06-02")

    seen = []
    for day in ("2026-06-02", "2026-06-04", "2026-06-06"):
        decision = decide(collection, at(f"{day} 12:00"))
        assert isinstance(decision, Wait)
        assert decision.step is not None
        seen.append((decision.step.id, decision.due_on, decision.until))

    assert seen == [
        ("S3", on("2026-06-08"), at("2026-06-06 00:00")),
        ("S3", on("2026-06-08"), at("2026-06-06 00:00")),
        ("S3", on("2026-06-08"), at("2026-06-08 00:00")),
    ]


def test_paused_wait_names_the_step_that_will_run_after_the_pause() -> None:
    """Rule 2.12: paused on 06-05 until 06-22, contextual."""
    paused = a_collection(
        logic=Logic.CONTEXTUAL, done=["S0", "S1"], last_contact="2026-06-04", holds=[a_hold(until="2026-06-22")]
    )

    decision = decide(paused, at("2026-06-05 12:00"))

    assert isinstance(decision, Wait)
    assert decision.step == step_of(paused, "S4")
    assert (decision.due_on, decision.until) == (on("2026-06-22"), at("2026-06-22 00:00"))


def test_saturday_todo_is_announced_although_monday_supersedes_it() -> None:
    """Rule 2.12: an email of Fri 06-12 that may not go out before Monday, a call on Sunday, an email on Monday."""
    steps = [a_step("A", 11), a_step("B", 13, Channel.CALL), a_step("C", 14)]
    calendar = a_calendar(holidays=["2026-06-12"])
    collection = a_collection(cadence=a_cadence(steps, Logic.CONTEXTUAL), calendar=calendar)

    decision = decide(collection, at("2026-06-11 12:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, decision.due_on) == (step_of(collection, "B"), on("2026-06-14"))
    assert story(live_by_waits(collection, "2026-06-11", 10)) == [
        "Sun 06-14 A superseded",
        "Sun 06-14 B to-do",
        "Mon 06-15 B superseded",
        "Mon 06-15 C sent",
        "Mon 06-15 exhausted",
    ]


def test_hold_that_ends_before_the_next_step_leaves_its_date_alone() -> None:
    """Rules 2.7 and 3.1: paused 06-10 until 06-12; S3 stays on 06-15."""
    log = live_by_waits(a_collection(), "2026-05-02", 45, {"2026-06-10 12:00": held(until="2026-06-12")})

    assert story(log)[-1] == "Mon 06-15 S3 sent"


def test_manual_step_opens_on_its_day_at_the_send_time() -> None:
    """Rules 2.11 and 4.1: a look at midnight, for whatever reason, does not open it earlier."""
    collection = a_collection(done=["S0", "S1", "S2", "S3"], last_contact="2026-06-15")

    for now in ("2026-06-21 23:59", "2026-06-22 00:00", "2026-06-22 08:29"):
        before = decide(collection, at(now))
        assert isinstance(before, Wait)
        assert before.until == at("2026-06-22 08:30")
    for now in ("2026-06-22 08:30", "2026-06-22 23:59", "2026-06-23 00:00"):
        assert isinstance(decide(collection, at(now)), OpenTodo)


def test_steps_of_both_anchors_share_the_minimum_contact_delay() -> None:
    """Rule 2.7: issue date + 33 is Thu 06-04, due date + 4 is Fri 06-05."""
    steps = [a_step("D", 4), a_step("I", 33, anchor=Anchor.ISSUE_DATE)]

    assert contacts(live(a_collection(cadence=a_cadence(steps)), "2026-05-02", 60)) == [
        "Thu 06-04 I sent",
        "Tue 06-09 D sent",
    ]
