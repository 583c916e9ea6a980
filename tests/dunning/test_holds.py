"""What stops contact, and what is said about it (rules 3.*)."""

from datetime import date

import pytest

from dunning.cadence import Channel, Logic
from dunning.decide import decide
from dunning.decision import Because, Close, Closing, OpenTodo, Send, Wait
from dunning.facts import Facts, HoldKind, InvoiceState
from tests.dunning.builders import (
    BOTH_LOGICS,
    a_cadence,
    a_collection,
    a_hold,
    a_step,
    at,
    causes,
    contacts,
    held,
    live,
    live_by_waits,
    on,
    released,
    reminders,
    step_of,
    story,
    the_cadence_w,
)

SECOND_REMINDER_AT = at("2026-06-09 08:30")


def before_the_second_reminder(**facts: object) -> Facts:
    """Return a collection whose S2 is due on Tue 06-09."""
    return a_collection(done=["S0", "S1"], last_contact="2026-06-04", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "of_customer", "because"),
    [
        (HoldKind.PAUSE, False, Because.PAUSE),
        (HoldKind.PAUSE, True, Because.CUSTOMER_PAUSE),
        (HoldKind.DISPUTE, False, Because.DISPUTE),
        (HoldKind.PROMISE, False, Because.PROMISE),
        (HoldKind.PROMISE, True, Because.PROMISE),
        (HoldKind.PAYMENT_IN_FLIGHT, False, Because.PAYMENT_IN_FLIGHT),
        (HoldKind.PARTIAL_PAYMENT, False, Because.PARTIAL_PAYMENT),
    ],
)
def test_open_ended_hold_stops_contact_and_says_why(kind: HoldKind, of_customer: bool, because: Because) -> None:
    """Rules 3.1, 3.3, 3.4, 3.5 and 3.10: looked at long after the step was due."""
    collection = before_the_second_reminder(holds=[a_hold(kind, of_customer=of_customer)])

    decision = decide(collection, at("2026-09-01 08:30"))

    assert isinstance(decision, Wait)
    assert decision.until is None
    assert decision.step == step_of(collection, "S2")
    assert (decision.expired, causes(decision)) == ((), [because])


@pytest.mark.parametrize("kind", HoldKind)
def test_hold_ends_with_the_day_before_its_date(kind: HoldKind) -> None:
    """Rules 3.1, 3.3, 3.4, 3.5 and 3.10: the date is the first active day."""
    collection = before_the_second_reminder(holds=[a_hold(kind, "2026-06-11")])

    eve = decide(collection, at("2026-06-10 23:59"))

    assert isinstance(eve, Wait)
    assert (eve.until, eve.due_on) == (at("2026-06-11 00:00"), on("2026-06-11"))
    assert isinstance(decide(collection, at("2026-06-11 08:30")), Send)


def test_payment_in_flight_holds_until_its_date() -> None:
    """Rule 3.10: a transfer on its way from 06-08 until 06-12."""
    transfer = {"2026-06-08 12:00": held(HoldKind.PAYMENT_IN_FLIGHT, "2026-06-12")}

    assert contacts(live(a_collection(), "2026-05-02", 42, transfer))[2:] == ["Fri 06-12 S2 sent"]


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_held_collection_without_anything_to_come_still_looks_again(logic: Logic) -> None:
    """Rule 3.1: it is exhausted on the day the hold ends."""
    collection = a_collection(cadence=reminders(-5, logic=logic), holds=[a_hold(until="2026-06-10")])

    decision = decide(collection, at("2026-06-02 08:30"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.step) == (at("2026-06-10 00:00"), None)


def test_open_ended_hold_without_anything_to_come_names_no_step() -> None:
    """Rule 3.1."""
    collection = a_collection(cadence=reminders(-5), holds=[a_hold()])

    decision = decide(collection, at("2026-06-02 08:30"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.step) == (None, None)


@pytest.mark.parametrize(
    ("released_at", "expected"),
    [
        ("2026-06-23 07:00", "Tue 06-23 S2 sent"),
        ("2026-06-23 08:30", "Tue 06-23 S2 sent"),
        ("2026-06-23 08:31", "Wed 06-24 S2 sent"),
        ("2026-06-23 11:00", "Wed 06-24 S2 sent"),
        ("2026-06-26 11:00", "Mon 06-29 S2 sent"),
    ],
)
def test_resumed_message_goes_out_at_the_next_send_time(released_at: str, expected: str) -> None:
    """Rule 3.1."""
    events = {"2026-06-05 12:00": held(), released_at: released()}

    for drive in (live, live_by_waits):
        assert story(drive(a_collection(), "2026-05-02", 60, events))[2] == expected


def test_resumed_today_is_said() -> None:
    """Rule 3.1."""
    decision = decide(before_the_second_reminder(released="2026-06-23 11:00"), at("2026-06-23 11:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-24 08:30")
    assert causes(decision) == [Because.TRIGGER, Because.RESUMED_TODAY]


@pytest.mark.parametrize("now", ["2026-06-23 05:00", "2026-06-23 19:00"])
def test_resumed_todo_appears_at_once(now: str) -> None:
    """Rule 3.1: resumed outside send hours; its own day was 06-22."""
    collection = a_collection(logic=Logic.CONTEXTUAL, released=now, last_contact="2026-06-04")

    decision = decide(collection, at(now))

    assert isinstance(decision, OpenTodo)
    assert decision.step.id == "S4"


@pytest.mark.parametrize(
    ("state", "closing"), [(InvoiceState.VOID, Closing.VOID), (InvoiceState.WRITTEN_OFF, Closing.WRITTEN_OFF)]
)
def test_void_or_written_off_invoice_ends_its_collection(state: InvoiceState, closing: Closing) -> None:
    """Rule 3.2: even while it is held."""
    assert decide(before_the_second_reminder(state=state), SECOND_REMINDER_AT) == Close(closing)
    assert decide(before_the_second_reminder(state=state, holds=[a_hold()]), SECOND_REMINDER_AT) == Close(closing)


@pytest.mark.parametrize(
    ("outstanding", "tolerance", "is_paid"),
    [("0", "0", True), ("0.01", "0", False), ("1.00", "1.00", True), ("1.01", "1.00", False), ("-5", "0", True)],
)
def test_invoice_is_paid_up_to_the_tolerance(outstanding: str, tolerance: str, is_paid: bool) -> None:
    """Rule 3.2."""
    collection = before_the_second_reminder(outstanding=outstanding, tolerance=tolerance)

    decision = decide(collection, SECOND_REMINDER_AT)

    assert isinstance(decision, Close if is_paid else Send)
    assert not is_paid or decision == Close(Closing.PAID)


def test_latest_of_several_holds_wins_and_all_are_shown() -> None:
    """Rule 3.6: paused until 06-10, promised until 06-15."""
    holds = [a_hold(until="2026-06-10"), a_hold(HoldKind.PROMISE, "2026-06-15")]

    for order in (holds, holds[::-1]):
        decision = decide(before_the_second_reminder(holds=order), SECOND_REMINDER_AT)
        assert isinstance(decision, Wait)
        assert (decision.until, decision.due_on) == (at("2026-06-15 00:00"), on("2026-06-15"))
        assert {Because.PAUSE, Because.PROMISE} <= set(causes(decision))


def test_open_ended_hold_outlasts_all_others() -> None:
    """Rule 3.6."""
    holds = [a_hold(until="2026-06-10"), a_hold(HoldKind.DISPUTE), a_hold(HoldKind.PROMISE, "2026-06-15")]

    decision = decide(before_the_second_reminder(holds=holds), at("2026-06-09 08:30"))

    assert isinstance(decision, Wait)
    assert decision.until is None
    assert causes(decision) == [Because.PAUSE, Because.DISPUTE, Because.PROMISE]


def test_hold_is_shown_even_if_it_ends_before_the_next_step() -> None:
    """Rule 3.6: paused until 06-12, S3 is due on 06-15; the process looks again when the pause is over."""
    collection = a_collection(
        done=["S0", "S1", "S2"], last_contact="2026-06-09", holds=[a_hold(until="2026-06-12")]
    )

    decision = decide(collection, at("2026-06-10 12:00"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (at("2026-06-12 00:00"), on("2026-06-15"))
    assert causes(decision) == [Because.PAUSE, Because.TRIGGER]


def test_past_holds_are_not_shown() -> None:
    """Rule 3.6."""
    collection = before_the_second_reminder(holds=[a_hold(until="2026-06-08")])

    decision = decide(collection, at("2026-06-08 08:30"))

    assert causes(decision) == [Because.TRIGGER]


def test_nothing_expires_while_held() -> None:
    """Rule 3.6: and all of it on the day the hold ends, though nothing runs then."""
    steps = reminders(1, 2, 40, logic=Logic.CONTEXTUAL)
    collection = a_collection(cadence=steps, holds=[a_hold(until="2026-06-20")], hidden=True)

    assert story(live_by_waits(collection, "2026-06-01", 30)) == ["Sat 06-20 S0 superseded"]
    assert story(live(collection, "2026-06-01", 30)) == ["Sat 06-20 S0 superseded"]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER])
@pytest.mark.parametrize("manual", [False, True])
def test_hidden_invoice_is_not_written_about(channel: Channel, manual: bool) -> None:
    """Rule 3.7: neither by machine nor by hand."""
    cadence = a_cadence([a_step("S", 8, channel, manual=manual)])

    decision = decide(a_collection(cadence=cadence, hidden=True), SECOND_REMINDER_AT)

    assert isinstance(decision, Wait)
    assert decision.due_on is None
    assert causes(decision)[-1] is Because.HIDDEN


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.TASK])
def test_hidden_invoice_is_still_worked_on(channel: Channel) -> None:
    """Rule 3.7."""
    cadence = a_cadence([a_step("S", 8, channel)])

    assert isinstance(decide(a_collection(cadence=cadence, hidden=True), SECOND_REMINDER_AT), OpenTodo)


@pytest.mark.parametrize(("logic", "expected"), [(Logic.STANDARD, []), (Logic.CONTEXTUAL, ["Mon 06-22 S4 to-do"])])
def test_hidden_email_keeps_its_place_in_standard_logic_only(logic: Logic, expected: list[str]) -> None:
    """Rule 3.7: hidden from the start, the call is reached when the emails are superseded."""
    log = live_by_waits(a_collection(logic=logic, hidden=True), "2026-05-02", 60)

    assert contacts(log) == expected


def test_automatic_steps_wait_while_sending_is_switched_off() -> None:
    """Rule 3.8."""
    decision = decide(before_the_second_reminder(sends_automatically=False), SECOND_REMINDER_AT)

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (None, None)
    assert causes(decision) == [Because.TRIGGER, Because.SENDING_OFF]


def test_manual_steps_run_while_sending_is_switched_off() -> None:
    """Rule 3.8: S3 is done, the call of 06-22 opens."""
    collection = a_collection(done=["S0", "S1", "S2", "S3"], last_contact="2026-06-15", sends_automatically=False)

    assert contacts(live_by_waits(collection, "2026-06-16", 20)) == ["Mon 06-22 S4 to-do"]


@pytest.mark.parametrize(
    ("change", "closes"),
    [
        ({"holds": [a_hold(HoldKind.DISPUTE)]}, False),
        ({"hidden": True}, False),
        ({"sends_automatically": False}, False),
        ({"due": "2026-06-20"}, False),
        ({"state": InvoiceState.VOID}, True),
        ({"outstanding": "0"}, True),
    ],
    ids=["disputed", "hidden", "switched off", "due date moved", "void", "paid"],
)
def test_what_was_due_is_not_sent_when_the_facts_have_changed(change: dict[str, object], closes: bool) -> None:
    """Rule 3.9: planned for 08:30, something happened at 08:29."""
    assert isinstance(decide(before_the_second_reminder(), SECOND_REMINDER_AT), Send)

    again = decide(before_the_second_reminder(**change), SECOND_REMINDER_AT)

    assert isinstance(again, Close if closes else Wait)


def test_draft_is_not_collected() -> None:
    """Rule 3.11."""
    decision = decide(before_the_second_reminder(state=InvoiceState.DRAFT), SECOND_REMINDER_AT)

    assert isinstance(decision, Wait)
    assert (decision.until, causes(decision)) == (None, [Because.DRAFT])


def test_reason_reads_as_a_phrase() -> None:
    """Rule 3.6: people read it on the invoice."""
    decision = decide(before_the_second_reminder(holds=[a_hold(until="2026-06-11")]), SECOND_REMINDER_AT)
    held_open = decide(before_the_second_reminder(holds=[a_hold()]), SECOND_REMINDER_AT)
    draft = decide(before_the_second_reminder(state=InvoiceState.DRAFT), SECOND_REMINDER_AT)
    assert isinstance(decision, Wait)
    assert isinstance(held_open, Wait)
    assert isinstance(draft, Wait)

    assert [str(reason) for reason in decision.because] == [
        "trigger date Tue 2026-06-09 (due date +8 days)",
        "paused until Thu 2026-06-11",
    ]
    assert [str(reason) for reason in held_open.because] == ["paused until it is ended"]
    assert [str(reason) for reason in draft.because] == ["not issued yet"]
    assert decision.due_on == date(2026, 6, 11)
    assert the_cadence_w().contact_delay_days_min == 5
