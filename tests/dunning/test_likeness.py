"""Collections that are alike have the same days ahead, whoever they belong to."""

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunning.facts import Facts, Invoice
from dunning.forecast import forecast
from dunning.likeness import likeness
from tests.dunning.builders import a_calendar, a_collection, a_hold, at, on
from tests.dunning.strategies import collections, moments

# What a forecast does not read, or only as far as the key has it: amounts say whether anything is left to collect.
_NOT_IN_KEY = {"invoice", "released_at", "tolerance", "cycle", "hold_days", "shelf"}
_NOT_IN_KEY_OF_INVOICE = {"id", "number", "outstanding", "currency", "settled"}


def days_ahead(facts: Facts, now: datetime, todo_days: int | None) -> list[tuple[date, str, int, bool]]:
    until = facts.calendar.local_date(now) + timedelta(days=90)
    ahead = forecast(facts, now, until, todo_days)
    return [(one.on, one.step.id, one.occurrence, one.is_sent) for one in ahead.actions]


def key(facts: Facts, now: datetime) -> object:
    return likeness(facts, facts.calendar.local_date(now))


@given(
    collections(repeats=True),
    moments(),
    st.one_of(st.none(), moments()),
    st.integers(1, 2**31),
    st.sampled_from([None, 0, 1, 5]),
)
def test_alike_collections_have_the_same_days_ahead(
    facts: Facts, now: datetime, released_at: datetime | None, other_id: int, todo_days: int | None
) -> None:
    """Rules 2.2 and 2.12."""
    facts = replace(facts, released_at=released_at)
    invoice = replace(facts.invoice, id=other_id, number="OTHER", outstanding=facts.invoice.outstanding * 3)
    other = replace(facts, invoice=invoice)

    if key(other, now) == key(facts, now):
        assert days_ahead(other, now, todo_days) == days_ahead(facts, now, todo_days)


def test_only_what_a_person_released_today_depends_on_the_minute_of_its_messages() -> None:
    """Rule 3.1: one goes out at 08:30 and was released after that, the other later and before that."""
    calendar = a_calendar(jitter_minutes=600)
    first = a_collection(calendar=calendar, done=["S0"], released="2026-06-04 09:00", invoice_id=2**32)
    second = replace(first, invoice=replace(first.invoice, id=1))
    now, tomorrow = at("2026-06-04 09:30"), at("2026-06-05 09:30")

    assert days_ahead(first, now, None) != days_ahead(second, now, None)
    assert key(first, now) != key(second, now)
    assert key(first, tomorrow) == key(second, tomorrow)
    assert days_ahead(first, tomorrow, None) == days_ahead(second, tomorrow, None)


@pytest.mark.parametrize(
    "other",
    [
        {"last_contact_on": on("2026-06-04")},
        {"entered_on": on("2026-06-04")},
        {"sends_automatically": False},
        {"customer_contact_on": on("2026-06-04")},
        {"holds": (a_hold(until="2026-06-26"),)},
        {"tolerance": Decimal(10_000)},
    ],
    ids=str,
)
def test_what_changes_the_days_changes_the_key(other: dict[str, object]) -> None:
    facts, now = a_collection(done=["S0"]), at("2026-06-03 09:00")

    assert key(replace(facts, **other), now) != key(facts, now)  # type: ignore[arg-type]


def test_every_fact_is_in_the_key_or_known_not_to_matter() -> None:
    """Whoever adds a fact decides whether the days ahead depend on it."""
    known = {
        *("cadence", "calendar", "entered_on", "last_contact_on", "statuses", "runs", "holds", "obstacles"),
        *("blocked_senders", "handed_over", "snoozed", "customer_contact_on", "sends_automatically"),
    }
    known_of_invoice = {"issued_on", "due_on", "state", "is_hidden"}

    assert {field.name for field in fields(Facts)} == known | _NOT_IN_KEY
    assert {field.name for field in fields(Invoice)} == known_of_invoice | _NOT_IN_KEY_OF_INVOICE
