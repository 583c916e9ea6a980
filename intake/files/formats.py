"""Formats of dates and numbers in the texts of a file: how they are read once it is known which one is meant."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from intake.files.date_formats import ISO, DateFormat
from intake.problems import Wrong

YEAR_MIN, YEAR_MAX = 1990, 2100
_EXAMPLE = date(2026, 6, 1)
# Programs write days as moments at midnight; any other time of day would be a moment in some time zone.
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0{1,6})?)?)?"


class NumberFormat(BaseModel):
    """How numbers are written: the mark before the decimals, and the one between thousands, if there is one.

    A space stands for any space, the no-break ones too, and an apostrophe for either form of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""

    @property
    def example(self) -> str:
        """Return a number so written."""
        return f"1{self.thousands}234{self.decimal}50"


PLAIN = NumberFormat()
_NO_DIGITS = re.compile("[^0-9]+")
_MARKS = {"": None, ".": r"\.", ",": ",", " ": "[ \u00a0\u202f\u2009]", "'": "['’]"}


@cache
def date_pattern(form: DateFormat) -> re.Pattern[str]:
    """Return what fits the format, whether or not it is a day: groups `year`, `month`, `day`."""
    pieces = {"YYYY": "(?P<year>[0-9]{4})", "YY": "(?P<year>[0-9]{2})", "MM": "(?P<month>[0-9]{2})"}
    if form in (ISO, "YYYYMMDD"):
        return re.compile(_filled(form, pieces | {"DD": "(?P<day>[0-9]{2})"}) + _MIDNIGHT)
    loose = {"MM": "(?P<month>[0-9]{1,2})", "DD": "(?P<day>[0-9]{1,2})"}
    return re.compile(_filled(form, pieces | loose) + _MIDNIGHT)


def _filled(form: DateFormat, pieces: dict[str, str]) -> str:
    return re.sub("YYYY|YY|MM|DD|[./]", lambda found: pieces.get(found[0]) or re.escape(found[0]), form)


def expected_date(form: DateFormat) -> str:
    """Return what is expected where a date must stand."""
    pieces = {"YYYY": f"{_EXAMPLE:%Y}", "YY": f"{_EXAMPLE:%y}", "MM": f"{_EXAMPLE:%m}", "DD": f"{_EXAMPLE:%d}"}
    return f"a date as {form}, such as " + re.sub("YYYY|YY|MM|DD", lambda found: pieces[found[0]], form)


def date_reader(form: DateFormat) -> Callable[[str], date | Wrong]:
    """Return what reads days from 1990 to 2100; a year of two digits lies between 1990 and 2089."""
    pattern, expected = date_pattern(form), expected_date(form)

    def read(text: str) -> date | Wrong:
        found = pattern.fullmatch(text)
        if found is None:
            return Wrong("not a date in that form", expected)
        year = int(found["year"])
        if len(found["year"]) == 2:
            year += 1900 if year >= 90 else 2000
        try:
            day = date(year, int(found["month"]), int(found["day"]))
        except ValueError:
            return Wrong("no day of the calendar", expected)
        return within_years(day)

    return read


def within_years(day: date) -> date | Wrong:
    """Return the day, unless it is too far away to be meant."""
    if YEAR_MIN <= day.year <= YEAR_MAX:
        return day
    return Wrong("too far away", f"a year from {YEAR_MIN} to {YEAR_MAX}")


@cache
def number_pattern(form: NumberFormat) -> re.Pattern[str]:
    """Return what is a number in the format: groups `sign`, `whole`, `fraction` and `after`, a sign behind it."""
    thousands, decimal = _MARKS[form.thousands], _MARKS[form.decimal]
    grouped = f"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}}){{1,10}}|" if thousands else ""
    whole = f"(?P<whole>{grouped}[0-9]{{1,30}})"
    return re.compile(f"(?P<sign>-?){whole}(?:{decimal}(?P<fraction>[0-9]{{1,30}}))?(?P<after>-?)")


def number_reader(form: NumberFormat) -> Callable[[str], Decimal | None]:
    """Return what reads numbers exactly as written; what is none in the format gives None."""
    fullmatch, is_grouped = number_pattern(form).fullmatch, form.thousands != ""

    def read(text: str) -> Decimal | None:
        found = fullmatch(text)
        if found is None:
            return None
        sign, whole, fraction, after = found.groups()
        if sign and after:
            return None
        if is_grouped:
            whole = _NO_DIGITS.sub("", whole)
        number = f"{whole}.{fraction}" if fraction else whole
        return Decimal(f"-{number}" if sign or after else number)

    return read
