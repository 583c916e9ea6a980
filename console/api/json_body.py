"""Reads bodies: JSON, to the last digit, or nothing."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Request

# More than any whole number here has.
DIGITS_MAX = 20


class ExactRequest(Request):
    """A request whose JSON keeps its numbers as they were written."""

    async def json(self) -> Any:
        """Return the body. Raises JSONDecodeError."""
        body = await self.body()
        try:
            text = body.decode("utf-8")
            return json.loads(text, parse_float=_number, parse_constant=_refuse)
        except json.JSONDecodeError:
            raise
        except (UnicodeDecodeError, RecursionError, ValueError) as error:
            # Not UTF-8, nested without end, or a number of thousands of digits.
            raise json.JSONDecodeError(_what(error), "", 0) from error


def _number(text: str) -> int | Decimal:
    """Return a number as it was written; 3.0 is a whole one in JSON."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() and number.adjusted() < DIGITS_MAX else number


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no number in JSON", "", 0)


def _what(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case RecursionError():
            return "it is nested too deeply"
    return "a number has too many digits"
