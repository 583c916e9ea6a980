"""Complaints: what a model has against a value, in the words of the files' authors."""

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from intake.problems import visible

# What each kind of error expects; `{…}` is filled from the error's context.
_EXPECTED = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text",
    "tuple_type": "a list",
    "model_type": "keys with values",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "enum": "{expected}",
    "literal_error": "{expected}",
}
_UNKNOWN_KEY = "extra_forbidden"
# A string where a number, a truth or nothing stands is most often a matter of quotes.
_BARE = (bool, int, type(None))


def complaint_of(error: ValidationError, model: type[BaseModel]) -> tuple[tuple[str | int, ...], str]:
    """Return the path of keys of the value to mend first, and what is wrong with it.

    An unknown key comes first: mistyped, it is also why another one is missing.
    """
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda details: details["type"] != _UNKNOWN_KEY)
    return first["loc"], _text(first, model)


def described(value: object) -> str:
    """Return the value in a few safe characters: texts in quotes, lists and mappings by what they are."""
    if isinstance(value, str):
        return f"'{visible(value)}'"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return visible(str(value))
    return "a list" if isinstance(value, list) else "a mapping"


def _text(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == _UNKNOWN_KEY:
        known = _keys_at(model, details["loc"][:-1])
        return f"unknown key; expected {listed(known)}" if known else "unknown key"
    if kind == "value_error":
        return str(context["error"])
    expected = _EXPECTED.get(kind)
    if expected is None:
        return details["msg"]
    wanted = expected.format(**context).replace("'", "")
    if wanted == "text" and isinstance(value, _BARE):
        wanted = "text in quotes"
    if isinstance(value, list) and kind in ("too_short", "too_long"):
        return f"has {len(value) or 'none'}; expected {wanted}"
    return f"{described(value)} is wrong; expected {wanted}"


def listed(words: list[str], link: str = "or") -> str:
    """Return the words as a sentence has them: `a, b or c`."""
    return f" {link} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the model knows at a path."""
    for key in place:
        if isinstance(key, str):
            found = _model_in(model.model_fields[key].annotation) if key in model.model_fields else None
            if found is None:
                return []
            model = found
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model within an annotation such as `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
