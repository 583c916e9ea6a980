"""Amounts that people name: positive, not above what there is, and no more exact than their currency."""

from decimal import Decimal

from db.operations.refusal import Refused
from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money


def require_amount(amount: Decimal, what: str, at_most: Money, of_what: str) -> None:
    """Raise Refused unless the amount is one: `what` is a payment, a promise, …, and `of_what` outstanding, …"""
    if not amount.is_finite() or amount <= 0:
        raise Refused(f"{what} is more than 0, not {amount}")
    if amount > at_most.amount:
        raise Refused(f"{amount} is more than the {at_most} {of_what}")
    decimals = CURRENCY_DECIMALS.get(at_most.currency, 4)
    # All that there is may be more exact: the accounts stated it so.
    if amount not in (round(amount, decimals), at_most.amount):
        raise Refused(f"{amount} is too exact: {at_most.currency} has {decimals} decimals")
