"""Dates, amounts and lengths of lists as people must write them: one form, so that nothing is guessed."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

LINES_MAX = 10_000
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")


def read_day(text: str) -> date:
    """Return the date written as YYYY-MM-DD. Raises ValueError."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a date; expected YYYY-MM-DD, such as 2026-06-30")


def read_amount(text: str) -> Decimal:
    """Return the amount written in plain digits, with '.' before the decimals. Raises ValueError."""
    if _AMOUNT.fullmatch(text):
        return Decimal(text)
    raise ValueError(f"{text!r} is not an amount; expected plain digits, such as 1250 or 1250.50")


def _day(_type: Any, tokens: Sequence[Token]) -> date:
    return read_day(tokens[0].value)


def _amount(_type: Any, tokens: Sequence[Token]) -> Decimal:
    return read_amount(tokens[0].value)


Day = Annotated[date, Parameter(converter=_day)]
Amount = Annotated[Decimal, Parameter(converter=_amount)]
Lines = Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))]
Json = Annotated[bool, Parameter(help="Print one JSON document.")]
