"""The organization's settings as decisions need them: read once for a statement, made once for a book."""

import json
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.holiday_calendars import holidays_of
from dunning.calendar import Calendar
from dunning.facts import HoldDays

# One JSON text in every row, which the cache below takes as its key. The subselect depends on no row, so that
# the server evaluates it once in a statement.
SETTINGS = """
(SELECT jsonb_build_array(s.time_zone, s.send_time, s.send_until, s.business_days, s.holidays, s.holiday_calendar,
                          s.jitter_minutes, s.tolerance::text, s.sends_automatically, s.todo_owner,
                          s.partial_payment_hold_days, s.promise_grace_days, s.reversal_grace_days,
                          s.merges_same_day, s.contact_delay_scope)::text
   FROM organization s WHERE s.id = 1)
"""


_SETTINGS = text(f"SELECT {SETTINGS}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the whole book shares. `delays_customer` is the minimum contact delay's scope (rule 2.14)."""

    calendar: Calendar
    tolerance: Decimal
    sends_automatically: bool
    todo_owner: str
    hold_days: HoldDays
    merges_same_day: bool
    delays_customer: bool


def organization_facts(session: Session) -> Settings:
    """Return the settings, read from the organization's only row."""
    return settings_from(session.execute(_SETTINGS).scalar_one())


# Keyed by every value that goes in, so that an edit is never answered from the past.
@lru_cache(maxsize=16)
def settings_from(settings: str) -> Settings:
    """Return the settings of what the expression SETTINGS gives."""
    return _settings(*json.loads(settings))


def _settings(
    time_zone: str,
    send_time: str,
    send_until: str,
    business_days: list[int],
    holidays: list[str],
    holiday_calendar: str | None,
    jitter_minutes: int,
    tolerance: str,
    sends_automatically: bool,
    todo_owner: str,
    partial_payment_hold_days: int,
    promise_grace_days: int,
    reversal_grace_days: int,
    merges_same_day: bool,
    contact_delay_scope: str,
) -> Settings:
    own = frozenset(date.fromisoformat(day) for day in holidays)
    calendar = Calendar(
        time_zone=ZoneInfo(time_zone),
        send_time=time.fromisoformat(send_time),
        send_until=time.fromisoformat(send_until),
        business_days=frozenset(business_days),
        holidays=own | (holidays_of(holiday_calendar) if holiday_calendar else frozenset()),
        jitter_minutes=jitter_minutes,
    )
    return Settings(
        calendar=calendar,
        tolerance=Decimal(tolerance),
        sends_automatically=sends_automatically,
        todo_owner=todo_owner,
        hold_days=HoldDays(partial_payment_hold_days, promise_grace_days, reversal_grace_days),
        merges_same_day=merges_same_day,
        delays_customer=contact_delay_scope == "customer",
    )
