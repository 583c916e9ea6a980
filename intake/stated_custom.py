"""Values of custom fields as programs state them: read by the type that each field has."""

import re
from collections.abc import Mapping
from decimal import Decimal
from unicodedata import normalize

from db.operations.arrival.custom_values import Stated
from db.operations.refusal import Refused
from db.queries.custom_fields import Entity, FieldKnown, Value
from intake.cells import parse_date
from intake.problems import Wrong
from phrase import Phrase, phrase

Fields = Mapping[tuple[Entity, str], FieldKnown]
TEXT_CHARACTERS_MAX = 500
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,4})?")


def stated_values(fields: Fields, entity: Entity, given: Mapping[str, str | bool | None]) -> Stated:
    """Return what is stated; None empties a field. Raises Refused for a field or a value that does not exist."""
    return tuple((key, _value(fields.get((entity, key)), entity, key, value)) for key, value in given.items())


def _value(field: FieldKnown | None, entity: Entity, key: str, given: str | bool | None) -> Value | None:
    if field is None:
        raise Refused("there is no custom field {key!r} of {entity}s", key=key, entity=phrase(entity))
    if given is None:
        return None
    wrong = Refused("custom field {key!r}: expected {expected}", key=key, expected=_EXPECTED[field.type])
    if (field.type == "boolean") != isinstance(given, bool):
        raise wrong
    if isinstance(given, bool):
        return given
    match field.type:
        case "number":
            return _number(given, wrong)
        case "date":
            day = parse_date(given)
            if isinstance(day, Wrong):
                raise wrong
            return day
        case "select":
            if given not in field.options:
                raise Refused(
                    "custom field {key!r}: expected one of {options}", key=key, options=", ".join(field.options)
                )
            return given
    text = normalize("NFC", given).strip()
    if len(text) > TEXT_CHARACTERS_MAX:
        raise wrong
    return text or None


_EXPECTED = {
    "text": Phrase("a text of at most {most} characters", most=TEXT_CHARACTERS_MAX),
    "number": Phrase('a number in a string, such as "12.5", with at most 15 digits before and 4 behind the point'),
    "date": Phrase("a day as YYYY-MM-DD"),
    "boolean": Phrase("true or false"),
    "select": Phrase("one of its options"),
}


def _number(given: str, wrong: Refused) -> Decimal:
    if _NUMBER.fullmatch(given) is None:
        raise wrong
    return Decimal(given)
