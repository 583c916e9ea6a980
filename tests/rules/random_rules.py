"""Random rules and invoices out of one small world, so that they meet: values collide, and bounds are touched."""

import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal, TypeVar

from rules.catalogue import Catalogue, DefinedField
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
from rules.facts import CustomValue, InvoiceFacts, State
from rules.fields import AnyField, CustomField, Field, Kind, choices_of, kind_of
from rules.rule import Action, Assign, Definition, Notify, Rule, Show, Trigger

T = TypeVar("T")
TODAY = date(2026, 6, 15)

_TYPES: tuple[Literal["text", "number", "date", "boolean", "select"], ...] = (
    "text", "number", "date", "boolean", "select",
)  # fmt: skip
_ENTITIES: tuple[Literal["customer", "invoice"], ...] = ("customer", "invoice")
CUSTOM = tuple(
    CustomField(entity=entity, key=f"{type_} field" if entity == "invoice" else type_, type=type_)
    for entity in _ENTITIES
    for type_ in _TYPES
)
OPTIONS = ("VIP", "Key Account", "élite", "not due", "due", "then")
CATALOGUE = Catalogue(tuple(DefinedField(field, OPTIONS if field.type == "select" else ()) for field in CUSTOM))
FIELDS: tuple[AnyField, ...] = (*Field, *CUSTOM)

CUSTOMERS = ("C-1", "C-2", "c-1", "Hélios")
CADENCES = ("W-EU", "W-KEY", "w-eu", "Straße", "none")
CURRENCIES = ("EUR", "USD", "JPY")
# Composed and not, in upper and lower case, with all kinds of spaces, and what LIKE would take for signs.
TEXTS = (
    *("A", "a", "ab", "AB", " ab ", "a b", "b", "e", "K", "s", "i", "5", "then", "and", "not due"),
    *("%", "_", "a%b", "a_b", "\\", "a\\b", '"', "\u00a0a\u2003", "数", "🙂", "🙂a"),
    *("é", "e\u0301", "É", "E\u0301", "ÉA", "aé", "\u212b", "å", "Å", "J\u030c", "ǰ", "\u1e9b\u0323"),
    *("q\u0307\u0323", "q\u0323\u0307", "İ", "ı", "\u0130\u0307", "\u212a", "ſ", "ﬁ", "ŉ", "Ⓐ", "Ａ"),
    *("STRASSE", "straße", "STRAẞE", "ΣΑΣ", "σας", "σασ", "ά", "Ά", "ᾳ", "ᾼ", "Ж", "ж", "𐐀", "𐐨"),
)
AMOUNTS = tuple(map(Decimal, ("0.01", "5", "5.0000", "99.5", "100", "1000", "1000.0001", "999999999999999.9999")))
NUMBERS = (*AMOUNTS, Decimal(0), Decimal("-5"), Decimal("-0.0001"))


def random_text(random: Random) -> str:
    """Return a text that others are alike: one of the small world, or two of them."""
    text = "".join(random.choice(TEXTS) for _ in range(random.choice((1, 1, 1, 2, 3))))
    form: Literal["NFC", "NFD"] = random.choice(("NFC", "NFD"))
    return unicodedata.normalize(form, text) if random.random() < 0.5 else text


def random_day(random: Random) -> date:
    """Return a day near today, and near the ends of buckets."""
    return TODAY + timedelta(
        days=random.choice((0, 0, 1, -1, 7, -7, -30, -31, -60, -61, -90, -91, 30, 365, -3650))
    )


def some(random: Random, values: Sequence[T]) -> tuple[T, ...]:
    """Return one or some of the values."""
    return tuple(random.sample(values, random.choice((1, 1, 2, min(3, len(values))))))


def random_condition(random: Random, fields: Sequence[AnyField] = FIELDS) -> Condition:
    """Return a condition on one of the fields."""
    field = random.choice(fields)
    if random.random() < 0.08:
        return EmptyCondition(field=field, is_empty=random.random() < 0.5)
    match kind_of(field):
        case Kind.TEXT:
            return _random_text_condition(random, field)
        case Kind.CHOICE:
            operator = random.choice(tuple(ChoiceOperator))
            return ChoiceCondition(field=field, operator=operator, values=some(random, _choices(field)))
        case Kind.DATE:
            return _random_day_condition(random, field)
        case Kind.AMOUNT:
            return _random_amount_condition(random, field)


def _choices(field: AnyField) -> Sequence[str]:
    if field is Field.CUSTOMER:
        return CUSTOMERS
    if field is Field.CURRENCY:
        return CURRENCIES
    return choices_of(field) or OPTIONS


def _random_text_condition(random: Random, field: AnyField) -> TextCondition:
    operator = random.choice(tuple(TextOperator))
    texts = list(CADENCES) if field is Field.CADENCE else []
    count = random.choice((1, 2, 3)) if operator is TextOperator.IS_ANY_OF else 1
    values = tuple(random.choice([*texts, random_text(random)]) for _ in range(count))
    return TextCondition(
        field=field, operator=operator, values=tuple(one if one.strip() else "a" for one in values)
    )


def _random_day_condition(random: Random, field: AnyField) -> Condition:
    kind = random.random()
    if kind < 0.2:
        first, last = sorted((random_day(random), random_day(random)))
        return DayBetween(field=field, first=first, last=last)
    if kind < 0.5:
        direction: Literal["last", "next"] = random.choice(("last", "next"))
        return DayWithin(field=field, direction=direction, days=random.choice((1, 7, 30, 90, 3650)))
    return DayCondition(field=field, operator=random.choice(tuple(DayOperator)), day=random_day(random))


def _random_amount_condition(random: Random, field: AnyField) -> Condition:
    is_money = isinstance(field, Field)
    currency = random.choice((None, *CURRENCIES)) if is_money else None
    if random.random() < 0.2:
        low, high = sorted((random.choice(NUMBERS), random.choice(NUMBERS)))
        return AmountBetween(field=field, low=low, high=high, currency=currency)
    operator = random.choice(tuple(AmountOperator))
    return AmountCondition(field=field, operator=operator, amount=random.choice(NUMBERS), currency=currency)


def random_action(random: Random) -> Action:
    """Return one of the three actions."""
    kind = random.random()
    if kind < 0.6:
        return Assign(cadence=random.choice((None, *CADENCES)))
    if kind < 0.8:
        return Show(visible=random.random() < 0.5)
    channel: Literal["email", "webhook"] = random.choice(("email", "webhook"))
    recipient = random.choice(("Cash Collectors", "ana@helios.example"))
    return Notify(
        recipient=recipient, channel=channel, text=random.choice(('Say "{{ invoice.number }}"\n\\n', "a\tb"))
    )


def random_definition(random: Random, conditions_max: int = 4) -> Definition:
    """Return what a rule says."""
    return Definition(
        trigger=random.choice(tuple(Trigger)),
        conditions=tuple(random_condition(random) for _ in range(random.randint(0, conditions_max))),
        action=random_action(random),
    )


def random_rules(random: Random, count: int) -> tuple[Rule, ...]:
    """Return rules in another order than that of their ids."""
    positions = random.sample(range(count), count)
    return tuple(
        Rule(
            id=id_,
            name=f"rule {id_}",
            definition=random_definition(random),
            is_active=random.random() < 0.9,
            position=position,
        )
        for id_, position in enumerate(positions, start=1)
    )


def random_custom(random: Random, field: CustomField) -> CustomValue:
    """Return a value of the field."""
    match field.type:
        case "text":
            return random_text(random)
        case "number":
            return random.choice(NUMBERS)
        case "date":
            return random_day(random)
        case "boolean":
            return random.random() < 0.5
        case "select":
            return random.choice(OPTIONS)


def random_facts(random: Random, **stated: Any) -> InvoiceFacts:
    """Return an invoice."""
    total = random.choice(AMOUNTS)
    states: tuple[State, ...] = ("open", "open", "open", "open", "draft", "void", "written_off")
    drawn: dict[str, Any] = {
        "as_of": TODAY,
        "customer": random.choice(CUSTOMERS),
        "number": random_text(random),
        "currency": random.choice(CURRENCIES),
        "issued_on": random_day(random),
        "due_on": random.choice((None, random_day(random), random_day(random), random_day(random))),
        "total": total,
        "paid": random.choice((Decimal(0), Decimal(0), total, total - Decimal("0.0001"), min(total, Decimal(5)))),
        "state": random.choice(states),
        "is_disputed": random.random() < 0.3,
        "is_hidden": random.random() < 0.3,
        "po_number": random.choice((None, "", " \u2003", random_text(random), random_text(random))),
        "paid_on": random.choice((None, random_day(random))),
        "cadence": random.choice((None, *CADENCES)),
        "tolerance": random.choice((Decimal(0), Decimal("0.01"))),
        "custom": {
            (field.entity, field.key): random_custom(random, field) for field in CUSTOM if random.random() < 0.7
        },
    }
    return InvoiceFacts(**(drawn | stated))
