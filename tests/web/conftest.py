"""The pages within the test's process, on a ledger that is set up and empty; they need PostgreSQL alone."""

from collections.abc import AsyncIterator

import pytest

from db.engine import Engine
from tests.db.conftest import book, cheap_passwords, engine, postgres, template, used_again
from tests.web.browser import Browser, browsing, make_team

__all__ = ["book", "cheap_passwords", "engine", "postgres", "template", "used_again"]


@pytest.fixture(autouse=True)
def _cheap_sign_ins(cheap_passwords: None) -> None:
    """A sign-in is the beginning of every test here."""


@pytest.fixture
async def browser(engine: Engine) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in; Ana is an owner, Ada an admin and Max a member."""
    make_team(engine)
    async with browsing(engine) as opened:
        yield opened
