"""Money: an exact amount that never loses its currency."""

from dataclasses import dataclass
from decimal import Decimal

from dunning.currencies import CURRENCY_DECIMALS


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
        """Return the amount with the decimals of its currency, and never rounded: 1097661 JPY, 12.50 EUR.

        No separators for thousands: it is the form in which people give amounts back to commands.
        """
        return f"{self.exact:f} {self.currency}"

    @property
    def exact(self) -> Decimal:
        """The amount with the decimals of its currency, or with all it has: the ledger pads to four."""
        shortest = self.amount.normalize()
        exponent = shortest.as_tuple().exponent
        decimals = max(CURRENCY_DECIMALS.get(self.currency, 2), -exponent if isinstance(exponent, int) else 0)
        return self.amount.quantize(Decimal(1).scaleb(-decimals))

    def _same_currency(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self} and {other} are of different currencies")
        return other
