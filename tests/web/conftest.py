"""The pages within the test's process, on a ledger that is set up and empty; they need PostgreSQL alone."""

from collections.abc import AsyncIterator, Iterator

import pytest
from argon2 import PasswordHasher

from db.engine import Engine
from intake import passwords
from tests.db.conftest import book, engine, postgres, template, used_again
from tests.web.browser import Browser, browsing, make_team

__all__ = ["book", "engine", "postgres", "template", "used_again"]


@pytest.fixture(autouse=True, scope="module")
def cheap_passwords() -> Iterator[None]:
    """Keep passwords at a thousandth of what they cost: a sign-in is the beginning of every test here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


@pytest.fixture
async def browser(engine: Engine) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in; Ana is an owner, Ada an admin and Max a member."""
    make_team(engine)
    async with browsing(engine) as opened:
        yield opened
