"""Amounts that people name: positive, not above what there is, and no more exact than their currency."""

from decimal import Decimal

from db.operations.refusal import Refused
from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from phrase import Phrase


def require_amount(amount: Decimal, what: Phrase, at_most: Money, of_what: Phrase) -> None:
    """Raise Refused unless the amount is one: `what` is a payment, a promise, …, and `of_what` outstanding, …"""
    if not amount.is_finite() or amount <= 0:
        raise Refused("{what} is more than 0, not {amount}", what=what, amount=amount)
    if amount > at_most.amount:
        raise Refused(
            "{amount} is more than the {at_most} {of_what}",
            amount=amount,
            at_most=at_most,
            of_what=of_what,
        )
    decimals = CURRENCY_DECIMALS.get(at_most.currency, 4)
    # All that there is may be more exact: the accounts stated it so.
    if amount not in (round(amount, decimals), at_most.amount):
        raise Refused(
            "{amount} is too exact: {currency} has {decimals} decimals",
            amount=amount,
            currency=at_most.currency,
            decimals=decimals,
        )
