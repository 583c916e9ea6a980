"""Values of the organization's own fields, as they are sent and answered."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from db.queries.custom_fields import Value, Values

FIELDS_MAX = 100
TEXT_CHARACTERS_MAX = 500
_KEY = "^[a-z][a-z0-9_]{0,63}$"
_TEXT = r"^[^\u0000-\u001f\u007f-\u009f]*$"


def _stated(value: object) -> object:
    if not isinstance(value, dict) or len(value) > FIELDS_MAX:
        raise ValueError(f"expected an object with at most {FIELDS_MAX} custom fields")
    for key, one in value.items():
        if not re.fullmatch(_KEY, key):
            raise ValueError("expected keys of small letters, digits and _, such as plan")
        if isinstance(one, str) and (len(one) > TEXT_CHARACTERS_MAX or not re.fullmatch(_SOUND, one)):
            raise ValueError(f"{key}: expected a text in one line of at most {TEXT_CHARACTERS_MAX} characters")
        if one is not None and not isinstance(one, str | bool):
            raise ValueError(f"{key}: expected a string, true, false or null")
    return value


# Halves of characters cannot be written in a pattern of JSON Schema, nor in JSON.
_SOUND = _TEXT.replace(r"\u009f", r"\u009f\ud800-\udfff")
_VALUE = {
    "anyOf": [
        {"type": "string", "maxLength": TEXT_CHARACTERS_MAX, "pattern": _TEXT},
        {"type": "boolean"},
        {"type": "null"},
    ]
}
CustomStated = Annotated[
    dict[str, str | bool | None],
    BeforeValidator(_stated),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": FIELDS_MAX,
            "patternProperties": {_KEY: _VALUE},
            "additionalProperties": False,
            "description": "Values by the keys of custom fields; texts, numbers and days are strings."
            " Null empties a field, and fields that are not named are left.",
            "examples": [{}],
        }
    ),
]
CustomShown = Annotated[dict[str, str | bool], Field(examples=[{"plan": "VIP"}])]


def custom_shown(values: Values) -> dict[str, str | bool]:
    """Return the values as they are answered, by key."""
    return {key: _shown(values[key]) for key in sorted(values)}


def _shown(value: Value) -> str | bool:
    match value:
        case bool() | str():
            return value
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
