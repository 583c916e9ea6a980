"""No Temporal, for tests that need none."""

from temporalio.client import Client

from workflows.client import TemporalUnavailable


async def nowhere() -> Client:
    """Find no Temporal."""
    raise TemporalUnavailable("there is none here")
