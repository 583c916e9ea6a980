"""A server for stories of months, as `tests/workflows` has it."""

from tests.workflows.conftest import skipping

__all__ = ["skipping"]
