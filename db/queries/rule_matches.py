"""Smart rules as expressions of SQL: what `rules.evaluation` says of one invoice, for all of them at once."""

from collections.abc import Callable, Iterable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Numeric, and_, case, func, literal, null, or_, true
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, array

from db.queries.rule_rows import RuleRows
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
from rules.evaluation import days_within
from rules.fields import AnyField, Field, Status
from rules.folding import fold
from rules.index import Event
from rules.rule import Definition, Rule, Slot, Trigger, slot_of


def asked_fields(definitions: Iterable[Definition]) -> dict[AnyField, None]:
    """Return the fields that the conditions ask for, in a lasting order."""
    return dict.fromkeys(condition.field for definition in definitions for condition in definition.conditions)


def matches(definition: Definition, rows: RuleRows) -> ColumnElement[bool]:
    """Say whether the row meets all conditions: true or NULL or false, which CASE and WHERE take for no."""
    return and_(true(), *(meets(condition, rows) for condition in definition.conditions))


def matched_ids(rules: Sequence[Rule], rows: RuleRows) -> ColumnElement[list[int]]:
    """Return the ids of the rules that the row matches, in their order."""
    each = [case((matches(rule.definition, rows), literal(rule.id, BIGINT))) for rule in rules]
    listed: ColumnElement[Any] = array(each, type_=BIGINT)
    return func.array_remove(listed, null(), type_=ARRAY(BIGINT))


def winner(
    rules: Iterable[Rule], slot: Slot, rows: RuleRows, event: Event, recorded: ColumnElement[Any]
) -> ColumnElement[int | None]:
    """Return the id of the rule that wins the slot at the event, NULL if none does.

    `rules` are the active ones from the top, `recorded` is the id of the last winner: a rule for created invoices
    keeps at updates what it won, while it matches.
    """
    whens: list[tuple[ColumnElement[bool], ColumnElement[int]]] = []
    for rule in rules:
        if slot_of(rule.definition.action) is not slot:
            continue
        condition = matches(rule.definition, rows)
        if event is Event.UPDATED and rule.definition.trigger is Trigger.CREATED:
            condition = and_(recorded == rule.id, condition)
        whens.append((condition, literal(rule.id, BIGINT)))
    return case(*whens) if whens else literal(None, BIGINT)


def meets(condition: Condition, rows: RuleRows) -> ColumnElement[bool]:
    """Say whether the row meets the condition."""
    column = rows.columns[condition.field]
    match condition:
        case TextCondition():
            return _text(condition, column)
        case ChoiceCondition():
            found = _any_of(condition, column, rows)
            return found if condition.operator is ChoiceOperator.IS_ANY_OF else found.is_not(true())
        case DayCondition():
            return _compared(condition.operator, column, condition.day)
        case DayBetween():
            return column.between(condition.first, condition.last)
        case DayWithin():
            return column.between(*days_within(condition, rows.today))
        case AmountCondition():
            amount = literal(condition.amount, Numeric)
            return and_(_compared(condition.operator, column, amount), *_in_currency(condition, rows))
        case AmountBetween():
            low, high = literal(condition.low, Numeric), literal(condition.high, Numeric)
            return and_(column.between(low, high), *_in_currency(condition, rows))
        case EmptyCondition():
            return column.is_(None) if condition.is_empty else column.is_not(None)
        case _:
            assert_never(condition)


def _text(condition: TextCondition, column: ColumnElement[Any]) -> ColumnElement[bool]:
    expected = fold(condition.values[0])
    match condition.operator:
        case TextOperator.IS:
            return column == expected
        case TextOperator.IS_NOT:
            return column.is_distinct_from(expected)
        case TextOperator.CONTAINS:
            return func.strpos(column, expected) > 0
        case TextOperator.DOES_NOT_CONTAIN:
            return (func.strpos(column, expected) > 0).is_not(true())
        case TextOperator.STARTS_WITH:
            return func.starts_with(column, expected)
        case TextOperator.ENDS_WITH:
            return func.right(column, len(expected)) == expected
        case TextOperator.IS_ANY_OF:
            return column.in_(list(dict.fromkeys(map(fold, condition.values))))


def _any_of(condition: ChoiceCondition, column: ColumnElement[Any], rows: RuleRows) -> ColumnElement[bool]:
    found = column.in_(condition.values)
    if condition.field is Field.STATUS and Status.DISPUTED in condition.values:
        return or_(found, rows.is_disputed)
    return found


def _compared(
    operator: DayOperator | AmountOperator, column: ColumnElement[Any], expected: Any
) -> ColumnElement[bool]:
    match operator:
        case DayOperator.NOT_ON | AmountOperator.UNEQUAL:
            return column.is_distinct_from(expected)
        case DayOperator.ON | AmountOperator.EQUAL:
            compare: Callable[[Any, Any], Any] = eq
        case DayOperator.BEFORE | AmountOperator.BELOW:
            compare = lt
        case DayOperator.ON_OR_BEFORE | AmountOperator.AT_MOST:
            compare = le
        case DayOperator.AFTER | AmountOperator.ABOVE:
            compare = gt
        case DayOperator.ON_OR_AFTER | AmountOperator.AT_LEAST:
            compare = ge
        case _:
            assert_never(operator)
    compared: ColumnElement[bool] = compare(column, expected)
    return compared


def _in_currency(condition: AmountCondition | AmountBetween, rows: RuleRows) -> tuple[ColumnElement[bool], ...]:
    return () if condition.currency is None else (rows.currency == condition.currency,)
