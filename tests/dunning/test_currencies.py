"""The list of currencies, against those of Babel."""

from datetime import date

from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies, list_currencies

from dunning.currencies import CURRENCY_DECIMALS

# CLDR's decimals are those of cash; ISO 4217's, which invoices keep, differ for these.
CASH_HAS_FEWER_DECIMALS = {
    "AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER",
}  # fmt: skip
NOT_TENDER_FOR_CLDR = {"SVC", "VED"}


def test_every_legal_tender_that_babel_knows_is_a_currency() -> None:
    tender = {
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory, date(2026, 11, 22))
    }

    assert set(CURRENCY_DECIMALS) - NOT_TENDER_FOR_CLDR == tender


def test_decimals_are_those_of_babel_but_where_cash_has_fewer() -> None:
    differing = {code for code, decimals in CURRENCY_DECIMALS.items() if decimals != get_currency_precision(code)}

    assert differing == CASH_HAS_FEWER_DECIMALS


def test_babel_can_write_every_currency() -> None:
    assert set(CURRENCY_DECIMALS) <= list_currencies()
