"""A rule as a form: fields with the operators and inputs of their type, to and from what a rule says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from pydantic import TypeAdapter, ValidationError

from rules.catalogue import Catalogue
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
from rules.fields import AnyField, CustomField, Field, Kind, choices_of, kind_of
from rules.rule import CONDITIONS_MAX, Action, Assign, Definition, Notify, Show, Trigger

EMPTY, NOT_EMPTY = "is empty", "is not empty"
BETWEEN, IN_LAST, IN_NEXT = "between", "in last", "in next"
OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TEXT: (*TextOperator, EMPTY, NOT_EMPTY),
    Kind.CHOICE: (*ChoiceOperator, EMPTY, NOT_EMPTY),
    Kind.DATE: (*DayOperator, BETWEEN, IN_LAST, IN_NEXT, EMPTY, NOT_EMPTY),
    Kind.AMOUNT: (*AmountOperator, BETWEEN, EMPTY, NOT_EMPTY),
}
ACTIONS: Final = ("assign", "assign none", "hide", "show", "notify")
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass(frozen=True, slots=True)
class FormCondition:
    """One line of the form: a field, an operator that its type has, and what it is compared with."""

    field: str
    operator: str
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    currency: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FormRule:
    """A rule in the form."""

    trigger: str = Trigger.CREATED_OR_UPDATED.value
    conditions: tuple[FormCondition, ...] = ()
    action: str = "assign"
    cadence: str = ""
    recipient: str = ""
    channel: str = "email"
    text: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FormFields:
    """The fields that a condition may ask for, by the names that the form has for them."""

    fields: Mapping[str, AnyField]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue) -> "FormFields":
        """Return those of every invoice, and the organization's own behind them."""
        own = {str(one.field): one for one in catalogue.defined}
        fields: dict[str, AnyField] = {one.value: one for one in Field} | {
            key: one.field for key, one in own.items()
        }
        known = {key: choices_of(one) or (own[key].options if key in own else ()) for key, one in fields.items()}
        return cls(fields, {key: options for key, options in known.items() if options})

    def kind(self, name: str) -> Kind:
        """Return what the field holds."""
        return kind_of(self.fields[name])

    def operators(self, name: str) -> tuple[str, ...]:
        """Return the operators that it takes."""
        return tuple(str(one) for one in OPERATORS[self.kind(name)])

    def first(self) -> FormCondition:
        """Return a condition to begin with."""
        return FormCondition(Field.STATUS.value, ChoiceOperator.IS_ANY_OF.value)


def rule_in(form: Mapping[str, Sequence[str]], fields: FormFields) -> FormRule:
    """Return what a sent form says; a field that was changed begins with the first operator of its type."""

    def said(name: str, default: str = "") -> str:
        return next(iter(form.get(f"b.{name}", ())), default)

    count = min(
        int(said("count", "0")) if said("count", "0").isdecimal() and len(said("count")) < 4 else 0, CONDITIONS_MAX
    )
    conditions = []
    for place in range(count):
        name = said(f"{place}.field")
        if name not in fields.fields:
            continue
        operator = said(f"{place}.operator")
        if operator not in fields.operators(name):
            operator = fields.operators(name)[0]
        written = [line.strip() for value in form.get(f"b.{place}.values", ()) for line in value.splitlines()]
        values = tuple(dict.fromkeys(value for value in written if value))
        options = fields.options.get(name)
        if options:
            values = tuple(value for value in values if value in options)
        low, high, currency = (said(f"{place}.{part}").strip() for part in ("low", "high", "currency"))
        conditions.append(FormCondition(name, operator, values, low, high, currency.upper()))
    trigger, action = said("trigger"), said("action")
    return FormRule(
        trigger=trigger if trigger in tuple(Trigger) else Trigger.CREATED_OR_UPDATED.value,
        conditions=tuple(conditions),
        action=action if action in ACTIONS else "assign",
        cadence=said("cadence"),
        recipient=said("recipient"),
        channel=said("channel", "email"),
        text=said("text").replace("\r\n", "\n"),
    )


def form_of(definition: Definition) -> FormRule:
    """Return the form that says what the rule says."""
    conditions = tuple(map(_line_of, definition.conditions))
    trigger = definition.trigger.value
    match definition.action:
        case Assign(cadence=None):
            return FormRule(trigger, conditions, "assign none")
        case Assign(cadence=str() as cadence):
            return FormRule(trigger, conditions, "assign", cadence=cadence)
        case Show(visible=visible):
            return FormRule(trigger, conditions, "show" if visible else "hide")
        case Notify(recipient=recipient, channel=channel, text=text):
            return FormRule(trigger, conditions, "notify", recipient=recipient, channel=channel, text=text)
    raise AssertionError(definition.action)


def condition_of(line: FormCondition, fields: FormFields) -> Condition:
    """Return what a line says. Raises ValidationError."""
    return _CONDITION.validate_python(
        {"field": fields.fields[line.field], **_stated(line, fields.kind(line.field))}
    )


def action_of(form: FormRule) -> Action:
    """Return what the rule does. Raises ValidationError."""
    match form.action:
        case "assign":
            return Assign(cadence=form.cadence)
        case "assign none":
            return Assign(cadence=None)
        case "hide" | "show":
            return Show(visible=form.action == "show")
    return Notify.model_validate({"recipient": form.recipient, "channel": form.channel, "text": form.text})


def objection_of(error: ValidationError) -> str:
    """Return the first thing that is wrong, for people."""
    told = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
    return told.removeprefix("Value error, ")


def _stated(line: FormCondition, kind: Kind) -> dict[str, Any]:
    operator = line.operator
    if operator in (EMPTY, NOT_EMPTY):
        return {"kind": "empty", "is_empty": operator == EMPTY}
    match kind:
        case Kind.TEXT:
            return {"kind": "text", "operator": operator, "values": line.values}
        case Kind.CHOICE:
            return {"kind": "choice", "operator": operator, "values": line.values}
        case Kind.DATE if operator == BETWEEN:
            return {"kind": "day between", "first": line.low, "last": line.high}
        case Kind.DATE if operator in (IN_LAST, IN_NEXT):
            return {"kind": "day within", "direction": operator.removeprefix("in "), "days": line.low}
        case Kind.DATE:
            return {"kind": "day", "operator": operator, "day": line.low}
        case Kind.AMOUNT:
            currency = line.currency or None
            if operator == BETWEEN:
                return {"kind": "amount between", "low": line.low, "high": line.high, "currency": currency}
            return {"kind": "amount", "operator": operator, "amount": line.low, "currency": currency}
    assert_never(kind)


def _line_of(condition: Condition) -> FormCondition:
    named = condition.field
    name = str(named) if isinstance(named, CustomField) else named.value
    match condition:
        case TextCondition() | ChoiceCondition():
            return FormCondition(name, condition.operator.value, condition.values)
        case DayCondition():
            return FormCondition(name, condition.operator.value, low=condition.day.isoformat())
        case DayBetween():
            return FormCondition(name, BETWEEN, low=condition.first.isoformat(), high=condition.last.isoformat())
        case DayWithin():
            return FormCondition(name, f"in {condition.direction}", low=str(condition.days))
        case AmountCondition():
            return FormCondition(
                name, condition.operator.value, low=f"{condition.amount:f}", currency=condition.currency or ""
            )
        case AmountBetween():
            low, high = f"{condition.low:f}", f"{condition.high:f}"
            return FormCondition(name, BETWEEN, low=low, high=high, currency=condition.currency or "")
        case EmptyCondition():
            return FormCondition(name, EMPTY if condition.is_empty else NOT_EMPTY)
    assert_never(condition)
