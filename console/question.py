"""Asks whoever sits at the terminal before something is done."""

import sys

from console.failure import ASKED_WRONGLY, Failure
from console.printing import err, say


def require_somebody(what_asks: str) -> None:
    """Raise Failure if nobody is there to answer. Called first of all: a script never sees half an answer."""
    if not sys.stdin.isatty():
        raise Failure(f"{what_asks}, and nobody is there to answer; add --yes", ASKED_WRONGLY)


def is_agreed(question: str) -> bool:
    """Ask, and say whether the answer is a clear yes."""
    say(err(), f"{question} [y/N]", "bold")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
