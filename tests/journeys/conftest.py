"""One office for all journeys of a module, because it takes seconds to open."""

from collections.abc import AsyncIterator

import pytest_asyncio

from devstack.stack import Stack
from tests.journeys.office import Office, open_office


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(stack: Stack, template: str) -> AsyncIterator[Office]:
    """An office that nobody has come to."""
    del template
    async with open_office(stack) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def office(opened: Office) -> AsyncIterator[Office]:
    """The office; in the evening everybody goes, and no browser has complained."""
    yield opened
    await opened.close()
