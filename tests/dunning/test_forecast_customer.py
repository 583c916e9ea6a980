"""What is foretold for a customer's invoices together: one delay for all, one message for a step of a day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunning.cadence import Channel, Logic
from dunning.decision import Because, Exhaust, Wait
from dunning.facts import Facts
from dunning.forecast import Ahead, Foretold, forecast
from dunning.forecast_customer import forecast_customer
from tests.dunning.builders import a_cadence, a_calendar, a_collection, a_step, at, on, reminders, the_cadence_w
from tests.dunning.strategies import LIFE_DAYS, START, cadences, calendars, collections

UNTIL = START + timedelta(days=3 * LIFE_DAYS)


def told(aheads: Sequence[Ahead]) -> list[list[str]]:
    """Return the actions of each collection as `Thu 06-04 S1`, with the invoice that carries the message."""
    return [
        [
            f"{each.on:%a %m-%d} {each.step.id}" + (f" in {each.merged_into}" if each.merged_into else "")
            for each in ahead.actions
        ]
        for ahead in aheads
    ]


def of_customer(
    *collections: Facts, delays: bool = False, merges: bool = False, todo_days: int | None = None
) -> list[Ahead]:
    """Return the forecast from 2026-05-02 on."""
    now, until = at("2026-05-02 08:00"), on("2027-05-02")
    return forecast_customer(collections, now, until, todo_days, delays_customer=delays, merges_same_day=merges)


def test_contacts_of_a_customer_keep_their_distance() -> None:
    """Rule 2.14: INV-1 is reminded on 06-04; INV-2, whose step triggers on 06-05, goes out on Tue 06-09."""
    first = a_collection(cadence=reminders(3))
    second = a_collection(cadence=reminders(4), invoice_id=2)

    aheads = of_customer(first, second, delays=True)

    assert told(aheads) == [["Thu 06-04 S0"], ["Tue 06-09 S0"]]
    assert [reason.because for reason in aheads[1].actions[0].because] == [Because.TRIGGER, Because.CONTACT_DELAY]
    assert told(of_customer(first, second)) == [["Thu 06-04 S0"], ["Fri 06-05 S0"]]


def test_of_two_that_are_due_at_one_moment_the_lower_id_goes_first() -> None:
    """Rule 2.14: whatever the order they are given in."""
    first = a_collection(cadence=reminders(3))
    second = a_collection(cadence=reminders(3), invoice_id=2)

    assert told(of_customer(second, first, delays=True)) == [["Tue 06-09 S0"], ["Thu 06-04 S0"]]


def test_todo_that_is_done_delays_the_customers_other_invoices() -> None:
    """Rules 2.8 and 2.14: the call of 06-04 is a contact once it was made, a task is none."""
    call = a_collection(cadence=a_cadence([a_step("C", 3, Channel.CALL)]))
    task = a_collection(cadence=a_cadence([a_step("T", 3, Channel.TASK)]))
    second = a_collection(cadence=reminders(4), invoice_id=2)

    assert told(of_customer(call, second, delays=True, todo_days=0))[1] == ["Tue 06-09 S0"]
    assert told(of_customer(call, second, delays=True))[1] == ["Fri 06-05 S0"]
    assert told(of_customer(task, second, delays=True, todo_days=0))[1] == ["Fri 06-05 S0"]


def test_same_step_of_the_same_day_is_one_message() -> None:
    """Rule 2.15: INV-1 and INV-2, both due on 06-01 under W: one message on 06-04 about both."""
    first, second = (a_collection(cadence=the_cadence_w(), invoice_id=number) for number in (1, 2))

    aheads = of_customer(first, second, merges=True, todo_days=0)

    assert told(aheads)[0] == ["Wed 05-27 S0", "Thu 06-04 S1", "Tue 06-09 S2", "Mon 06-15 S3", "Mon 06-22 S4",
                               "Wed 07-01 S5"]  # fmt: skip
    assert told(aheads)[1] == ["Wed 05-27 S0 in 1", "Thu 06-04 S1 in 1", "Tue 06-09 S2 in 1", "Mon 06-15 S3 in 1",
                               "Mon 06-22 S4", "Wed 07-01 S5 in 1"]  # fmt: skip


def test_first_to_fall_due_on_a_day_carries_the_message_of_the_others() -> None:
    """Rules 2.2 and 2.15: with jitter that need not be the lower id."""
    calendar = a_calendar(jitter_minutes=60)
    both = [a_collection(cadence=reminders(3), calendar=calendar, invoice_id=number) for number in (1, 2)]
    early, late = sorted(both, key=lambda facts: calendar.sends_at(on("2026-06-04"), facts.invoice.id))

    aheads = of_customer(late, early, merges=True)

    assert (aheads[0].actions[0].merged_into, aheads[1].actions[0].merged_into) == (early.invoice.id, None)
    assert (
        aheads[0].actions[0].at == aheads[1].actions[0].at == calendar.sends_at(on("2026-06-04"), early.invoice.id)
    )


@pytest.mark.parametrize(
    "other",
    [
        a_collection(cadence=reminders(3, 10), invoice_id=2),
        a_collection(cadence=reminders(3, 21, name="B"), invoice_id=2),
        a_collection(cadence=reminders(3, 21), due="2026-06-02", invoice_id=2),
    ],
    ids=["another version", "another cadence", "another day"],
)
def test_only_the_same_step_of_the_same_cadence_and_day_is_merged(other: Facts) -> None:
    """Rule 2.15."""
    aheads = of_customer(a_collection(cadence=reminders(3, 21)), other, merges=True)

    assert all(action.merged_into is None for ahead in aheads for action in ahead.actions)


def test_message_takes_along_what_expires_with_it() -> None:
    """Rules 2.6 and 2.15: INV-2 was entered late, its first step is superseded when the second goes out."""
    cadence = reminders(3, 14, logic=Logic.CONTEXTUAL)
    first = a_collection(cadence=cadence, done=["S0"], last_contact="2026-06-04")
    second = a_collection(cadence=cadence, entered="2026-06-15", invoice_id=2)

    aheads = of_customer(first, second, merges=True)

    assert told(aheads) == [["Mon 06-15 S1"], ["Mon 06-15 S1 in 1"]]
    assert [one.step.id for one in aheads[1].actions[0].expired] == ["S0"]
    assert [ahead.rests for ahead in aheads] == [Exhaust(), Exhaust()]


def test_merged_messages_do_not_delay_each_other() -> None:
    """Rules 2.14 and 2.15: together they are one contact, and the next one keeps its distance from it."""
    both = [a_collection(cadence=reminders(3, 5), invoice_id=number) for number in (1, 2)]

    assert told(of_customer(*both, delays=True, merges=True)) == [
        ["Thu 06-04 S0", "Tue 06-09 S1"],
        ["Thu 06-04 S0 in 1", "Tue 06-09 S1 in 1"],
    ]


def test_what_is_due_now_happens_in_turn_too() -> None:
    """Rules 2.11 and 2.14."""
    both = [a_collection(cadence=reminders(3), invoice_id=number) for number in (1, 2)]

    aheads = forecast_customer(
        both, at("2026-06-05 12:00"), on("2026-06-30"), delays_customer=True, merges_same_day=False
    )

    assert told(aheads) == [["Fri 06-05 S0"], ["Wed 06-10 S0"]]


def test_last_wait_knows_of_the_last_contact() -> None:
    """Rules 2.12 and 2.14: what comes after the forecast's end is announced for its true day."""
    first = a_collection(cadence=reminders(3))
    second = a_collection(cadence=reminders(4), invoice_id=2)

    aheads = forecast_customer(
        [first, second], at("2026-05-02 08:00"), on("2026-06-04"), delays_customer=True, merges_same_day=False
    )

    assert isinstance(aheads[1].rests, Wait)
    assert aheads[1].rests.due_on == on("2026-06-09")


# The promises.


@st.composite
def households(draw: st.DrawFn) -> list[Facts]:
    """Draw the collections of a customer, some of them under one cadence and due on one day."""
    calendar, shared = draw(calendars()), draw(cadences(repeats=True))
    drawn = draw(st.lists(collections(repeats=True), min_size=2, max_size=4))
    house: list[Facts] = []
    for number, facts in enumerate(drawn, start=1):
        invoice = replace(facts.invoice, id=number, number=f"INV-{number}")
        if draw(st.booleans()):
            facts = replace(drawn[0], cadence=shared)
            invoice = replace(drawn[0].invoice, id=number, number=f"INV-{number}")
        house.append(replace(facts, invoice=invoice, calendar=calendar))
    return house


def informed(house: Sequence[Facts]) -> list[Facts]:
    """Return the collections as the ledger gives them where the delay is kept for the whole customer."""
    return [
        replace(facts, customer_contact_on=max((d for d in others if d is not None), default=None))
        for number, facts in enumerate(house)
        for others in [[other.last_contact_on for index, other in enumerate(house) if index != number]]
    ]


NOW = at("2026-03-05 12:00")


@given(households(), st.sampled_from([None, 0, 3]))
def test_without_a_setting_each_is_foretold_by_itself(house: list[Facts], todo_days: int | None) -> None:
    """Rules 2.14 and 2.15."""
    together = forecast_customer(house, NOW, UNTIL, todo_days, delays_customer=False, merges_same_day=False)

    assert together == [forecast(facts, NOW, UNTIL, todo_days) for facts in house]


@given(households(), st.sampled_from([None, 0, 3]))
def test_merging_moves_nothing_to_another_day(house: list[Facts], todo_days: int | None) -> None:
    """Rule 2.15: and every message that speaks of another invoice is one about the same step."""
    merged = forecast_customer(house, NOW, UNTIL, todo_days, delays_customer=False, merges_same_day=True)

    for facts, ahead in zip(house, merged, strict=True):
        alone = forecast(facts, NOW, UNTIL, todo_days)
        assert [_what(each) for each in ahead.actions] == [_what(each) for each in alone.actions]
        for each in ahead.actions:
            if each.merged_into is not None:
                carriers = [one for one in merged[each.merged_into - 1].actions if one.at == each.at]
                assert (each.step.id, True, None) in [(o.step.id, o.is_sent, o.merged_into) for o in carriers]


@given(households(), st.booleans())
def test_no_two_messages_to_a_customer_are_closer_than_the_delay(house: list[Facts], merges: bool) -> None:
    """Rules 2.14 and 2.15: the delay of the later one's cadence counts."""
    aheads = forecast_customer(informed(house), NOW, UNTIL, delays_customer=True, merges_same_day=merges)

    sent = sorted(
        (
            (each.at, number, each)
            for number, ahead in enumerate(aheads)
            for each in ahead.actions
            if each.is_sent and each.merged_into is None
        ),
        key=lambda one: one[:2],
    )
    for (_, first, earlier), (_, second, later) in combinations(sent, 2):
        cadence = house[second].cadence
        assert cadence is not None
        delay_days = cadence.contact_delay_days_min if first != second else max(cadence.contact_delay_days_min, 1)
        assert (later.on - earlier.on).days >= delay_days


def _what(action: Foretold) -> tuple[object, ...]:
    return action.on, action.step.id, action.occurrence, action.is_sent
