"""The organization's calendar: local days, business days, and the hours of sending (rules 2.1 to 2.3)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
BUSINESS_DAYS_DEFAULT = frozenset({0, 1, 2, 3, 4})
# A year of holidays in a row is a mistake in the calendar, and a search without a bound would hide it.
ROLL_DAYS_MAX = 366
# Knuth's multiplicative hash: neighbouring invoice ids land far apart, and it needs no import.
_SPREAD = 2654435761


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the organization works and writes.

    `business_days` are weekdays (Monday is 0); messages go out from `send_time` until `send_until`,
    local time, each invoice up to `jitter_minutes` later than the first.
    """

    time_zone: ZoneInfo
    send_time: time = time(8, 30)
    send_until: time = time(18, 0)
    business_days: frozenset[int] = BUSINESS_DAYS_DEFAULT
    holidays: frozenset[date] = frozenset()
    jitter_minutes: int = 60

    def __post_init__(self) -> None:
        if not self.business_days or not self.business_days <= frozenset(range(7)):
            raise ValueError("a calendar needs at least one business day, from 0 (Monday) to 6")
        if self.send_time >= self.send_until:
            raise ValueError(f"send hours {self.send_time} to {self.send_until} hold no time")
        if self.jitter_minutes < 0:
            raise ValueError("a negative jitter would send before the send time")

    def local_date(self, moment: datetime) -> date:
        """Return the day that `moment` falls on in the organization's time zone."""
        return moment.astimezone(self.time_zone).date()

    def is_business_day(self, day: date) -> bool:
        """Say whether automatic messages may go out on `day`."""
        return day.weekday() in self.business_days and day not in self.holidays

    def next_business_day(self, day: date) -> date:
        """Return `day` itself or the first business day after it. Raises ValueError if a year holds none."""
        return self._roll(day, ONE_DAY)

    def business_day_before(self, day: date) -> date:
        """Return the last business day before `day`. Raises ValueError if a year holds none."""
        return self._roll(day - ONE_DAY, -ONE_DAY)

    def start_of(self, day: date) -> datetime:
        """Return local midnight of `day` in UTC."""
        return _moment(day, time.min, self.time_zone)

    def opens_at(self, day: date) -> datetime:
        """Return the send time of `day` in UTC; computed for each day, so that DST moves it (rule 2.3)."""
        return _moment(day, self.send_time, self.time_zone)

    def closes_at(self, day: date) -> datetime:
        """Return the moment of `day`, in UTC, after which nothing goes out any more."""
        return _moment(day, self.send_until, self.time_zone)

    def sends_at(self, day: date, invoice_id: int) -> datetime:
        """Return when messages about the invoice go out on `day`, UTC: the send time plus jitter (rule 2.2)."""
        opens, closes = self.opens_at(day), self.closes_at(day)
        window_seconds = min(self.jitter_minutes * 60, int((closes - opens).total_seconds()) - 1)
        spread = (invoice_id * _SPREAD) % 2**32 / 2**32
        return opens + timedelta(seconds=int(spread * window_seconds))

    def _roll(self, start: date, by: timedelta) -> date:
        day = start
        for _ in range(ROLL_DAYS_MAX):
            if self.is_business_day(day):
                return day
            day += by
        raise ValueError(f"no business day within a year of {start}")


# A whole book asks for the same few hundred days, thousands of times each.
@lru_cache(maxsize=4096)
def _moment(day: date, local: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, local, zone).astimezone(UTC)
