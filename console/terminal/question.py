"""Asks whoever sits at the terminal before something is done."""

import sys
from getpass import getpass

from console.failure import ASKED_WRONGLY, Failure
from console.terminal.printing import err, say


def require_somebody(what_asks: str) -> None:
    """Raise Failure if nobody is there to answer. Called first of all: a script never sees half an answer."""
    if not sys.stdin.isatty():
        raise Failure(f"{what_asks}, and nobody is there to answer; add --yes", ASKED_WRONGLY)


def is_agreed(question: str) -> bool:
    """Ask, and say whether the answer is a clear yes."""
    say(err(), f"{question} [y/N]", "bold")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def asked_password(what: str) -> str:
    """Ask for a new password twice, unseen; from a pipe take its first line. Raises Failure if two differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass(f"{what}: ", stream=sys.stderr)
    if getpass("The same again: ", stream=sys.stderr) != password:
        raise Failure("the two are not the same; nothing changed", ASKED_WRONGLY)
    return password
