"""The conditions of a rule: one field, one typed operator, and what the field is compared with.

**Empty fields.** An empty field meets `is empty` and the operators that deny something: is not, does not contain,
none of, not on, !=. It meets no other: what is not there is neither before a day nor below an amount. So each
denial is the exact opposite of what it denies, but for one: an amount with a currency is compared with amounts of
that currency only (rule 8.1), so that `outstanding != 5 EUR` says nothing of an invoice in USD.

Bounds of `between` belong to it. `in last n days` reaches from n days ago to today, `in next n days` from today to
n days ahead. The models are stored as JSON; they only grow.
"""

import unicodedata
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic import Field as Limit

from rules.fields import AnyField, Field, Kind, Plain, choices_of, kind_of
from rules.folding import SPACES

VALUE_LENGTH_MAX = 100
VALUES_MAX = 200
DAYS_MAX = 3650


class TextOperator(StrEnum):
    """How a text is compared."""

    IS = "is"
    IS_NOT = "is not"
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "does not contain"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"
    IS_ANY_OF = "is any of"


class ChoiceOperator(StrEnum):
    """How one of few values is compared."""

    IS_ANY_OF = "is any of"
    IS_NONE_OF = "is none of"


class DayOperator(StrEnum):
    """How a day is compared with another."""

    ON = "on"
    NOT_ON = "not on"
    BEFORE = "before"
    AFTER = "after"
    ON_OR_BEFORE = "on or before"
    ON_OR_AFTER = "on or after"


class AmountOperator(StrEnum):
    """How an amount or number is compared with another."""

    EQUAL = "="
    UNEQUAL = "!="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


def _trimmed(text: str) -> str:
    trimmed = unicodedata.normalize("NFC", text).strip(SPACES)
    if not trimmed:
        raise ValueError("there is nothing to compare with")
    if len(trimmed) > VALUE_LENGTH_MAX:
        raise ValueError(f"a value has at most {VALUE_LENGTH_MAX} characters")
    return trimmed


def _shortest(amount: Decimal) -> Decimal:
    # Plus zero: there is no negative zero.
    return Decimal(f"{amount.normalize():f}") + 0


Value = Annotated[Plain, AfterValidator(_trimmed)]
# Exact to the ledger's numeric(19, 4).
Exact = Annotated[Decimal, Limit(max_digits=19, decimal_places=4), AfterValidator(_shortest)]
Currency = Annotated[str, Limit(pattern="^[A-Z]{3}$")]


class _OfKind(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    # None where any kind of field will do.
    of_kind: ClassVar[Kind | None] = None

    field: AnyField

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if self.of_kind is not None and kind_of(self.field) is not self.of_kind:
            raise ValueError(f"{self.field} is no {self.of_kind}")
        return self


class TextCondition(_OfKind):
    """A text is compared, by `rules.folding`."""

    of_kind = Kind.TEXT

    kind: Literal["text"] = "text"
    operator: TextOperator
    values: Annotated[tuple[Value, ...], Limit(min_length=1, max_length=VALUES_MAX)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.values) > 1 and self.operator is not TextOperator.IS_ANY_OF:
            raise ValueError(f"{self.operator.value} takes one value")
        return self


class ChoiceCondition(_OfKind):
    """A value out of few is compared, to the letter: a status, a currency, a customer by their id, a select."""

    of_kind = Kind.CHOICE

    kind: Literal["choice"] = "choice"
    operator: ChoiceOperator
    values: Annotated[tuple[Value, ...], Limit(min_length=1, max_length=VALUES_MAX)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = choices_of(self.field)
        for value in self.values:
            if known is not None and value not in known:
                raise ValueError(f"{self.field} is never {value!r}, but one of {', '.join(known)}")
            if self.field is Field.CURRENCY and not (len(value) == 3 and value.isascii() and value.isupper()):
                raise ValueError(f"{value!r} is no currency such as EUR")
        return self


class DayCondition(_OfKind):
    """A day is compared with a day."""

    of_kind = Kind.DATE

    kind: Literal["day"] = "day"
    operator: DayOperator
    day: date


class DayBetween(_OfKind):
    """A day is one of those from `first` to `last`."""

    of_kind = Kind.DATE

    kind: Literal["day between"] = "day between"
    first: date
    last: date

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.first > self.last:
            raise ValueError("the first day is after the last")
        return self


class DayWithin(_OfKind):
    """A day is at most `days` calendar days ago or ahead; today is both."""

    of_kind = Kind.DATE

    kind: Literal["day within"] = "day within"
    direction: Literal["last", "next"]
    days: Annotated[int, Limit(ge=1, le=DAYS_MAX)]


class _OfAmount(_OfKind):
    of_kind = Kind.AMOUNT

    currency: Currency | None = None

    @model_validator(mode="after")
    def _check_currency(self) -> Self:
        if self.currency is not None and not isinstance(self.field, Field):
            raise ValueError(f"{self.field} is a number and has no currency")
        return self


class AmountCondition(_OfAmount):
    """An amount of the invoice, or a number, is compared; with a currency only if it is the invoice's."""

    kind: Literal["amount"] = "amount"
    operator: AmountOperator
    amount: Exact


class AmountBetween(_OfAmount):
    """An amount is at least `low` and at most `high`."""

    kind: Literal["amount between"] = "amount between"
    low: Exact
    high: Exact

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            raise ValueError("the lower amount is above the higher")
        return self


class EmptyCondition(_OfKind):
    """A field holds nothing, or something."""

    kind: Literal["empty"] = "empty"
    is_empty: bool


Condition = Annotated[
    TextCondition
    | ChoiceCondition
    | DayCondition
    | DayBetween
    | DayWithin
    | AmountCondition
    | AmountBetween
    | EmptyCondition,
    Limit(discriminator="kind"),
]
