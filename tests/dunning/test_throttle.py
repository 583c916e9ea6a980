"""How much a sender may send: no minute and no day has more than it may, and nobody waits for ever."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunning.calendar import Calendar
from dunning.throttle import MINUTE, SLOT_LASTS, Throttle, holds, next_slot

PARIS = Calendar(ZoneInfo("Europe/Paris"))
FRIDAY = datetime(2026, 6, 5, 8, 0, tzinfo=UTC)


def slots(throttle: Throttle, count: int, now: datetime = FRIDAY) -> list[datetime]:
    """Return the slots that so many messages get that ask at once."""
    taken = []
    for _ in range(count):
        slot, throttle = next_slot(throttle, now, PARIS)
        taken.append(slot)
    return taken


def test_a_sender_without_limits_sends_at_once() -> None:
    """Rule 8.4."""
    assert slots(Throttle(), 3) == [FRIDAY] * 3


def test_messages_that_ask_at_once_get_slots_one_after_the_other() -> None:
    """Rule 8.4."""
    taken = slots(Throttle(minute_max=11), 3)

    assert taken == [FRIDAY, FRIDAY + timedelta(seconds=6), FRIDAY + timedelta(seconds=12)]


def test_what_a_day_has_no_room_for_goes_out_at_the_send_time_of_the_next_business_day() -> None:
    """Rule 8.4."""
    taken = slots(Throttle(day_max=2), 5)

    monday = datetime(2026, 6, 8, 6, 30, tzinfo=UTC)
    tuesday = monday + timedelta(days=1)
    assert taken == [FRIDAY, FRIDAY, monday, monday, tuesday]


def test_what_was_sent_yesterday_takes_nothing_from_today() -> None:
    """Rule 8.4."""
    _, throttle = next_slot(Throttle(day_max=1), FRIDAY - timedelta(days=1), PARIS)

    assert next_slot(throttle, FRIDAY, PARIS)[0] == FRIDAY


def test_a_missed_slot_does_not_count_twice_for_its_day() -> None:
    first, throttle = next_slot(Throttle(day_max=1), FRIDAY, PARIS)

    again, throttle = next_slot(throttle, FRIDAY + timedelta(minutes=5), PARIS, missed=first)

    assert again == FRIDAY + timedelta(minutes=5)
    assert next_slot(throttle, again, PARIS)[0] == datetime(2026, 6, 8, 6, 30, tzinfo=UTC)


def test_a_slot_is_used_at_its_moment_or_right_after_it() -> None:
    assert holds(FRIDAY, FRIDAY, PARIS)
    assert holds(FRIDAY, FRIDAY + SLOT_LASTS, PARIS)
    assert not holds(FRIDAY, FRIDAY - timedelta(microseconds=1), PARIS)
    assert not holds(FRIDAY, FRIDAY + SLOT_LASTS + timedelta(microseconds=1), PARIS)
    assert not holds(None, FRIDAY, PARIS)


def test_a_slot_of_yesterday_is_not_used_today() -> None:
    midnight = PARIS.start_of(FRIDAY.date())

    assert not holds(midnight - timedelta(seconds=1), midnight, PARIS)


def test_slots_end_with_the_send_hours() -> None:
    almost_closed = PARIS.closes_at(FRIDAY.date()) - timedelta(seconds=10)

    taken = slots(Throttle(minute_max=11), 3, almost_closed)

    assert taken == [almost_closed, almost_closed + timedelta(seconds=6), datetime(2026, 6, 8, 6, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("minute_max", "day_max"), [(0, None), (None, 0), (-1, 5)])
def test_a_sender_that_may_send_nothing_is_refused(minute_max: int | None, day_max: int | None) -> None:
    with pytest.raises(ValueError, match="no slot"):
        Throttle(minute_max, day_max)


@given(
    minute_max=st.integers(1, 30),
    day_max=st.none() | st.integers(1, 40),
    late=st.lists(st.floats(0, 9), min_size=1, max_size=60),
    pauses=st.lists(st.floats(0, 90), min_size=1, max_size=60),
)
def test_no_minute_and_no_day_has_more_than_it_may_however_late_each_message_is(
    minute_max: int, day_max: int | None, late: list[float], pauses: list[float]
) -> None:
    """Messages ask one after the other, come back to their slot late, and take another if it is too late."""
    throttle, asked, sent = Throttle(minute_max, day_max), FRIDAY, []
    waiting: list[tuple[datetime, int]] = []
    lateness = {index: timedelta(seconds=seconds) for index, seconds in enumerate(late)}
    for index in range(len(late)):
        slot, throttle = next_slot(throttle, asked, PARIS)
        waiting.append((slot, index))
        asked += timedelta(seconds=pauses[index % len(pauses)])
    while waiting:
        # They come back in the order of their moments, as the workers' clocks have it.
        slot, index = min(waiting, key=lambda one: one[0] + lateness[one[1]])
        waiting.remove((slot, index))
        now = slot + lateness[index]
        if holds(slot, now, PARIS):
            sent.append(now)
        else:
            slot, throttle = next_slot(throttle, now, PARIS, missed=slot)
            lateness[index] = timedelta(0)
            waiting.append((slot, index))

    assert len(sent) == len(late)
    sent.sort()
    for place, moment in enumerate(sent):
        assert sum(moment <= other < moment + MINUTE for other in sent[place:]) <= minute_max
    if day_max is not None:
        days = [PARIS.local_date(moment) for moment in sent]
        assert max(days.count(day) for day in days) <= day_max
