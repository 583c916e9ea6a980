"""Passwords are kept by argon2id at its full price; the pages' own tests pay a thousandth of it."""

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from db.operations.refusal import Refused
from intake.passwords import CHARACTERS_MAX, hash_of, is_outdated, is_password, kept_anew

WORDS = "three small words"


def test_what_is_kept_is_argon2id_as_its_authors_advise() -> None:
    kept = hash_of(WORDS)

    assert kept.startswith("$argon2id$")
    assert PasswordHasher().type is Type.ID
    assert not is_outdated(kept)
    assert WORDS not in kept
    assert kept != hash_of(WORDS)


def test_only_the_password_is_it() -> None:
    kept = hash_of(WORDS)

    assert is_password(WORDS, kept)
    assert not is_password("three small word", kept)
    assert not is_password(WORDS, None)
    assert not is_password(WORDS, "no hash")
    assert not is_password("x" * 10_000_000, kept)


def test_one_that_was_kept_cheaper_is_kept_anew() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(WORDS)

    assert is_password(WORDS, cheap)
    assert is_outdated(cheap)
    assert not is_outdated(kept_anew(WORDS))


def test_the_same_keys_are_the_same_password_on_every_machine() -> None:
    assert is_password("cafe\u0301 au petit matin", hash_of("caf\u00e9 au petit matin"))


@pytest.mark.parametrize(
    "password", ["too short", "aaaaaaaaaaaaaaaa", "x" * (CHARACTERS_MAX + 1), "ana@duewell.example"]
)
def test_what_anybody_would_try_is_refused(password: str) -> None:
    with pytest.raises(Refused):
        hash_of(password, "Ana@Duewell.example")
