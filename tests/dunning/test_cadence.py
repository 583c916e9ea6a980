"""What a cadence may be, and when its steps trigger (rules 1.*)."""

from dataclasses import replace

import pytest

from dunning.cadence import Anchor, Channel, Execution, Logic, Repeat, Step
from dunning.decide import decide
from dunning.decision import Because, OpenTodo, Send, Wait
from tests.dunning.builders import (
    BOTH_LOGICS,
    a_cadence,
    a_collection,
    a_step,
    at,
    causes,
    contacts,
    live,
    on,
    reminders,
    step_of,
)


@pytest.mark.parametrize(
    ("anchor", "offset_days", "expected"),
    [
        (Anchor.DUE_DATE, -5, "2026-05-27"),
        (Anchor.DUE_DATE, 0, "2026-06-01"),
        (Anchor.DUE_DATE, 30, "2026-07-01"),
        (Anchor.ISSUE_DATE, 0, "2026-05-02"),
        (Anchor.ISSUE_DATE, 7, "2026-05-09"),
    ],
)
def test_step_triggers_at_its_offset_from_its_anchor(anchor: Anchor, offset_days: int, expected: str) -> None:
    """Rule 1.1."""
    step = a_step("S", offset_days, anchor=anchor)

    assert a_collection(cadence=a_cadence([step])).trigger(step) == on(expected)


def test_negative_offset_from_the_issue_date_is_refused() -> None:
    """Rule 1.1."""
    with pytest.raises(ValueError, match="negative offset"):
        a_step("S", -1, anchor=Anchor.ISSUE_DATE)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_without_a_due_date_only_steps_of_the_issue_date_run(logic: Logic) -> None:
    """Rule 1.1."""
    steps = [a_step("D", 3), a_step("I", 7, anchor=Anchor.ISSUE_DATE)]
    collection = a_collection(due=None, cadence=a_cadence(steps, logic))

    assert contacts(live(collection, "2026-05-02", 90)) == ["Mon 05-11 I sent"]


def test_without_a_due_date_the_rest_waits_and_says_so() -> None:
    """Rule 1.1: not exhausted, because a due date may still come."""
    decision = decide(a_collection(due=None), at("2026-06-15 08:30"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.step, causes(decision)) == (None, None, [Because.NO_DUE_DATE])


@pytest.mark.parametrize(("offset_days", "is_pre_due"), [(-5, True), (0, True), (1, False)])
def test_step_is_pre_due_until_the_due_date_itself(offset_days: int, is_pre_due: bool) -> None:
    """Rule 1.2."""
    step = a_step("S", offset_days)
    collection = a_collection(cadence=a_cadence([step]))
    trigger = collection.trigger(step)

    assert trigger is not None
    assert collection.is_pre_due(trigger) is is_pre_due


def test_step_of_the_issue_date_is_pre_due_by_the_payment_term() -> None:
    """Rule 1.2: the phase belongs to the invoice, not to the cadence."""
    step = a_step("S", 20, anchor=Anchor.ISSUE_DATE)
    phases = [
        collection.is_pre_due(on("2026-05-22"))
        for collection in (
            a_collection(cadence=a_cadence([step])),
            a_collection(due="2026-05-17", cadence=a_cadence([step])),
            a_collection(due=None, cadence=a_cadence([step])),
        )
    ]

    assert phases == [True, False, False]


def test_invoice_is_overdue_from_the_day_after_its_due_date() -> None:
    """Rule 1.2."""
    collection = a_collection()

    assert [collection.is_overdue(on(day)) for day in ("2026-06-01", "2026-06-02")] == [False, True]
    assert not a_collection(due=None).is_overdue(on("2030-01-01"))


def test_steps_of_one_day_keep_their_position() -> None:
    """Rule 1.2: B stands before A in the cadence."""
    collection = a_collection(cadence=a_cadence([a_step("B", 3), a_step("A", 3)]))

    assert contacts(live(collection, "2026-05-02", 60)) == ["Thu 06-04 B sent", "Tue 06-09 A sent"]


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.TASK])
def test_automatic_call_or_task_is_refused(channel: Channel) -> None:
    """Rule 1.3."""
    with pytest.raises(ValueError, match="manual only"):
        Step("S", Anchor.DUE_DATE, 0, channel, Execution.AUTOMATIC)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER])
def test_written_channels_run_by_themselves_or_by_hand(channel: Channel) -> None:
    """Rule 1.3."""
    now = at("2026-06-04 08:30")
    by_itself = decide(a_collection(cadence=a_cadence([a_step("S", 3, channel)])), now)
    by_hand = decide(a_collection(cadence=a_cadence([a_step("S", 3, channel, manual=True)])), now)

    assert isinstance(by_itself, Send)
    assert isinstance(by_hand, OpenTodo)


def test_cadence_without_steps_is_refused() -> None:
    """Rule 1.4."""
    with pytest.raises(ValueError, match="has no step"):
        a_cadence([])


def test_two_steps_of_one_id_are_refused() -> None:
    """Rule 1.4."""
    with pytest.raises(ValueError, match="same id"):
        a_cadence([a_step("S", 0), a_step("S", 5)])


@pytest.mark.parametrize("delay_days", [-1, 31])
def test_minimum_contact_delay_out_of_range_is_refused(delay_days: int) -> None:
    """Rule 1.5."""
    with pytest.raises(ValueError, match="0 to 30 days"):
        reminders(0, contact_delay_days_min=delay_days)


def test_minimum_contact_delay_of_zero_still_keeps_contacts_on_different_days() -> None:
    """Rule 1.5: three steps trigger on Thu 06-04."""
    collection = a_collection(cadence=reminders(3, 3, 3, contact_delay_days_min=0))

    assert contacts(live(collection, "2026-06-01", 20)) == [
        "Thu 06-04 S0 sent",
        "Fri 06-05 S1 sent",
        "Mon 06-08 S2 sent",
    ]


def test_longest_minimum_contact_delay_is_a_month_of_silence() -> None:
    """Rule 1.5."""
    collection = a_collection(cadence=reminders(3, 8, contact_delay_days_min=30))

    assert contacts(live(collection, "2026-06-01", 60)) == ["Thu 06-04 S0 sent", "Mon 07-06 S1 sent"]


def test_third_reminder_waits_for_the_minimum_contact_delay() -> None:
    """Rule 1.5: due+14 is Mon 06-15, the last contact was Fri 06-12."""
    collection = a_collection(done=["S0", "S1", "S2"], last_contact="2026-06-12")

    decision = decide(collection, at("2026-06-15 08:30"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-17 08:30")
    assert decision.step == step_of(collection, "S3")
    assert decision.due_on == on("2026-06-17")
    assert [str(reason) for reason in decision.because] == [
        "trigger date Mon 2026-06-15 (due date +14 days)",
        "minimum contact delay until Wed 2026-06-17 (5 days after Fri 2026-06-12)",
    ]


@pytest.mark.parametrize(
    ("every_days", "limit", "expected"),
    [
        (0, 1, "a step repeats every 1 to 365 days, not 0"),
        (366, 1, "a step repeats every 1 to 365 days, not 366"),
        (1, 0, "a step repeats 1 to 100 times, not 0"),
        (1, 101, "a step repeats 1 to 100 times, not 101"),
    ],
)
def test_repeat_out_of_bounds_is_refused(every_days: int, limit: int, expected: str) -> None:
    """Rule 2.13."""
    with pytest.raises(ValueError, match=f"^{expected}$"):
        Repeat(every_days, limit)


def test_repeat_within_its_bounds_is_taken() -> None:
    """Rule 2.13."""
    assert (Repeat(1, 1), Repeat(365, 100)) == (Repeat(1, limit=1), Repeat(every_days=365, limit=100))


def test_only_the_last_step_may_repeat() -> None:
    """Rule 2.13."""
    repeating = replace(a_step("S0", 3), repeat=Repeat(7, 1))

    assert a_cadence([a_step("S1", 1), repeating]).steps[-1] == repeating
    with pytest.raises(ValueError, match=r"^cadence A: only the last step may repeat \(rule 2\.13\)$"):
        a_cadence([repeating, a_step("S1", 5)])
