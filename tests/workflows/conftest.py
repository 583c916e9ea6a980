"""A server for lives of months."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from devstack.time_skipping import find_time_skipping
from devstack.tool import Tool


@pytest.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server whose time passes as fast as nobody has anything to do."""
    tool = find_time_skipping()
    assert isinstance(tool, Tool), tool
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(tool.path),
        test_server_startup_timeout=timedelta(seconds=60),
        data_converter=pydantic_data_converter,
    ) as environment:
        yield environment
