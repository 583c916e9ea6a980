"""Reads a condition of a rule from its text."""

import re
from typing import Final

from rules.catalogue import Catalogue, DefinedField
from rules.conditions import (
    ChoiceCondition,
    ChoiceOperator,
    Condition,
    EmptyCondition,
    TextCondition,
    TextOperator,
)
from rules.fields import BOOLEANS, AnyField, Field, Kind, choices_of, kind_of
from rules.folding import fold
from rules.reading import Cursor
from rules.reading_quantities import read_amount_condition, read_day_condition
from rules.written import RESERVED

# In lower case; the shortest names are those of `Field`.
_NAMES: Final[dict[str, Field]] = {
    **{field.value.lower(): field for field in Field},
    "total amount": Field.TOTAL,
    "paid amount": Field.PAID,
    "outstanding amount": Field.OUTSTANDING,
    "aging bucket": Field.AGING,
    "cadence name": Field.CADENCE,
    "invoice number": Field.NUMBER,
    "paid on": Field.PAYMENT_DATE,
}
_LONGEST_FIRST: Final = sorted(
    ((tuple(name.split()), field) for name, field in _NAMES.items()), key=lambda one: -len(one[0])
)
_CUSTOM: Final = re.compile(r"(customer|invoice)\.custom\.(.*)", re.IGNORECASE | re.DOTALL)
_TEXT_OPERATORS: Final = (
    (("is", "any", "of"), TextOperator.IS_ANY_OF),
    (("is", "not"), TextOperator.IS_NOT),
    (("is",), TextOperator.IS),
    (("contains",), TextOperator.CONTAINS),
    (("does", "not", "contain"), TextOperator.DOES_NOT_CONTAIN),
    (("starts", "with"), TextOperator.STARTS_WITH),
    (("ends", "with"), TextOperator.ENDS_WITH),
)
_SPOKEN_BOOLEANS: Final = {"yes": "true", "no": "false"}
OPTION_WORDS_MAX = 6
SHOWN_MAX = 12


def read_condition(cursor: Cursor, catalogue: Catalogue) -> Condition:
    """Read one condition. Raises CannotRead."""
    field, defined = _read_field(cursor, catalogue)
    if cursor.passes("is", "empty"):
        return EmptyCondition(field=field, is_empty=True)
    if cursor.passes("is", "not", "empty"):
        return EmptyCondition(field=field, is_empty=False)
    match kind_of(field):
        case Kind.TEXT:
            return _read_text(cursor, field)
        case Kind.CHOICE:
            return _read_choice(cursor, field, defined)
        case Kind.DATE:
            return read_day_condition(cursor, field)
        case Kind.AMOUNT:
            return read_amount_condition(cursor, field)


def _read_field(cursor: Cursor, catalogue: Catalogue) -> tuple[AnyField, DefinedField | None]:
    for words, field in _LONGEST_FIRST:
        if cursor.passes(*words):
            return field, None
    token = cursor.token
    named = _CUSTOM.fullmatch(token.value) if token.kind == "word" else None
    if named is None:
        raise cursor.failure(
            f"a field: {', '.join(field.value for field in Field)}, customer.custom.…, invoice.custom.…"
        )
    cursor.take()
    entity, key = named[1].lower(), named[2]
    if not key and cursor.token.kind == "text" and not cursor.token.after_space:
        key = cursor.take().value
    defined = catalogue.named(entity, key)
    if defined is None:
        keys = catalogue.keys(entity)
        known = ", ".join(keys[:SHOWN_MAX]) + ("…" if len(keys) > SHOWN_MAX else "")
        raise cursor.failure(f"a custom field of the {entity}: {known or 'there is none'}", token)
    return defined.field, defined


def read_value(cursor: Cursor, what: str) -> str:
    """Read a word or a quoted text. Raises CannotRead for a word of the language."""
    token = cursor.token
    if token.kind == "text" and token.value.strip():
        return cursor.take().value
    if token.kind != "word" or token.value.lower() in RESERVED:
        raise cursor.failure(f"{what}, in quotes if it is more than one word")
    return cursor.take().value


def _read_text(cursor: Cursor, field: AnyField) -> Condition:
    operator = next((operator for words, operator in _TEXT_OPERATORS if cursor.passes(*words)), None)
    if operator is None:
        names = ", ".join(operator.value for operator in TextOperator)
        raise cursor.failure(f"{names}, is empty or is not empty")
    start = cursor.token
    values = [read_value(cursor, "a text")]
    while operator is TextOperator.IS_ANY_OF and _goes_on(cursor):
        values.append(read_value(cursor, "a text"))
    return cursor.make(start, lambda: TextCondition(field=field, operator=operator, values=tuple(values)))


def _goes_on(cursor: Cursor) -> bool:
    return cursor.passes_sign(",") or cursor.passes("or")


def _read_choice(cursor: Cursor, field: AnyField, defined: DefinedField | None) -> Condition:
    options = choices_of(field) or (defined.options if defined is not None else ())
    operator, one = ChoiceOperator.IS_ANY_OF, False
    if cursor.passes("is", "none", "of"):
        operator = ChoiceOperator.IS_NONE_OF
    elif not cursor.passes("is", "any", "of"):
        if not cursor.passes("is") and not cursor.passes_sign("="):
            raise cursor.failure("is, is not, is any of, is none of, is empty or is not empty")
        if cursor.is_at("not") and _denies(cursor, options):
            cursor.take()
            operator, one = ChoiceOperator.IS_NONE_OF, True
    start = cursor.token
    values = [_read_option(cursor, field, options)]
    while not one and _goes_on(cursor):
        values.append(_read_option(cursor, field, options))
    return cursor.make(
        start, lambda: ChoiceCondition(field=field, operator=operator, values=tuple(dict.fromkeys(values)))
    )


def _denies(cursor: Cursor, options: tuple[str, ...]) -> bool:
    """Say whether the `not` that comes next denies, and is not the beginning of an option such as "not due"."""
    with_not = _option_ahead(cursor, options)
    if with_not is None:
        return True
    not_token = cursor.take()
    without = _option_ahead(cursor, options)
    cursor.at -= 1
    if without is not None:
        option = with_not[0]
        raise cursor.failure(
            f'"{option}" in quotes, or "is none of {without[0]}", because this can mean both', not_token
        )
    return False


def _option_ahead(cursor: Cursor, options: tuple[str, ...]) -> tuple[str, int] | None:
    """Return the longest option that the next words spell, and how many words it has."""
    by_fold = {fold(option): option for option in options}
    spelled, best = "", None
    for place in range(OPTION_WORDS_MAX):
        token = cursor.ahead(place)
        if token.kind != "word" or token.value.lower() in ("and", "or", "then"):
            break
        spelled = f"{spelled} {fold(token.value.replace('–', '-'))}".lstrip()
        if spelled in by_fold:
            best = by_fold[spelled], place + 1
    return best


def _read_option(cursor: Cursor, field: AnyField, options: tuple[str, ...]) -> str:
    ahead = _option_ahead(cursor, options)
    if ahead is not None:
        cursor.at += ahead[1]
        return ahead[0]
    what = f"one of {', '.join(options[:SHOWN_MAX])}" if options else _described(field)
    token = cursor.token
    value = read_value(cursor, what)
    if options:
        found = {fold(option): option for option in options}.get(fold(value))
        found = found or (_SPOKEN_BOOLEANS.get(fold(value)) if options == BOOLEANS else None)
        if found is None:
            raise cursor.failure(what, token)
        return found
    return value.upper() if field is Field.CURRENCY else value


def _described(field: AnyField) -> str:
    match field:
        case Field.CURRENCY:
            return "a currency such as EUR"
        case Field.CUSTOMER:
            return "the id of a customer"
        case _:
            return "a value"
