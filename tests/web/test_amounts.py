"""Claims about amounts as a locale writes them."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from console.web.amounts import amount_written

LOCALES = ("en_GB", "en_US", "en_IN", "en_ZA", "en_AT", "en_DK", "en_150", "fr_FR", "fr_CH", "fr_CA", "fr_MA")
CURRENCIES = ("EUR", "USD", "JPY", "GBP", "CHF", "KWD", "CLF", "INR", "XAF", "TWD", "QQQ")
AMOUNTS = st.decimals(min_value=Decimal(-(10**16)), max_value=Decimal(10**16), places=4)


@given(amount=AMOUNTS, currency=st.sampled_from(CURRENCIES), locale=st.sampled_from(LOCALES))
def test_an_amount_is_written_as_babel_writes_it(amount: Decimal, currency: str, locale: str) -> None:
    written = amount_written(amount, currency, Locale.parse(locale))

    assert written == format_currency(amount, currency, locale=locale)


@pytest.mark.parametrize("amount", ["0", "-0", "-0.001", "0.005", "0.015", "999.995", "-1E+3", "1E-9", "99999.5"])
def test_signs_and_rounding_are_babels(amount: str) -> None:
    for currency in CURRENCIES:
        for code in LOCALES:
            written = amount_written(Decimal(amount), currency, Locale.parse(code))

            assert written == format_currency(Decimal(amount), currency, locale=code)
