"""The random tests of the rules draw as those of the core do, whose profiles and seed they share."""

from tests.dunning.conftest import pytest_configure

__all__ = ["pytest_configure"]
