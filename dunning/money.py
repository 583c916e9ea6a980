"""Money: an exact amount that never loses its currency."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one ISO 4217 currency.

    Amounts of different currencies neither add nor compare: both raise ValueError (rule 8.1).
    """

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same_currency(other).amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same_currency(other).amount, self.currency)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same_currency(other).amount

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same_currency(other).amount

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same_currency(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self} and {other} are of different currencies")
        return other
