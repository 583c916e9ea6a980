"""Amounts as they are shown: exact, with the decimals of their currency."""

from decimal import Decimal

from dunning.currencies import CURRENCY_DECIMALS


def plain(amount: Decimal, currency: str) -> str:
    """Return the amount as people write it and `duewell pay` reads it: no exponent, no thousands separator."""
    rounded = amount.quantize(Decimal(1).scaleb(-CURRENCY_DECIMALS.get(currency, 2)))
    return f"{rounded if rounded == amount else amount.normalize():f}"


def money(amount: Decimal, currency: str) -> str:
    """Return the amount with its currency."""
    return f"{plain(amount, currency)} {currency}"
