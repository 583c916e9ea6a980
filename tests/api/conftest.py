"""The API within the test's process, on a ledger that is set up and empty; it needs PostgreSQL alone."""

from collections.abc import AsyncIterator

import pytest

from db.engine import Engine
from tests.api.caller import Caller, calling
from tests.api.temporal_away import nowhere
from tests.db.conftest import book, engine, postgres, template, used_again

__all__ = ["book", "engine", "postgres", "template", "used_again"]


@pytest.fixture
async def api(engine: Engine) -> AsyncIterator[Caller]:
    """A program that may do everything, while Temporal is away."""
    async with calling(engine, nowhere) as caller:
        yield caller
