"""How the command line speaks: answers on stdout, everything else on stderr, one JSON document if asked for."""

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn
from unicodedata import category

from rich.console import Console
from rich.text import Text


class Speaker(Console):
    """A rich console that leaves a closed pipe to console.main instead of ending the program."""

    def on_broken_pipe(self) -> NoReturn:
        """Say that nobody reads any more."""
        raise BrokenPipeError


def out() -> Console:
    """Return where answers go."""
    return Speaker(highlight=False)


def err() -> Console:
    """Return where progress and complaints go."""
    return Speaker(stderr=True, highlight=False)


def say(console: Console, text: str, style: str = "") -> None:
    """Print one line as it is: no markup is read in it, and it is not wrapped."""
    console.print(Text(printable(text), style=style), soft_wrap=True)


def complain(text: str) -> None:
    """Print what went wrong, in one line on stderr."""
    say(err(), f"duewell: {' '.join(text.split())}", "red")


def say_json(data: Any) -> None:
    """Print one JSON document: dates in ISO, amounts as strings; indented for a terminal, else in one line."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(data, default=_as_json, ensure_ascii=False, indent=indent) + "\n")


def printable(text: str) -> str:
    """Return the text with control characters escaped: what others wrote must not command the terminal."""
    return "".join(one if one.isprintable() or _is_space(one) else _escaped(one) for one in text)


def _is_space(character: str) -> bool:
    """Say whether it is a space of any kind: amounts have no-break ones, which Python calls not printable."""
    return category(character) == "Zs"


def _escaped(character: str) -> str:
    return repr(character)[1:-1].replace("\\n", " ")


def _as_json(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} is not JSON")
