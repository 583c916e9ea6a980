"""How much a sender may send: which moment is free for its next message (rule 8.4)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunning.calendar import ONE_DAY, Calendar

MINUTE = timedelta(minutes=1)
# A message that comes later than this to its slot takes another. The slots lie so much further apart than the
# limit asks that no minute has more messages than it may, however late each one is.
SLOT_LASTS = timedelta(seconds=4)
_SPARE = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Throttle:
    """A sender's limits, and what is taken: slots before `next_at`, and so many of them on `day`."""

    minute_max: int | None = None
    day_max: int | None = None
    next_at: datetime | None = None
    day: date | None = None
    day_count: int = 0

    def __post_init__(self) -> None:
        if any(limit is not None and limit < 1 for limit in (self.minute_max, self.day_max)):
            raise ValueError("a sender that may send nothing has no slot")


def holds(slot_at: datetime | None, now: datetime, calendar: Calendar) -> bool:
    """Say whether the slot is the one to use now."""
    if slot_at is None or not slot_at <= now <= slot_at + SLOT_LASTS:
        return False
    return calendar.local_date(slot_at) == calendar.local_date(now)


def next_slot(
    throttle: Throttle, now: datetime, calendar: Calendar, missed: datetime | None = None
) -> tuple[datetime, Throttle]:
    """Return the next free slot, `now` or later, and the throttle once it is taken.

    `missed` is a slot that the same message had and did not use: it does not count twice for the day. What has no
    room left within the day's limit or its send hours, gets the send time of the next business day. Raises
    ValueError if a year holds none.
    """
    slot = now if throttle.next_at is None else max(now, throttle.next_at)
    day = calendar.local_date(slot)
    count = throttle.day_count if throttle.day == day else 0
    counts = missed is None or calendar.local_date(missed) != day
    is_full = throttle.day_max is not None and count + counts > throttle.day_max
    # Who may send now at all hours, such as a person, is not held up by them.
    if is_full or (now < slot and slot >= calendar.closes_at(day)):
        day = calendar.next_business_day(day + ONE_DAY)
        slot, count, counts = calendar.opens_at(day), 0, True
    count += counts
    apart = timedelta(0) if throttle.minute_max is None else (MINUTE + _SPARE) / throttle.minute_max
    return slot, Throttle(throttle.minute_max, throttle.day_max, slot + apart, day, count)
