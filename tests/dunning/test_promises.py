"""Promises of the core in lives with every event: pauses, payments, edits, reassignments and what not.

A failure prints the example, and the run its seed (see conftest.py).
"""

from hypothesis import given, settings

from tests.dunning.chronicle import Chronicle
from tests.dunning.promises import PROMISES
from tests.dunning.random_happenings import chronicles

# A chronicle is drawn once for all promises; where few are drawn, as many as if each promise had some of its own.
EXAMPLES_MIN = 8 * len(PROMISES)


@settings(max_examples=max(settings().max_examples, EXAMPLES_MIN))
@given(chronicle=chronicles())
def test_promises_are_kept(chronicle: Chronicle) -> None:
    """Rules 1.5, 2.1, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 2.11, 2.13, 2.14 and 3.1."""
    for promise in PROMISES:
        promise(chronicle.pages)
