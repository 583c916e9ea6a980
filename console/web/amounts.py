"""Amounts with their currency as a locale writes them, in a twentieth of the time that Babel takes for each.

Where signs, separators and the currency stand depends on the locale, the currency, the sign and the number of
digits alone. Babel says that once, of a number of ones; then the digits of the amount are put in their places.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import format_currency, get_currency_precision

_SHAPES_MAX: Final = 4096


def amount_written(amount: Decimal, currency: str, locale: Locale) -> str:
    """Return what Babel's `format_currency` returns for an amount and the code of a currency."""
    decimals = get_currency_precision(currency)
    rounded = abs(amount).quantize(Decimal(1).scaleb(-decimals))
    digits = f"{rounded:f}".replace(".", "")
    shape = _shape(locale, currency, decimals, len(digits), is_negative=amount.is_signed())
    return format_currency(amount, currency, locale=locale) if shape is None else shape % tuple(digits)


@lru_cache(_SHAPES_MAX)
def _shape(locale: Locale, currency: str, decimals: int, digits: int, *, is_negative: bool) -> str | None:
    """Return the amount with %s for each digit, None where digits are not all there is to be filled in."""
    ones = Decimal("1" * digits).scaleb(-decimals)
    said = format_currency(-ones if is_negative else ones, currency, locale=locale)
    return said.replace("%", "%%").replace("1", "%s") if said.count("1") == digits else None
