"""Writes amounts, days, numbers and lists as a locale does."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money

FALLBACK_LANGUAGE = "en"
DATE_STYLES = ("short", "medium", "long", "full")
# CLDR parts a code of letters from the digits beside it (CHF 5, but €5); Babel leaves that out.
_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@cache
def locale_of(code: str) -> Locale:
    """Return the locale for a code such as de or fr-CA, English for one that nobody knows."""
    try:
        return Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale(FALLBACK_LANGUAGE)


def language_of(code: str) -> str:
    """Return the language of a locale's code: fr for fr-CA."""
    return str(locale_of(code).language)


def locale_for(code: str, language: str) -> Locale:
    """Return the locale if it is one of the language, else the language's own: words and formats go together."""
    locale = locale_of(code)
    return locale if locale.language == language else locale_of(language)


def format_money(value: Money, locale: Locale) -> str:
    """Return the amount as the locale writes it, with the decimals that ISO 4217 gives its currency.

    Babel's own decimals are those of cash, and would round 1234.56 RSD in a reminder.
    """
    pattern = _money_pattern(locale, CURRENCY_DECIMALS[value.currency])
    written = str(pattern.apply(value.amount, locale, currency=value.currency, currency_digits=False))
    return _LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", written)


@cache
def _money_pattern(locale: Locale, decimals: int) -> NumberPattern:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern


@lru_cache(4096)
def format_day(value: date, locale: Locale, style: str = "long") -> str:
    """Return the day in one of CLDR's styles (`DATE_STYLES`), or by a CLDR pattern such as d MMMM."""
    written = format_date(value, style, locale=locale)
    if locale.language == "fr" and value.day == 1 and style in ("long", "full"):
        # The first of a month is an ordinal in French; CLDR's patterns cannot say so.
        written = re.sub(r"\b1\b", "1er", written, count=1)
    return written


def format_number(value: Decimal, locale: Locale) -> str:
    """Return the number with the locale's separators and as many decimals as it has."""
    if value == value.to_integral_value() and abs(value) < 1000:
        return str(int(value))
    return str(format_decimal(value.normalize(), locale=locale, decimal_quantization=False))


def format_enumeration(parts: Sequence[str], locale: Locale) -> str:
    """Return the parts as the locale lists them: a, b and c."""
    return str(format_list(list(parts), locale=locale))
