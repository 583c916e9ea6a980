"""A scenario as a file states it: the keys, and the forms of their values."""

import re
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainValidator

from dunning.cadence import Channel
from dunning.currencies import CURRENCY_DECIMALS
from dunning.events import Resolution
from dunning.facts import HoldDays
from intake.complaints import described
from intake.stated_cadence import Days, Name, StatedCadence, StepId, Strict

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORKING_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")

HOLIDAYS_MAX = 3000
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile("[0-9]{2}:[0-9]{2}")
_AMOUNT = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?")


def _day(value: object) -> date:
    expected = "a date as YYYY-MM-DD, such as 2026-06-30"
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(f"{described(value)} is no date; expected {expected}")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{described(value)} is no day of the calendar; expected {expected}") from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{described(value)} is out of range; expected {FIRST_DAY} to {LAST_DAY}")
    return day


def _amount(value: object) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and _AMOUNT.fullmatch(text):
        return Decimal(text)
    raise ValueError(f'{described(value)} is no amount; expected plain digits, such as "1250.50"')


def _amount_of_an_invoice(value: object) -> Decimal:
    amount = _amount(value)
    if amount < 0:
        raise ValueError(f"{described(value)} is negative; expected 0 or more")
    return amount


def _send_time(value: object) -> time:
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f'{described(value)} is no time of day; expected HH:MM, such as "08:30"')


@lru_cache(maxsize=256)
def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    # What a name stands for is looked up as a file: a folder, a file of another kind, a name that leads elsewhere.
    except (KeyError, ValueError, OSError):
        return None


def _zone(value: object) -> ZoneInfo:
    zone = _known_zone(value) if isinstance(value, str) else None
    if zone is None:
        raise ValueError(f"{described(value)} is no time zone; expected a name such as Europe/Paris")
    return zone


def _currency(value: object) -> str:
    if not isinstance(value, str) or value not in CURRENCY_DECIMALS:
        raise ValueError(f"{described(value)} is no currency in use; expected an ISO 4217 code such as EUR")
    return value


def _number(value: object) -> object:
    """Take 1001 as the invoice number that it looks like."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _contact(value: object) -> object:
    """Take `contact: email` as `contact: {channel: email}`."""
    return {"channel": value} if isinstance(value, str) else value


Day = Annotated[date, PlainValidator(_day)]
Amount = Annotated[Decimal, PlainValidator(_amount)]
AmountOfAnInvoice = Annotated[Decimal, PlainValidator(_amount_of_an_invoice)]
SendTime = Annotated[time, PlainValidator(_send_time)]
Zone = Annotated[ZoneInfo, PlainValidator(_zone)]
Currency = Annotated[str, PlainValidator(_currency)]
Number = Annotated[Name, BeforeValidator(_number)]

_HOLD_DAYS = HoldDays()


class StatedOrganization(Strict):
    """Whose calendar and settings apply."""

    time_zone: Zone = ZoneInfo("Europe/Paris")
    send_time: SendTime = time(8, 30)
    business_days: tuple[Weekday, ...] = Field(WORKING_DAYS, min_length=1)
    holidays: tuple[Day, ...] = Field((), max_length=HOLIDAYS_MAX)
    promise_grace_days: Days = _HOLD_DAYS.promise_grace
    partial_payment_hold_days: Days = _HOLD_DAYS.partial_payment
    reversal_grace_days: Days = _HOLD_DAYS.reversal_grace
    tolerance: AmountOfAnInvoice = Decimal(0)


class StatedInvoice(Strict):
    """The invoice that is chased."""

    number: Number
    issued: Day
    due: Day | None = None
    total: AmountOfAnInvoice
    currency: Currency


class Nothing(Strict):
    """`{}`: the event says all by its name."""


class StatedPause(Strict):
    """Until when; without an end until it is resumed."""

    until: Day | None = None


class StatedSnooze(Strict):
    """Which to-do is put off, and until when."""

    step: StepId
    until: Day


class StatedContact(Strict):
    """A message or call outside the cadence, perhaps in place of a step."""

    channel: Channel
    as_step: StepId | None = None


class StatedEvent(Strict):
    """One event: its day, and exactly one of the other keys."""

    on: Day
    complete: StepId | None = None
    ignore: StepId | None = None
    snooze: StatedSnooze | None = None
    pause: StatedPause | None = None
    resume: Nothing | None = None
    pay: Amount | None = None
    reverse: Amount | None = None
    dispute: Nothing | None = None
    resolve_dispute: Resolution | None = None
    promise: Day | None = None
    due_date: Day | None = None
    reassign: Name | None = None
    contact: Annotated[StatedContact | None, BeforeValidator(_contact)] = None


class StatedScenario(Strict):
    """A story that is to be lived through."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    organization: StatedOrganization = StatedOrganization()
    cadence: StatedCadence
    cadences: tuple[StatedCadence, ...] = ()
    invoice: StatedInvoice
    enters: Day
    until: Day
    events: tuple[StatedEvent, ...] = ()
