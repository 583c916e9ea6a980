"""Whether an invoice meets a condition, said plainly: the meaning of rules, which the index and SQL only hurry."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Final, assert_never

from rules.conditions import (
    AmountBetween,
    AmountCondition,
    AmountOperator,
    ChoiceCondition,
    ChoiceOperator,
    Condition,
    DayBetween,
    DayCondition,
    DayOperator,
    DayWithin,
    EmptyCondition,
    TextCondition,
    TextOperator,
)
from rules.facts import InvoiceFacts, amount_reader, choice_reader, day_reader, folded_reader, text_reader
from rules.fields import Field, Kind, kind_of
from rules.folding import fold
from rules.rule import Definition
from rules.written import written_comparison, written_field

_OF_DAYS: Final[dict[DayOperator, Callable[[date, date], bool]]] = {
    DayOperator.ON: eq,
    DayOperator.NOT_ON: ne,
    DayOperator.BEFORE: lt,
    DayOperator.AFTER: gt,
    DayOperator.ON_OR_BEFORE: le,
    DayOperator.ON_OR_AFTER: ge,
}
_OF_AMOUNTS: Final[dict[AmountOperator, Callable[[Decimal, Decimal], bool]]] = {
    AmountOperator.EQUAL: eq,
    AmountOperator.UNEQUAL: ne,
    AmountOperator.BELOW: lt,
    AmountOperator.AT_MOST: le,
    AmountOperator.ABOVE: gt,
    AmountOperator.AT_LEAST: ge,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One condition against one invoice, in words: `outstanding`, `> 5000 EUR`, `9000 EUR`, met."""

    field: str
    expected: str
    actual: str
    is_met: bool


def is_matched(definition: Definition, facts: InvoiceFacts) -> bool:
    """Say whether the invoice meets all conditions."""
    return all(is_met(condition, facts) for condition in definition.conditions)


def explain(definition: Definition, facts: InvoiceFacts) -> tuple[Verdict, ...]:
    """Return what becomes of each condition."""
    return tuple(
        Verdict(
            written_field(condition.field),
            written_comparison(condition),
            shown_value(condition, facts),
            is_met(condition, facts),
        )
        for condition in definition.conditions
    )


def is_met(condition: Condition, facts: InvoiceFacts) -> bool:
    """Say whether the invoice meets the condition."""
    match condition:
        case TextCondition():
            return compares_text(condition, folded_reader(condition.field)(facts))
        case ChoiceCondition():
            is_one = not choice_reader(condition.field)(facts).isdisjoint(condition.values)
            return is_one == (condition.operator is ChoiceOperator.IS_ANY_OF)
        case DayCondition():
            day = day_reader(condition.field)(facts)
            if day is None:
                return condition.operator is DayOperator.NOT_ON
            return _OF_DAYS[condition.operator](day, condition.day)
        case DayBetween():
            day = day_reader(condition.field)(facts)
            return day is not None and condition.first <= day <= condition.last
        case DayWithin():
            day = day_reader(condition.field)(facts)
            return day is not None and _is_within(condition, (day - facts.as_of).days)
        case AmountCondition():
            if condition.currency not in (None, facts.currency):
                return False
            amount = amount_reader(condition.field)(facts)
            if amount is None:
                return condition.operator is AmountOperator.UNEQUAL
            return _OF_AMOUNTS[condition.operator](amount, condition.amount)
        case AmountBetween():
            amount = amount_reader(condition.field)(facts)
            is_between = amount is not None and condition.low <= amount <= condition.high
            return is_between and condition.currency in (None, facts.currency)
        case EmptyCondition():
            return is_empty(condition, facts) == condition.is_empty
        case _:
            assert_never(condition)


def compares_text(condition: TextCondition, actual: str | None) -> bool:
    """Say whether the text, which is folded, meets the condition; None is the empty one."""
    is_denied = condition.operator in (TextOperator.IS_NOT, TextOperator.DOES_NOT_CONTAIN)
    if actual is None:
        return is_denied
    expected = fold(condition.values[0])
    match condition.operator:
        case TextOperator.IS | TextOperator.IS_NOT:
            found = actual == expected
        case TextOperator.CONTAINS | TextOperator.DOES_NOT_CONTAIN:
            found = expected in actual
        case TextOperator.STARTS_WITH:
            found = actual.startswith(expected)
        case TextOperator.ENDS_WITH:
            found = actual.endswith(expected)
        case TextOperator.IS_ANY_OF:
            found = any(actual == fold(value) for value in condition.values)
        case _:
            assert_never(condition.operator)
    return found != is_denied


def is_empty(condition: EmptyCondition, facts: InvoiceFacts) -> bool:
    """Say whether the field holds nothing."""
    match kind_of(condition.field):
        case Kind.TEXT:
            return folded_reader(condition.field)(facts) is None
        case Kind.CHOICE:
            return not choice_reader(condition.field)(facts)
        case Kind.DATE:
            return day_reader(condition.field)(facts) is None
        case Kind.AMOUNT:
            return amount_reader(condition.field)(facts) is None


def shown_value(condition: Condition, facts: InvoiceFacts) -> str:
    """Return what the field holds, in words."""
    field = condition.field
    match kind_of(field):
        case Kind.TEXT:
            shown = text_reader(field)(facts)
        case Kind.CHOICE:
            shown = ", ".join(sorted(choice_reader(field)(facts), reverse=True))
        case Kind.DATE:
            day = day_reader(field)(facts)
            shown = None if day is None else day.isoformat()
        case Kind.AMOUNT:
            amount = amount_reader(field)(facts)
            shown = None if amount is None else f"{amount.normalize():f}"
            if shown is not None and isinstance(field, Field):
                shown = f"{shown} {facts.currency}"
    return shown or "(empty)"


def _is_within(condition: DayWithin, ahead: int) -> bool:
    return -condition.days <= ahead <= 0 if condition.direction == "last" else 0 <= ahead <= condition.days


def days_within(condition: DayWithin, today: date) -> tuple[date, date]:
    """Return the first and the last of the days that are meant on the day `today`."""
    reach = timedelta(days=condition.days)
    return (today - reach, today) if condition.direction == "last" else (today, today + reach)
