"""The readable form of a rule: `status is overdue and outstanding > 5000 EUR then assign W-KEY`."""

import re
from collections.abc import Iterable
from typing import Final, assert_never

from rules.conditions import (
    AmountBetween,
    AmountCondition,
    ChoiceCondition,
    ChoiceOperator,
    Condition,
    DayBetween,
    DayCondition,
    DayWithin,
    EmptyCondition,
    TextCondition,
)
from rules.fields import AnyField, CustomField, choices_of
from rules.rule import Action, Assign, Definition, Notify, Show, Trigger
from rules.tokens import is_word

# Words of the language; a value that is one is quoted.
RESERVED: Final = frozenset(
    ("always", "and", "any", "between", "empty", "is", "none", "not", "of", "or", "then", "when")
)
ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'[\\"\n\t]')


def written(definition: Definition) -> str:
    """Return the rule as `read_rule` reads it."""
    when = "when created: " if definition.trigger is Trigger.CREATED else ""
    return (
        f"{when}{written_conditions(definition.conditions) or 'always'} then {written_action(definition.action)}"
    )


def written_conditions(conditions: Iterable[Condition]) -> str:
    """Return the conditions as `read_conditions` reads them; empty if there are none."""
    return " and ".join(f"{written_field(one.field)} {written_comparison(one)}" for one in conditions)


def written_field(field: AnyField) -> str:
    """Return the name of a field: `due date`, `customer.custom.plan`."""
    if isinstance(field, CustomField):
        return f"{field.entity}.custom.{_quoted_key(field.key)}"
    return field.value


def written_comparison(condition: Condition) -> str:
    """Return what is asked of the field: `> 5000 EUR`."""
    match condition:
        case TextCondition():
            return f"{condition.operator.value} {_listed(condition.values)}"
        case ChoiceCondition():
            if len(condition.values) == 1:
                return _written_choice(condition, condition.values[0])
            return f"{condition.operator.value} {_listed(condition.values)}"
        case DayCondition():
            return f"{condition.operator.value} {condition.day.isoformat()}"
        case DayBetween():
            return f"between {condition.first.isoformat()} and {condition.last.isoformat()}"
        case DayWithin():
            return f"in {condition.direction} {condition.days} days"
        case AmountCondition():
            return f"{condition.operator.value} {condition.amount:f}{_currency(condition.currency)}"
        case AmountBetween():
            return f"between {condition.low:f} and {condition.high:f}{_currency(condition.currency)}"
        case EmptyCondition():
            return "is empty" if condition.is_empty else "is not empty"
        case _:
            assert_never(condition)


def written_action(action: Action) -> str:
    """Return what the rule does: `assign W-KEY`."""
    match action:
        case Assign():
            return "assign none" if action.cadence is None else f"assign {quoted(action.cadence)}"
        case Show():
            return "show" if action.visible else "hide"
        case Notify():
            return f"notify {quoted(action.recipient)} by {action.channel} {_in_quotes(action.text)}"
        case _:
            assert_never(action)


def quoted(value: str) -> str:
    """Return the value, in quotes unless it is one word."""
    return value if is_word(value) and value.lower() not in RESERVED else _in_quotes(value)


def _written_choice(condition: ChoiceCondition, value: str) -> str:
    if condition.operator is ChoiceOperator.IS_ANY_OF:
        return f"is {quoted(value)}"
    # Where "not due" is a value too, "is not due" could be read as either.
    known = choices_of(condition.field)
    is_select = known is None and isinstance(condition.field, CustomField)
    may_be_misread = is_select or f"not {value}" in (known or ())
    return f"is not {_in_quotes(value) if may_be_misread else quoted(value)}"


def _quoted_key(key: str) -> str:
    return key if is_word(key) else _in_quotes(key)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, values))


def _currency(currency: str | None) -> str:
    return "" if currency is None else f" {currency}"


def _in_quotes(text: str) -> str:
    return '"' + _TO_ESCAPE.sub(lambda found: ESCAPES[found[0]], text) + '"'
