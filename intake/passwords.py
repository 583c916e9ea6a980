"""Passwords: what is one, and how they are kept (argon2id) and compared."""

import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db.operations.refusal import Refused

CHARACTERS_MIN = 12
CHARACTERS_MAX = 200
# Each takes 64 MiB and a core for as long as it takes: who guesses must not take the machine.
_AT_ONCE = threading.BoundedSemaphore(2)
_HASHER = PasswordHasher()


def hash_of(password: str, *known: str) -> str:
    """Return what is kept of a new password. `known` is what everybody would try. Raises Refused."""
    sound = _normalized(password)
    if len(sound) < CHARACTERS_MIN:
        raise Refused(
            "a password has at least {least} characters; a few words will do",
            least=CHARACTERS_MIN,
        )
    if len(sound) > CHARACTERS_MAX:
        raise Refused("a password has at most {most} characters", most=CHARACTERS_MAX)
    if len(set(sound)) < 5 or sound.casefold() in {one.casefold() for one in known}:
        raise Refused("this password is the first that anybody would try; take another one")
    with _AT_ONCE:
        return _HASHER.hash(sound)


def is_password(password: str, kept: str | None) -> bool:
    """Say whether the password is the one of which `kept` was kept; None takes as long, and is none."""
    # Nobody has a longer one, and a long text would be work for nothing.
    sound = _normalized(password[: CHARACTERS_MAX * 4])
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _nobodys(), sound) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Say whether a password that was kept would be kept in another way today."""
    return _HASHER.check_needs_rehash(kept)


def kept_anew(password: str) -> str:
    """Return what is kept of a password that is known to be right."""
    with _AT_ONCE:
        return _HASHER.hash(_normalized(password))


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


def _normalized(password: str) -> str:
    # The same keys give the same password on every machine. What is no text is no password either.
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())
