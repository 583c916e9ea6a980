"""The types of what is sent: each refuses exactly what its JSON Schema refuses, with a word on why.

What a schema cannot say (that an amount is too precise for its currency, that a locale exists) is refused by the
ledger's side, as a conflict.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dunning.currencies import CURRENCY_DECIMALS

T = TypeVar("T")
BIGINT_MAX = 2**63 - 1

# C0, DEL and C1, separators of lines, what turns the direction of a text, and halves of characters.
_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
# What shows nothing, or is nothing by itself.
_INVISIBLE = r"\u00ad\u180e\u200b-\u200f\u2060-\u2065\u206a-\u206f\ue000-\uf8ff\ufff0-\uffff"
_SPACES = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff"
_LINE = f"^[^{_CONTROLS}{_SPACES}](?:[^{_CONTROLS}]*[^{_CONTROLS}{_SPACES}])?$"
_INNER = _SPACES.replace(" ", "", 1)
_UNSEEN = _CONTROLS + _INVISIBLE
_IDENTIFIER = f"^[^{_UNSEEN}{_SPACES}](?:[^{_UNSEEN}{_INNER}]*[^{_UNSEEN}{_SPACES}])?$"
_TEXT = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]*$"
_DAY = r"^(?:199[0-9]|20[0-9]{2})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
_AMOUNT = r"^(?:0|[1-9][0-9]{0,13})(?:\.[0-9]{1,4})?$"
_POSITIVE = (
    r"^(?:[1-9][0-9]{0,13}(?:\.[0-9]{1,4})?"
    r"|0\.(?:[1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$"
)
_CURRENCIES = frozenset(CURRENCY_DECIMALS)


def _published(pattern: str) -> str:
    """Return the pattern without halves of characters, which JSON cannot hold."""
    return pattern.replace(r"\ud800-\udfff", "")


def _text(
    pattern: str, length_max: int, expected: str, read: Callable[[str], T], **schema: Any
) -> tuple[BeforeValidator, WithJsonSchema]:
    compiled = re.compile(pattern)

    def validate(value: object) -> T:
        if isinstance(value, str) and 0 < len(value) <= length_max and compiled.fullmatch(value):
            return read(value)
        raise ValueError(f"expected {expected}")

    stated = {"type": "string", "minLength": 1, "maxLength": length_max, "pattern": _published(pattern)}
    return BeforeValidator(validate), WithJsonSchema({**stated, **schema})


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def line(length_max: int, **schema: Any) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return what reads a text in one line."""
    expected = f"1 to {length_max} characters in one line, without spaces around them"
    return _text(_LINE, length_max, expected, _composed, **schema)


def schema_of(kind: Any) -> WithJsonSchema:
    """Return the schema of a type, for one that may also be None: a parameter is left out, and never null."""
    return WithJsonSchema(TypeAdapter(kind).json_schema())


def _currency(value: object) -> str:
    if isinstance(value, str) and value in _CURRENCIES:
        return value
    raise ValueError("expected an ISO 4217 code such as EUR")


_IDENTIFIED = "1 to 64 visible characters, without spaces around them"
_ID_CHECKS = _text(_IDENTIFIER, 64, _IDENTIFIED, _composed, examples=["INV-2026-017"])
_DAY_CHECKS = _text(
    _DAY, 10, "a day as YYYY-MM-DD, from 1990 to 2099", date.fromisoformat, format="date", examples=["2026-06-01"]
)
_AMOUNT_CHECKS = _text(_AMOUNT, 19, 'an amount in a string, such as "1200.00"', Decimal, examples=["1200.00"])
_POSITIVE_CHECKS = _text(
    _POSITIVE, 19, 'an amount above 0 in a string, such as "1200.00"', Decimal, examples=["1200.00"]
)
_NAME_CHECKS = line(200, examples=["Société Hélios"])
_SHORT_CHECKS = line(64)
_LONG_CHECKS = line(500)
_ADDRESS_CHECKS = line(254, examples=["ana@helios.example"])
_NOTE_CHECKS = _text(_TEXT, 5000, "a text of at most 5000 characters", _composed)
_MESSAGE_CHECKS = _text(_TEXT, 50_000, "a text of at most 50,000 characters", _composed)
_ROLE_CHECKS = _text("^[a-z][a-z0-9_]{0,31}$", 32, "a word such as main or billing", str, examples=["billing"])
_LOCALE_CHECKS = _text(
    "^[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?$", 8, "a locale such as fr or pt-BR", str, examples=["fr"]
)

Identifier = Annotated[str, *_ID_CHECKS]
Day = Annotated[date, *_DAY_CHECKS]
Amount = Annotated[Decimal, *_AMOUNT_CHECKS]
PositiveAmount = Annotated[Decimal, *_POSITIVE_CHECKS]
Name = Annotated[str, *_NAME_CHECKS]
ShortLine = Annotated[str, *_SHORT_CHECKS]
LongLine = Annotated[str, *_LONG_CHECKS]
Address = Annotated[str, *_ADDRESS_CHECKS]
Note = Annotated[str, *_NOTE_CHECKS]
MessageText = Annotated[str, *_MESSAGE_CHECKS]
Role = Annotated[str, *_ROLE_CHECKS]
Locale = Annotated[str, *_LOCALE_CHECKS]
Currency = Annotated[
    str,
    BeforeValidator(_currency),
    WithJsonSchema({"type": "string", "enum": sorted(CURRENCY_DECIMALS), "examples": ["EUR"]}),
]
Key = Annotated[str, StringConstraints(strict=True, pattern="^[a-z][a-z0-9_]{0,31}$")]


def plain(amount: Decimal) -> str:
    """Return an amount in digits, with two decimals at least and no zeros behind the further ones."""
    digits = f"{amount.normalize():f}"
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


# An amount as it is answered.
Said = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,4}$", "examples": ["1200.00"]}),
]


class Body(BaseModel):
    """What is sent: nothing is guessed, and nothing that is not known is overlooked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _only_of_an_object(cls, sent: object) -> object:
        """Refuse a decimal number: FastAPI would look for the fields among its attributes, and find none."""
        if isinstance(sent, Decimal):
            raise PydanticCustomError("model_type", "Input should be an object")
        return sent


class Shown(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)
