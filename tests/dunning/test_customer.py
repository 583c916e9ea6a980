"""Several invoices of one customer: a delay between contacts that is kept for all of them."""

from dataclasses import replace

import pytest

from dunning.cadence import Channel, Logic
from dunning.decide import decide
from dunning.decision import Because, OpenTodo, Send, Wait
from dunning.facts import Facts
from dunning.forecast import Ahead, forecast
from dunning.forecast_customer import forecast_customer
from tests.dunning.builders import (
    BOTH_LOGICS,
    a_cadence,
    a_calendar,
    a_collection,
    a_hold,
    a_step,
    at,
    causes,
    contacts,
    live,
    live_by_waits,
    on,
    reminders,
)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_contact_about_another_invoice_keeps_the_delay(logic: Logic) -> None:
    """Rule 2.14: INV-1 was reminded on 06-04; the step of INV-2 triggers on 06-05."""
    second = a_collection(cadence=reminders(4, logic=logic), invoice_id=2)
    second = replace(second, customer_contact_on=on("2026-06-04"))

    decision = decide(second, at("2026-06-05 08:30"))

    assert isinstance(decision, Wait)
    assert (decision.until, decision.due_on) == (at("2026-06-09 08:30"), on("2026-06-09"))
    assert str(decision.because[-1]) == (
        "minimum contact delay until Tue 2026-06-09 (5 days after the customer's last contact on Thu 2026-06-04)"
    )
    for drive in (live, live_by_waits):
        assert contacts(drive(second, "2026-06-01", 20)) == ["Tue 06-09 S0 sent"]


def test_todo_keeps_the_delay_for_the_customer_too() -> None:
    """Rules 2.7 and 2.14: also on a Sunday."""
    call = a_cadence([a_step("call", 4, Channel.CALL)], contact_delay_days_min=3)
    second = replace(a_collection(cadence=call), customer_contact_on=on("2026-06-04"))

    assert isinstance(decide(second, at("2026-06-06 08:30")), Wait)
    assert isinstance(decide(second, at("2026-06-07 08:30")), OpenTodo)


def test_without_a_delay_invoices_of_a_customer_share_a_day_but_one_invoice_has_none_for_two() -> None:
    """Rules 1.5 and 2.14."""
    collection = a_collection(cadence=reminders(3, contact_delay_days_min=0))
    today = on("2026-06-04")

    shared = decide(replace(collection, customer_contact_on=today), at("2026-06-04 08:30"))
    twice = decide(replace(collection, last_contact_on=today), at("2026-06-04 08:30"))

    assert isinstance(shared, Send)
    assert isinstance(twice, Wait)
    assert twice.due_on == on("2026-06-05")
    assert str(twice.because[-1]) == "minimum contact delay until Fri 2026-06-05 (1 days after Thu 2026-06-04)"


def test_later_of_both_contacts_sets_the_day() -> None:
    """Rules 1.5 and 2.14: its own of 06-01, and one about another invoice on 06-04."""
    collection = a_collection(cadence=reminders(3), last_contact="2026-06-01")

    decision = decide(replace(collection, customer_contact_on=on("2026-06-04")), at("2026-06-04 08:30"))

    assert isinstance(decision, Wait)
    assert decision.due_on == on("2026-06-09")
    assert causes(decision) == [Because.TRIGGER, Because.CONTACT_DELAY]


def test_pre_due_step_does_not_roll_back_into_the_delay_for_the_customer() -> None:
    """Rules 2.9 and 2.14: due Sun 06-07, the step of Sat 06-06 would go out on Fri 06-05."""
    cadence = reminders(-1, contact_delay_days_min=2)
    collection = a_collection(due="2026-06-07", cadence=cadence)

    free = decide(collection, at("2026-06-05 08:30"))
    held = decide(replace(collection, customer_contact_on=on("2026-06-04")), at("2026-06-05 08:30"))

    assert isinstance(free, Send)
    assert isinstance(held, Wait)
    assert causes(held)[-1] is Because.LAPSES


def the_years_of(*collections: Facts, delays: bool = False, merges: bool = False) -> list[Ahead]:
    """Return what is foretold for the customer's collections."""
    return forecast_customer(
        collections, at("2026-05-02 08:00"), on("2026-07-31"), delays_customer=delays, merges_same_day=merges
    )


def sent(ahead: Ahead) -> list[str]:
    """Return the actions, and with which invoice's message they go, as sentences."""
    return [
        f"{each.on:%a %m-%d} {each.step.id}"
        + ("" if each.is_sent else " to-do")
        + ("" if each.merged_into is None else f" with {each.merged_into}")
        for each in ahead.actions
    ]


def test_messages_of_one_step_on_one_day_go_out_as_one() -> None:
    """Rule 2.15: INV-1 and INV-2, both due on 06-01 under W; each collection has its step done."""
    calendar = a_calendar(jitter_minutes=60)
    one, other = a_collection(calendar=calendar), a_collection(calendar=calendar, invoice_id=2)

    first, second = the_years_of(one, other, merges=True)

    # INV-2 goes out at 08:44, INV-1 would at 09:07 (rule 2.2).
    assert sent(second) == ["Wed 05-27 S0", "Thu 06-04 S1", "Tue 06-09 S2", "Mon 06-15 S3", "Mon 06-22 S4 to-do"]
    assert sent(first) == [
        "Wed 05-27 S0 with 2",
        "Thu 06-04 S1 with 2",
        "Tue 06-09 S2 with 2",
        "Mon 06-15 S3 with 2",
        "Mon 06-22 S4 to-do",
    ]
    assert [each.at for each in first.actions] == [each.at for each in second.actions]


def test_messages_of_different_steps_cadences_or_days_go_out_by_themselves() -> None:
    """Rule 2.15."""
    of_w = a_collection()
    a_day_later = a_collection(due="2026-06-02", invoice_id=2)
    of_another = a_collection(cadence=reminders(3, name="other"), invoice_id=3)
    of_another_step = a_collection(done=["S0"], due="2026-05-27", invoice_id=4)

    years = the_years_of(of_w, a_day_later, of_another, of_another_step, merges=True)

    assert all(each.merged_into is None for ahead in years for each in ahead.actions if each.on < on("2026-06-05"))
    assert sent(years[0])[1] == "Thu 06-04 S1"
    assert sent(years[2]) == ["Thu 06-04 S0"]
    assert sent(years[3])[:2] == ["Mon 06-01 S1", "Mon 06-08 S2"]


def test_held_collection_is_not_taken_along() -> None:
    """Rules 2.15 and 3.1."""
    paused = a_collection(invoice_id=2, holds=[a_hold(until="2026-06-05")])

    first, second = the_years_of(a_collection(), paused, merges=True)

    assert sent(first)[:2] == ["Wed 05-27 S0", "Thu 06-04 S1"]
    assert sent(second)[:1] == ["Fri 06-05 S1"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (a_collection(invoice_id=2, obstacle="no valid recipient"), "Wed 05-27 S0 to-do"),
        (a_collection(invoice_id=2, done=["S0"], due="2026-05-24"), "Wed 05-27 S1"),
        (a_collection(invoice_id=2, hidden=True), ""),
    ],
    ids=["cannot be sent", "another step", "hidden"],
)
def test_collection_that_would_not_send_the_same_is_not_taken_along(other: Facts, expected: str) -> None:
    """Rules 2.15, 3.7 and 4.4: on 05-27 S0 of INV-1 goes out."""
    first, second = the_years_of(a_collection(), other, merges=True)

    assert sent(first)[0] == "Wed 05-27 S0"
    assert "".join(sent(second)[:1]) == expected


def test_years_of_a_customer_keep_the_delay_between_invoices() -> None:
    """Rule 2.14: S3 of INV-1 on Mon 06-15 puts off the step of INV-2 from 06-16; an open to-do is no contact."""
    second = a_collection(cadence=reminders(15, name="other"), invoice_id=2)

    first, other = the_years_of(a_collection(), second, delays=True)

    assert sent(first)[2:] == ["Tue 06-09 S2", "Mon 06-15 S3", "Mon 06-22 S4 to-do"]
    assert sent(other) == ["Mon 06-22 S0"]


def test_invoices_that_are_due_at_once_take_turns_by_their_ids() -> None:
    """Rule 2.14: and the delay is between any two contacts of the customer."""
    both = [a_collection(cadence=reminders(3, 20), invoice_id=number) for number in (8, 7)]

    second, first = the_years_of(*both, delays=True)

    assert sent(first) == ["Thu 06-04 S0", "Mon 06-22 S1"]
    assert sent(second) == ["Tue 06-09 S0", "Mon 06-29 S1"]


def test_what_a_collection_waits_for_at_the_end_heeds_the_other_invoices() -> None:
    """Rule 2.14: on 06-16, the day after S3 of INV-1."""
    second = a_collection(cadence=reminders(15, name="other"), invoice_id=2)

    other = forecast_customer(
        [a_collection(), second],
        at("2026-06-10 08:00"),
        on("2026-06-15"),
        delays_customer=True,
        merges_same_day=False,
    )[1]

    assert isinstance(other.rests, Wait)
    assert (other.actions, other.rests.due_on) == ((), on("2026-06-22"))


@pytest.mark.parametrize("todo_days", [None, 0, 2])
@pytest.mark.parametrize("until", ["2026-05-31", "2026-06-01", "2026-06-04", "2026-07-31"])
def test_forecast_of_a_customer_with_one_invoice_is_that_of_the_invoice(until: str, todo_days: int | None) -> None:
    """Rules 2.12, 2.14 and 2.15: to the end of the last day, with people as quick."""
    lapsing = a_collection(due="2026-05-31", cadence=reminders(-1, 4))
    for facts in (a_collection(), lapsing):
        foretold = forecast_customer(
            [facts], at("2026-05-29 19:00"), on(until), todo_days, delays_customer=True, merges_same_day=True
        )

        assert foretold == [forecast(facts, at("2026-05-29 19:00"), on(until), todo_days)]


def test_merged_message_is_one_contact_of_the_customer() -> None:
    """Rules 2.14 and 2.15: both settings at once do not hold up each other."""
    first, second = the_years_of(a_collection(), a_collection(invoice_id=2), delays=True, merges=True)

    assert sent(first)[:3] == ["Wed 05-27 S0", "Thu 06-04 S1", "Tue 06-09 S2"]
    assert sent(second)[:3] == ["Wed 05-27 S0 with 1", "Thu 06-04 S1 with 1", "Tue 06-09 S2 with 1"]


def test_without_the_settings_each_year_is_the_collections_own() -> None:
    """Rules 2.14 and 2.15: they are settings of the organization."""
    collections = a_collection(invoice_id=2), a_collection(logic=Logic.CONTEXTUAL)
    now, until = at("2026-05-02 08:00"), on("2026-07-31")

    assert the_years_of(*collections) == [forecast(facts, now, until) for facts in collections]
