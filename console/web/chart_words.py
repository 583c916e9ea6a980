"""The words of charts, as their reader's language and locale have them."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from babel.dates import format_skeleton
from babel.numbers import format_percent

from console.web.languages import Reader
from console.web.words import N_
from db.queries.figures.coming_days import ComingDay
from rules.fields import Aging

BUCKET_NAMES: Final = {
    Aging.NOT_DUE: N_("Not due"),
    Aging.TO_30: N_("1–30 days"),
    Aging.TO_60: N_("31–60 days"),
    Aging.TO_90: N_("61–90 days"),
    Aging.ABOVE_90: N_("Over 90 days"),
}
CHANNEL_NAMES: Final = {
    "email": N_("Email"),
    "sms": N_("SMS"),
    "letter": N_("Letter"),
    "call": N_("Call"),
    "task": N_("Task"),
}
_UNITS: Final = (
    (Decimal(10**9), N_("%(number)sbn")),
    (Decimal(10**6), N_("%(number)sM")),
    (Decimal(10**3), N_("%(number)sk")),
)


def short_number(number: Decimal | int, reader: Reader) -> str:
    """Return a number in three figures or so: 950, 12.5k, 3.4M."""
    value = Decimal(number)
    for unit, written in _UNITS:
        if abs(value) >= unit * Decimal("0.9995"):
            scaled = value / unit
            step = Decimal(1) if abs(scaled) >= 100 else Decimal("0.1")
            return reader.text(written, number=reader.number(scaled.quantize(step, ROUND_HALF_UP)))
    return reader.number(value.quantize(Decimal(1), ROUND_HALF_UP))


def percent(share: Decimal | None, reader: Reader) -> str:
    """Return a share of a hundred with all its decimals, or a dash where there is none."""
    if share is None:
        return "–"
    return format_percent(share / 100, locale=reader.locale, decimal_quantization=False)


def whole_percent(share: Decimal | None, reader: Reader) -> str:
    """Return a share of a hundred without decimals."""
    return percent(None if share is None else share.quantize(Decimal(1), ROUND_HALF_UP), reader)


def invoices(count: int, reader: Reader) -> str:
    """Return so many invoices."""
    return (
        reader.text("1 invoice") if count == 1 else reader.text("%(count)s invoices", count=reader.number(count))
    )


def day_of_week(day: ComingDay, reader: Reader) -> str:
    """Return a day with its name: Mon 15 Jun."""
    return format_skeleton("MMMEd", day.on, locale=reader.locale)


def day_of_month(day: ComingDay, reader: Reader) -> str:
    """Return a day without its year: 15 Jun."""
    return format_skeleton("MMMd", day.on, locale=reader.locale)
