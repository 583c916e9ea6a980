"""The organization's settings as people write them: one line each, and one line on what is wrong."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from db.queries.holiday_calendars import holidays_of
from intake.cells import parse_email, parse_locale
from intake.problems import Wrong
from intake.stated_scenario import WEEKDAYS
from intake.typed_text import typed_line, typed_lines

HOLD_DAYS_MAX = 365
PAYMENT_TERM_DAYS_MAX = 3650
JITTER_MINUTES_MAX = 1440
SIGNALS_PER_SECOND_MAX = 1000
NONE = "none"
_CLOCK = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")
_COLOUR = re.compile("#[0-9A-Fa-f]{6}")
_LINK = re.compile(r"https?://[^\s/<>\"]+[^\s<>\"]*")
_LINK_PARTS = ("number", "external_id")
LINK_CHARACTERS_MAX = 500
_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")


class WrongSetting(Exception):
    """A setting that cannot be; the text is one clear line for a person."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: how it is read and written, and whether it says when somebody is contacted."""

    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    is_about_when: bool = True


def read_settings(stated: Iterable[str]) -> dict[str, Any]:
    """Return the settings written as NAME=VALUE, by the columns of the organization. Raises WrongSetting."""
    values: dict[str, Any] = {}
    for one in stated:
        name, equals, text = one.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise WrongSetting(f"{one!r} is no setting; expected NAME=VALUE, such as time_zone=Europe/Madrid")
        if name not in SETTINGS:
            raise WrongSetting(f"there is no setting {name!r}; there is {', '.join(SETTINGS)}")
        if name in values:
            raise WrongSetting(f"{name} is set twice")
        try:
            values[name] = SETTINGS[name].read(text.strip())
        except ValueError as error:
            raise WrongSetting(f"{name}: {text.strip()!r} is wrong; expected {error}") from error
    return values


def require_sound(settings: Mapping[str, Any]) -> None:
    """Raise WrongSetting if settings that are sound each by itself contradict each other."""
    opens, closes = settings["send_time"], settings["send_until"]
    if opens >= closes:
        raise WrongSetting(f"send hours from {opens:%H:%M} to {closes:%H:%M} hold no time")


def shown(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return all settings as people write them."""
    return {name: setting.write(settings[name]) for name, setting in SETTINGS.items()}


def _line(text: str) -> str:
    read = typed_line(text)
    if not read or isinstance(read, Wrong):
        raise ValueError("some text in one line")
    return read


def _lines(text: str) -> str:
    return _sound(typed_lines(text))


def _email(text: str) -> str:
    return _sound(parse_email(text))


def _locale(text: str) -> str:
    return _sound(parse_locale(text))


def _sound(value: str | Wrong) -> str:
    if isinstance(value, Wrong):
        raise ValueError(value.expected)
    return value


def _time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("an IANA time zone, such as Europe/Madrid") from None


def _clock(text: str) -> time:
    if not _CLOCK.fullmatch(text):
        raise ValueError("a time of the day, such as 08:30")
    return time.fromisoformat(text)


def _weekdays(text: str) -> list[int]:
    days = _list(text.lower())
    if not days or not set(days) <= set(WEEKDAYS):
        raise ValueError("one or more days, such as mon,tue,wed,thu,fri")
    return sorted({WEEKDAYS.index(day) for day in days})


def _dates(text: str) -> list[date]:
    try:
        return [] if text == NONE else sorted({date.fromisoformat(day) for day in _list(text)})
    except ValueError:
        raise ValueError(f"days such as 2026-12-24,2026-12-31, or {NONE}") from None


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _holiday_calendar(text: str) -> str | None:
    if text in ("", NONE):
        return None
    try:
        holidays_of(text)
    except ValueError:
        raise ValueError(
            f"a country such as FR, with a part of it where holidays differ, such as DE-BY, or {NONE}"
        ) from None
    return text


def _whole(highest: int, lowest: int = 0) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _payment_term(text: str) -> int | None:
    return None if text in ("", NONE) else _whole(PAYMENT_TERM_DAYS_MAX)(text)


def _amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueError("an amount in plain digits, such as 0.50")
    return Decimal(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise ValueError("yes or no")
    return text.lower() in _YES


def _scope(text: str) -> str:
    if text not in ("collection", "customer"):
        raise ValueError("collection or customer")
    return text


def _when_uncertain(text: str) -> str:
    if text not in ("repeat", "ask"):
        raise ValueError("repeat or ask")
    return text


def _colour(text: str) -> str:
    if not _COLOUR.fullmatch(text):
        raise ValueError("a colour such as #1F4E79")
    return text.upper()


def _link(text: str) -> str | None:
    """Return a web address in which {number} and {external_id} stand for the invoice's own."""
    if text in ("", NONE):
        return None
    # What is filled in is quoted, and a host that depends on it would be anybody's.
    plain = text
    for part in _LINK_PARTS:
        plain = plain.replace(f"{{{part}}}", "1")
    if not text.isprintable() or len(text) > LINK_CHARACTERS_MAX or not _LINK.fullmatch(plain):
        raise ValueError(f"a web address such as https://pay.company.example/{{number}}, or {NONE}")
    if "{" in plain or "}" in plain or "{" in text.partition("://")[2].partition("/")[0]:
        raise ValueError(f"no other parts in it than {{number}} and {{external_id}}, after the host, or {NONE}")
    return text


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _or_none(value: object) -> str:
    return NONE if value is None else str(value)


SETTINGS: Mapping[str, Setting] = {
    "name": Setting(_line, is_about_when=False),
    "email": Setting(_email, is_about_when=False),
    "address": Setting(_lines, is_about_when=False),
    "bank_details": Setting(_lines, is_about_when=False),
    "locale": Setting(_locale, is_about_when=False),
    "todo_owner": Setting(_line, is_about_when=False),
    "time_zone": Setting(_time_zone),
    "send_time": Setting(_clock, lambda value: f"{value:%H:%M}"),
    "send_until": Setting(_clock, lambda value: f"{value:%H:%M}"),
    "business_days": Setting(_weekdays, lambda days: ",".join(WEEKDAYS[day] for day in days)),
    "holidays": Setting(_dates, lambda days: ",".join(str(day) for day in days) or NONE),
    "holiday_calendar": Setting(_holiday_calendar, _or_none),
    "jitter_minutes": Setting(_whole(JITTER_MINUTES_MAX)),
    "payment_term_days": Setting(_payment_term, _or_none),
    "tolerance": Setting(_amount, _plain),
    "partial_payment_hold_days": Setting(_whole(HOLD_DAYS_MAX)),
    "promise_grace_days": Setting(_whole(HOLD_DAYS_MAX)),
    "reversal_grace_days": Setting(_whole(HOLD_DAYS_MAX)),
    "contact_delay_scope": Setting(_scope),
    "merges_same_day": Setting(_yes_or_no, lambda value: "yes" if value else "no"),
    "sends_automatically": Setting(_yes_or_no, lambda value: "yes" if value else "no"),
    "when_uncertain": Setting(_when_uncertain, is_about_when=False),
    "colour": Setting(_colour, is_about_when=False),
    "pay_link": Setting(_link, _or_none, is_about_when=False),
    "view_link": Setting(_link, _or_none, is_about_when=False),
    "attaches_invoice": Setting(_yes_or_no, lambda value: "yes" if value else "no", is_about_when=False),
    "marks_replies": Setting(_yes_or_no, lambda value: "yes" if value else "no", is_about_when=False),
    "bulk_signals_per_second": Setting(_whole(SIGNALS_PER_SECOND_MAX, lowest=1), is_about_when=False),
    "reconcile_time": Setting(_clock, lambda value: f"{value:%H:%M}", is_about_when=False),
}
