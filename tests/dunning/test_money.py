"""Money keeps its currency (rule 8.1)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from dunning.money import Money


def euros(amount: str) -> Money:
    """Return an amount of euros."""
    return Money(Decimal(amount), "EUR")


def test_amounts_of_one_currency_add_and_compare_exactly() -> None:
    """Rule 8.1."""
    assert euros("0.10") + euros("0.20") == euros("0.30")
    assert euros("0.30") - euros("0.10") == euros("0.20")
    assert euros("0.10") < euros("0.20") <= euros("0.20")
    assert not euros("0.20") < euros("0.20")
    assert str(euros("4000.00")) == "4000.00 EUR"


@pytest.mark.parametrize(
    "operation", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b]
)
def test_amounts_of_two_currencies_neither_add_nor_compare(operation: Callable[[Money, Money], object]) -> None:
    """Rule 8.1."""
    with pytest.raises(ValueError, match="different currencies"):
        operation(euros("100"), Money(Decimal("50"), "USD"))


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    """Rule 8.1."""
    assert euros("1") != Money(Decimal("1"), "USD")
