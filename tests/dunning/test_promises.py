"""Promises of the core in lives with every event: pauses, payments, edits, reassignments and what not.

A failure prints the example, and the run its seed (see conftest.py).
"""

from collections.abc import Callable

import pytest
from hypothesis import given

from tests.dunning.chronicle import Chronicle, Page
from tests.dunning.promises import PROMISES
from tests.dunning.random_happenings import chronicles


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@given(chronicle=chronicles())
def test_promise_is_kept(promise: Callable[[list[Page]], None], chronicle: Chronicle) -> None:
    """Rules 1.5, 2.1, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 2.11, 2.13, 2.14 and 3.1."""
    promise(chronicle.pages)
