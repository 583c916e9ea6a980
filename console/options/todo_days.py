"""When people are taken to do their to-dos: a number of days, or never."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

TODO_DAYS_MAX = 365


def read_todo_days(text: str) -> int | None:
    """Return the number of days, None for `never`. Raises ValueError."""
    if text == "never":
        return None
    if text.isascii() and text.isdigit() and int(text) <= TODO_DAYS_MAX:
        return int(text)
    raise ValueError(f"{text!r} is no number of days; expected 0 to {TODO_DAYS_MAX}, or never")


def todos_words(todo_days: int | None) -> str:
    """Say in one sentence what is assumed of to-dos."""
    match todo_days:
        case None:
            return "Assumed: nobody does a to-do (--todos-after never)."
        case 0:
            return "Assumed: to-dos are done on the day they open (--todos-after changes that)."
        case 1:
            return "Assumed: to-dos are done a day after they open (--todos-after 1)."
        case _:
            return f"Assumed: to-dos are done {todo_days} days after they open (--todos-after {todo_days})."


def _todo_days(_type: Any, tokens: Sequence[Token]) -> int | None:
    return read_todo_days(tokens[0].value)


TodoDays = Annotated[int | None, Parameter(converter=_todo_days, show_default=str)]
