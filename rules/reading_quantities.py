"""Reads what a rule asks of days and amounts from its text."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from rules.conditions import (
    DAYS_MAX,
    AmountBetween,
    AmountCondition,
    AmountOperator,
    DayBetween,
    DayCondition,
    DayOperator,
    DayWithin,
)
from rules.fields import AnyField, CustomField
from rules.reading import Cursor
from rules.written import RESERVED

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_OPERATORS: Final = (
    (("on", "or", "before"), DayOperator.ON_OR_BEFORE),
    (("on", "or", "after"), DayOperator.ON_OR_AFTER),
    (("on",), DayOperator.ON),
    (("not", "on"), DayOperator.NOT_ON),
    (("before",), DayOperator.BEFORE),
    (("after",), DayOperator.AFTER),
)


def read_day_condition(cursor: Cursor, field: AnyField) -> DayCondition | DayBetween | DayWithin:
    """Read what is asked of a day. Raises CannotRead."""
    # "due date is before 2026-06-01" and "due date is 2026-06-01" are what people say.
    is_said = cursor.passes("is")
    start = cursor.token
    if cursor.passes("between"):
        first = _read_date(cursor)
        cursor.require("and")
        last = _read_date(cursor)
        return cursor.make(start, lambda: DayBetween(field=field, first=first, last=last))
    if cursor.passes("in"):
        cursor.passes("the")
        direction = "last" if cursor.passes("last") else "next"
        if direction == "next" and not cursor.passes("next"):
            raise cursor.failure('"last" or "next"')
        days = _read_days(cursor)
        return cursor.make(
            start, lambda: DayWithin.model_validate({"field": field, "direction": direction, "days": days})
        )
    for words, operator in _DAY_OPERATORS:
        if cursor.passes(*words):
            return DayCondition(field=field, operator=operator, day=_read_date(cursor))
    if is_said and cursor.token.kind == "word" and _DAY.fullmatch(cursor.token.value):
        return DayCondition(field=field, operator=DayOperator.ON, day=_read_date(cursor))
    names = ", ".join(operator.value for operator in DayOperator)
    raise cursor.failure(f"{names}, between, in last … days, in next … days, is empty or is not empty")


def _read_date(cursor: Cursor) -> date:
    token = cursor.token
    if token.kind != "word" or not _DAY.fullmatch(token.value):
        raise cursor.failure("a day such as 2026-06-01")
    try:
        day = date.fromisoformat(token.value)
    except ValueError as error:
        raise cursor.failure("a day that the calendar has") from error
    cursor.take()
    return day


def _read_days(cursor: Cursor) -> int:
    token = cursor.token
    if (
        token.kind != "word"
        or not re.fullmatch("[0-9]{1,4}", token.value)
        or not 1 <= int(token.value) <= DAYS_MAX
    ):
        raise cursor.failure(f"a number of days from 1 to {DAYS_MAX}")
    cursor.take()
    if not cursor.passes("days") and not cursor.passes("day"):
        raise cursor.failure('"days"')
    return int(token.value)


def read_amount_condition(cursor: Cursor, field: AnyField) -> AmountCondition | AmountBetween:
    """Read what is asked of an amount. Raises CannotRead."""
    start = cursor.token
    if cursor.passes("between"):
        low = _read_number(cursor)
        cursor.require("and")
        high = _read_number(cursor)
        currency = _read_currency(cursor, field)
        return cursor.make(start, lambda: AmountBetween(field=field, low=low, high=high, currency=currency))
    operator = _read_amount_operator(cursor)
    start = cursor.token
    amount = _read_number(cursor)
    currency = _read_currency(cursor, field)
    return cursor.make(
        start, lambda: AmountCondition(field=field, operator=operator, amount=amount, currency=currency)
    )


def _read_amount_operator(cursor: Cursor) -> AmountOperator:
    for operator in AmountOperator:
        if cursor.passes_sign(operator.value):
            return operator
    if cursor.passes("is", "not"):
        return AmountOperator.UNEQUAL
    if cursor.passes("is"):
        return AmountOperator.EQUAL
    names = ", ".join(operator.value for operator in AmountOperator)
    raise cursor.failure(f"{names}, between, is empty or is not empty")


def _read_number(cursor: Cursor) -> Decimal:
    token = cursor.token
    if token.kind != "word" or not _NUMBER.fullmatch(token.value):
        raise cursor.failure("a number such as 5000 or 99.50")
    cursor.take()
    if cursor.token.kind == "sign" and cursor.token.value == ",":
        raise cursor.failure("a number without separators, such as 5000")
    return Decimal(token.value)


def _read_currency(cursor: Cursor, field: AnyField) -> str | None:
    token = cursor.token
    if token.kind != "word" or token.value.lower() in RESERVED:
        return None
    if isinstance(field, CustomField):
        raise cursor.failure('"and" or "then", because a number has no currency')
    if not re.fullmatch("[A-Za-z]{3}", token.value):
        raise cursor.failure('a currency such as EUR, "and" or "then"')
    return cursor.take().value.upper()
