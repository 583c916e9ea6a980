"""The filters of texts. Each is bounded in what it takes and what it makes."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any
from urllib.parse import quote

from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from mailer import formats
from mailer.refusals import BadText, CannotRender
from mailer.values import Amount, Amounts, Day, Labeled, Link, NoValue, Number, is_web_address

CHARACTERS_MAX = 5_000
NUMBER_MAX = Decimal(10) ** 15
DAYS_MAX = 36_600
FILTERS: dict[str, Callable[..., object]] = {}


def _filter(function: Callable[..., object]) -> Callable[..., object]:
    """Register a filter: what it costs is counted, and wrong arguments are complaints about the text."""
    name = function.__name__.strip("_")

    @wraps(function)
    def guarded(value: object, *arguments: object, context: Any, **named: object) -> object:
        context.spend(1 + sum(len(each) for each in (value, *arguments) if isinstance(each, str)) // 200)
        try:
            made = function(context, value, *arguments, **named)
        except CannotRender:
            raise
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise BadText(f"the filter {name} cannot be used like this") from error
        if isinstance(made, str) and len(made) > CHARACTERS_MAX:
            raise BadText(f"the filter {name} makes a text of more than {CHARACTERS_MAX:,} characters")
        return made

    guarded.with_context = True  # type: ignore[attr-defined]
    FILTERS[name] = guarded
    return guarded


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, range | list | dict) and not isinstance(value, Amounts):
        raise BadText("a list is no text; join writes one")
    text = str(value)
    if len(text) > CHARACTERS_MAX:
        raise BadText(f"a filter takes no text of more than {CHARACTERS_MAX:,} characters")
    return text


def _number(value: object) -> Decimal:
    if isinstance(value, Amount):
        return value.money.amount
    if isinstance(value, Number):
        return value.number
    try:
        number = Decimal(_text(value))
    except InvalidOperation as error:
        raise BadText(f"{_text(value)[:40]!r} is no number") from error
    if not number.is_finite() or abs(number) > NUMBER_MAX:
        raise BadText("a number is out of bounds")
    return number


def _simple(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _count(value: object) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise BadText(f"{number} is no whole number")
    return int(number)


@_filter
def default(_: Any, value: object, fallback: object = "") -> object:
    """Return the fallback for a tag without a value, and the value otherwise."""
    return fallback if isinstance(value, NoValue) or value is None or value is False or value == "" else value


@_filter
def _date(context: Any, value: object, style: object = "long") -> object:
    """Write a day in a style of CLDR, or by a pattern such as d MMMM y."""
    if isinstance(value, NoValue):
        return value
    if isinstance(value, Day):
        day = value.date
    else:
        try:
            day = date.fromisoformat(_text(value))
        except ValueError as error:
            raise BadText(f"{_text(value)[:40]!r} is no day") from error
    wanted = _text(style)
    if len(wanted) > 40 or "%" in wanted:
        raise BadText(f"{wanted[:40]!r} is no way to write a day; expected {', '.join(formats.DATE_STYLES)}")
    return formats.format_day(day, context.globals["locale_"], wanted)


@_filter
def plus_days(_: Any, value: object, days: object) -> object:
    """Return a later day, or an earlier one for a negative number."""
    if isinstance(value, NoValue):
        return value
    if not isinstance(value, Day):
        raise BadText("plus_days goes with a tag that is a day, such as today")
    count = _count(days)
    if abs(count) > DAYS_MAX:
        raise BadText("a number of days is out of bounds")
    try:
        return Day(value.date + timedelta(days=count), value.locale)
    except OverflowError as error:
        raise CannotRender("a day is beyond the calendar") from error


@_filter
def money(context: Any, value: object, currency: object = None) -> object:
    """Write an amount; a bare number needs its currency."""
    if isinstance(value, NoValue | Amounts):
        return value
    if isinstance(value, Amount) and currency is None:
        return str(value)
    code = _text(currency).upper()
    if code not in CURRENCY_DECIMALS:
        raise BadText(f"{code[:10]!r} is no currency")
    if isinstance(value, Amount) and value.money.currency != code:
        raise BadText(f"an amount in {value.money.currency} cannot be written in {code}")
    return formats.format_money(Money(_number(value), code), context.globals["locale_"])


@_filter
def plural(context: Any, value: object, one: object, other: object) -> object:
    """Write a number with the word that goes with it."""
    if isinstance(value, NoValue):
        return value
    number = _number(value)
    locale = context.globals["locale_"]
    word = _text(one) if locale.plural_form(number) == "one" else _text(other)
    return f"{formats.format_number(number, locale)} {word}"


@_filter
def upcase(_: Any, value: object) -> object:
    """Write in capitals."""
    return _text(value).upper()


@_filter
def downcase(_: Any, value: object) -> object:
    """Write in small letters."""
    return _text(value).lower()


@_filter
def capitalize(_: Any, value: object) -> object:
    """Begin with a capital, and leave the rest as it is."""
    text = _text(value)
    return text[:1].upper() + text[1:]


@_filter
def append(_: Any, value: object, more: object) -> object:
    """Put a text behind."""
    return _text(value) + _text(more)


@_filter
def prepend(_: Any, value: object, more: object) -> object:
    """Put a text before."""
    return _text(more) + _text(value)


@_filter
def replace(_: Any, value: object, old: object, new: object = "") -> object:
    """Put a text in the place of another, wherever it stands."""
    text, before, after = _text(value), _text(old), _text(new)
    if not before:
        return text
    if len(text) + text.count(before) * (len(after) - len(before)) > CHARACTERS_MAX:
        raise BadText(f"the filter replace makes a text of more than {CHARACTERS_MAX:,} characters")
    return text.replace(before, after)


@_filter
def truncate(_: Any, value: object, length: object = 50) -> object:
    """Keep so many characters, the ellipsis included."""
    text, most = _text(value), max(_count(length), 1)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@_filter
def strip(_: Any, value: object) -> object:
    """Leave out spaces around."""
    return _text(value).strip()


@_filter
def join(context: Any, value: object, between: object = ", ") -> object:
    """Write the parts of a list with a text between them."""
    if not isinstance(value, list):
        raise BadText("join goes with a list, such as totals")
    context.spend(len(value))
    return _text(between).join(_text(each) for each in value)


@_filter
def size(_: Any, value: object) -> object:
    """Return how many parts or characters there are."""
    return len(value) if isinstance(value, list) else len(_text(value))


@_filter
def plus(_: Any, value: object, more: object) -> object:
    """Add a number."""
    return _simple(_number(value) + _number(more))


@_filter
def minus(_: Any, value: object, less: object) -> object:
    """Take a number away."""
    return _simple(_number(value) - _number(less))


@_filter
def url_encode(_: Any, value: object) -> object:
    """Write a text so that it can be a part of a web address."""
    return quote(_text(value), safe="")


@_filter
def web_address(_: Any, value: object) -> object:
    """Return a web address that can be followed safely. Raises CannotRender for any other."""
    address = _text(value).strip()
    if not is_web_address(address):
        raise CannotRender(f"{address[:60]!r} is no web address")
    return address


@_filter
def button(context: Any, value: object, label: object) -> object:
    """Show a link as a button; the plain text says label and address."""
    return _labeled(context, value, label, is_button=True)


@_filter
def link(context: Any, value: object, label: object) -> object:
    """Show a link under a label; the plain text says label and address."""
    return _labeled(context, value, label, is_button=False)


def _labeled(context: Any, value: object, label: object, *, is_button: bool) -> object:
    if isinstance(value, NoValue):
        return value
    address = value if isinstance(value, Link) else web_address(value, context=context)
    return Labeled(_text(label), str(address), is_button, context.env.colour, context.env.ink)
