"""Send hours, jitter and daylight saving, up to their edges (rules 2.1 to 2.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunning.calendar import Calendar
from dunning.decide import decide
from dunning.decision import Because, Send, Wait
from dunning.facts import Facts
from tests.dunning.builders import (
    a_calendar,
    a_collection,
    at,
    causes,
    on,
    reminders,
)


def third_reminder(calendar: Calendar | None = None, invoice_id: int = 1) -> Facts:
    """Return a collection whose S3 triggers on Mon 06-15."""
    return a_collection(
        done=["S0", "S1", "S2"], last_contact="2026-06-09", calendar=calendar, invoice_id=invoice_id
    )


@pytest.mark.parametrize("now", ["2026-06-15 08:30:00", "2026-06-15 15:00:00", "2026-06-15 17:59:59"])
def test_step_goes_out_all_through_the_send_hours(now: str) -> None:
    """Rule 2.1: a worker that was down until 15:00 still sends that day."""
    decision = decide(third_reminder(), at(now))

    assert isinstance(decision, Send)
    assert decision.due_on == on("2026-06-15")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-15 00:00:00", "2026-06-15 08:30"),
        ("2026-06-15 08:29:59", "2026-06-15 08:30"),
        ("2026-06-15 18:00:00", "2026-06-16 08:30"),
        ("2026-06-15 23:59:59", "2026-06-16 08:30"),
        ("2026-06-19 18:00:00", "2026-06-22 08:30"),
        ("2026-06-20 12:00:00", "2026-06-22 08:30"),
        ("2026-06-21 23:59:59", "2026-06-22 08:30"),
    ],
)
def test_outside_send_hours_the_step_waits_for_the_next_business_day(now: str, until: str) -> None:
    """Rule 2.1: 06-20 and 06-21 are a weekend."""
    decision = decide(third_reminder(), at(now))

    assert isinstance(decision, Wait)
    assert decision.until == at(until)


def test_wait_says_that_the_send_hours_are_over() -> None:
    """Rule 2.1: Friday evening leads to Monday, for two reasons."""
    decision = decide(third_reminder(), at("2026-06-19 18:30"))

    assert causes(decision) == [Because.TRIGGER, Because.SEND_HOURS, Because.BUSINESS_DAY]


def test_holidays_and_other_weeks_move_the_day() -> None:
    """Rule 2.1: Sunday to Thursday is the week, Mon 06-15 and Tue 06-16 are holidays."""
    calendar = a_calendar(business_days=[6, 0, 1, 2, 3], holidays=["2026-06-15", "2026-06-16"])
    decision = decide(third_reminder(calendar), at("2026-06-15 09:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-06-17 08:30")
    open_days = [day for day in range(14, 25) if calendar.is_business_day(on(f"2026-06-{day}"))]
    assert open_days == [14, 17, 18, 21, 22, 23, 24]


def test_day_is_that_of_the_organization() -> None:
    """Rule 2.1: 23:30 UTC of 06-14 is already Mon 06-15 in Paris, and 20:00 UTC of 06-15 is still Monday."""
    calendar = a_calendar()

    assert calendar.local_date(datetime(2026, 6, 14, 23, 30, tzinfo=UTC)) == on("2026-06-15")
    assert calendar.local_date(datetime(2026, 6, 15, 20, 0, tzinfo=UTC)) == on("2026-06-15")


def test_moment_without_a_time_zone_is_refused() -> None:
    """Rule 2.1: it would be read in the zone of the machine."""
    with pytest.raises(AssertionError, match="without a time zone"):
        decide(a_collection(), datetime(2026, 6, 15, 8, 30))  # noqa: DTZ001


@pytest.mark.parametrize("days", [[], [7], [0, -1]])
def test_calendar_without_real_business_days_is_refused(days: list[int]) -> None:
    """Rule 2.1."""
    with pytest.raises(ValueError, match=r"^a calendar needs at least one business day, from 0 \(Monday\) to 6$"):
        a_calendar(business_days=days)


@pytest.mark.parametrize("send_until", ["08:30", "08:00"])
def test_calendar_without_send_hours_is_refused(send_until: str) -> None:
    """Rule 2.1."""
    with pytest.raises(ValueError, match="hold no time"):
        a_calendar(send_until=send_until)


def test_year_of_holidays_is_an_error_and_no_endless_search() -> None:
    """Rules 2.1 and 4.5: whoever asks for the decision has to tell people."""
    closed = a_calendar(holidays=[str(on("2026-01-01") + timedelta(days=ahead)) for ahead in range(800)])

    with pytest.raises(ValueError, match="no business day"):
        closed.business_day_before(on("2027-06-01"))
    with pytest.raises(ValueError, match="no business day within a year of 2026-06-15"):
        decide(third_reminder(closed), at("2026-06-15 08:30"))


def test_business_day_before_never_is_the_day_itself() -> None:
    """Rule 2.9: before Monday is Friday, before Tuesday is Monday."""
    calendar = a_calendar()

    assert calendar.business_day_before(on("2026-06-15")) == on("2026-06-12")
    assert calendar.business_day_before(on("2026-06-16")) == on("2026-06-15")


def test_negative_jitter_is_refused() -> None:
    """Rule 2.2."""
    with pytest.raises(ValueError, match=r"^a negative jitter would send before the send time$"):
        a_calendar(jitter_minutes=-1)


def test_jitter_of_an_invoice_is_the_same_every_day() -> None:
    """Rule 2.2."""
    calendar = a_calendar(jitter_minutes=60)

    assert calendar.sends_at(on("2026-06-15"), 1) == at("2026-06-15 09:07:04")
    assert calendar.sends_at(on("2026-06-16"), 1) == at("2026-06-16 09:07:04")
    assert calendar.sends_at(on("2026-06-15"), 2) == at("2026-06-15 08:44:09")


def test_jittered_step_waits_for_its_own_minute() -> None:
    """Rule 2.2."""
    collection = third_reminder(a_calendar(jitter_minutes=60))

    early = decide(collection, at("2026-06-15 09:07:03"))

    assert isinstance(early, Wait)
    assert early.until == at("2026-06-15 09:07:04")
    assert isinstance(decide(collection, at("2026-06-15 09:07:04")), Send)


def test_jitter_spreads_neighbouring_invoices_evenly() -> None:
    """Rule 2.2: of 600 invoices, each of the 60 minutes gets 8 to 12."""
    calendar = a_calendar(jitter_minutes=60)
    opens = calendar.opens_at(on("2026-06-15"))
    minutes = [int((calendar.sends_at(on("2026-06-15"), i) - opens).total_seconds()) // 60 for i in range(1, 601)]

    assert set(minutes) == set(range(60))
    assert all(8 <= minutes.count(minute) <= 12 for minute in range(60))


@given(st.integers(0, 2**63), st.integers(0, 24 * 60), st.integers(1, 600))
def test_jitter_never_passes_its_window_nor_the_send_hours(
    invoice_id: int, jitter_minutes: int, open_minutes: int
) -> None:
    """Rule 2.2."""
    send_until = f"{8 + open_minutes // 60:02}:{open_minutes % 60:02}"
    calendar = a_calendar(send_time="08:00", send_until=send_until, jitter_minutes=jitter_minutes)
    day = on("2026-06-15")
    late = calendar.sends_at(day, invoice_id) - calendar.opens_at(day)

    assert timedelta(0) <= late <= timedelta(minutes=jitter_minutes)
    assert calendar.sends_at(day, invoice_id) < calendar.closes_at(day)


@pytest.mark.parametrize(
    ("zone", "day", "expected", "hours"),
    [
        ("Europe/Paris", "2026-03-28", "2026-03-28 07:30", 24),
        ("Europe/Paris", "2026-03-29", "2026-03-29 06:30", 23),
        ("Europe/Paris", "2026-03-30", "2026-03-30 06:30", 24),
        ("Europe/Paris", "2026-10-24", "2026-10-24 06:30", 24),
        ("Europe/Paris", "2026-10-25", "2026-10-25 07:30", 25),
        ("Europe/Paris", "2026-10-26", "2026-10-26 07:30", 24),
        ("America/New_York", "2026-03-07", "2026-03-07 13:30", 24),
        ("America/New_York", "2026-03-08", "2026-03-08 12:30", 23),
        ("America/New_York", "2026-11-01", "2026-11-01 13:30", 25),
        ("Asia/Kolkata", "2026-03-29", "2026-03-29 03:00", 24),
    ],
)
def test_send_time_is_local_on_days_of_every_length(zone: str, day: str, expected: str, hours: int) -> None:
    """Rule 2.3."""
    calendar = a_calendar(zone=zone)
    length = calendar.start_of(on(day) + timedelta(days=1)) - calendar.start_of(on(day))

    assert calendar.opens_at(on(day)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert length == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("due", "day"), [("2026-03-26", "2026-03-29"), ("2026-10-22", "2026-10-25"), ("2026-03-27", "2026-03-30")]
)
def test_step_of_a_day_of_changing_clocks_goes_out_once_at_its_local_time(due: str, day: str) -> None:
    """Rule 2.3: on a Sunday that is a business day here."""
    every_day = a_calendar(business_days=range(7))
    collection = a_collection(issued="2026-03-01", due=due, cadence=reminders(3), calendar=every_day)

    waiting = decide(collection, at(f"{day} 00:00"))

    assert isinstance(waiting, Wait)
    assert waiting.until == at(f"{day} 08:30")
    assert isinstance(decide(collection, at(f"{day} 08:30")), Send)


def test_send_time_that_the_clock_skips_is_an_hour_later_that_day() -> None:
    """Rule 2.3: on 03-29 there is no 02:30 in Paris."""
    calendar = a_calendar(send_time="02:30", business_days=range(7))

    assert calendar.opens_at(on("2026-03-29")) == at("2026-03-29 03:30")


def test_send_time_that_comes_twice_is_the_first() -> None:
    """Rule 2.3: on 10-25 there are two 02:30 in Paris."""
    assert a_calendar(send_time="02:30").opens_at(on("2026-10-25")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2026-04-24", "2026-10-30"])
def test_day_that_starts_without_a_midnight_still_starts(day: str) -> None:
    """Rule 2.3: in Cairo the clock is put forward, and back, at midnight."""
    calendar = a_calendar(zone="Africa/Cairo")
    start = calendar.start_of(on(day))

    assert calendar.local_date(start) == on(day)
    assert calendar.local_date(start - timedelta(seconds=1)) == on(day) - timedelta(days=1)


def test_latest_invoice_of_all_goes_out_before_the_send_hours_end() -> None:
    """Rule 2.2: the id that the jitter moves furthest, where the window is as long as the send hours."""
    latest = -pow(2654435761, -1, 2**32) % 2**32
    calendar = a_calendar(jitter_minutes=24 * 60)

    assert calendar.sends_at(on("2026-06-15"), latest) == at("2026-06-15 17:59:58")
