"""Amounts as they are shown: exact, with the decimals of their currency."""

from decimal import Decimal

from dunning.money import Money


def plain(amount: Decimal, currency: str) -> str:
    """Return the amount as people write it and `duewell pay` reads it: no exponent, no thousands separator."""
    return f"{Money(amount, currency).exact:f}"


def money(amount: Decimal, currency: str) -> str:
    """Return the amount with its currency."""
    return str(Money(amount, currency))
