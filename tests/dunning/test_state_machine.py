"""A state machine mixes all that can happen to a collection with days that pass, and holds it to its promises.

A failure prints the steps that lead to it, and the run its seed (see conftest.py).
"""

from typing import get_args

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dunning.events import (
    Bounced,
    CadenceEdited,
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import Facts, HoldKind, StepStatus
from tests.dunning.chronicle import Chronicle, recomputed
from tests.dunning.promises import PROMISES
from tests.dunning.random_happenings import (
    BEGINS_AT,
    CHANGES,
    HOLDS,
    STEPS,
    bounces,
    events,
    later,
    returnable,
    surroundings,
)
from tests.dunning.strategies import collections

STEPS_MAX = 25
# As many times what a property draws, each time and in the long runs.
EXAMPLES_FACTOR = 2
EXAMPLES_FACTOR_OF_SOAK = 5


class CollectionMachine(RuleBasedStateMachine):
    """One collection, to which anything may happen at any time."""

    chronicle: Chronicle
    checked = 0

    @initialize(facts=collections(repeats=True))
    def begins(self, facts: Facts) -> None:
        self.chronicle = Chronicle(facts, BEGINS_AT)

    def happens(self, data: st.DataObject, *kinds: type[Event]) -> None:
        chronicle = self.chronicle
        chronicle.happen(data.draw(events(chronicle.facts, chronicle.now, kinds)))

    def has_todo(self) -> bool:
        return StepStatus.OPEN in self.chronicle.facts.statuses.values()

    def has_hold(self, kind: HoldKind) -> bool:
        return any(hold.kind is kind for hold in self.chronicle.facts.holds)

    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        self.chronicle.live_until(data.draw(later(self.chronicle.now)))

    @rule(data=st.data())
    def more_time_passes(self, data: st.DataObject) -> None:
        self.time_passes(data)

    @rule(data=st.data())
    def surroundings_change(self, data: st.DataObject) -> None:
        self.chronicle.surround(data.draw(surroundings(self.chronicle.facts, self.chronicle.now)))

    @precondition(has_todo)
    @rule(data=st.data())
    def todo_is_done(self, data: st.DataObject) -> None:
        self.happens(data, Completed)

    @precondition(has_todo)
    @rule(data=st.data())
    def todo_is_ignored_or_snoozed(self, data: st.DataObject) -> None:
        self.happens(data, Ignored, Snoozed)

    @rule(data=st.data())
    def customer_is_contacted(self, data: st.DataObject) -> None:
        self.happens(data, Contacted)

    @precondition(lambda self: returnable(self.chronicle) is not None)
    @rule(data=st.data())
    def message_comes_back(self, data: st.DataObject) -> None:
        self.chronicle.happen(data.draw(bounces(self.chronicle)))

    @rule(data=st.data())
    def contact_is_held(self, data: st.DataObject) -> None:
        self.happens(data, Paused, Disputed, Promised, PaymentAnnounced)

    @precondition(lambda self: self.has_hold(HoldKind.PAUSE))
    @rule(data=st.data())
    def pause_ends(self, data: st.DataObject) -> None:
        self.happens(data, Resumed)

    @precondition(lambda self: self.has_hold(HoldKind.DISPUTE))
    @rule(data=st.data())
    def dispute_ends(self, data: st.DataObject) -> None:
        self.happens(data, DisputeResolved)

    @rule(data=st.data())
    def money_comes(self, data: st.DataObject) -> None:
        self.happens(data, Paid)

    @precondition(lambda self: self.chronicle.facts.invoice.settled > 0)
    @rule(data=st.data())
    def money_goes(self, data: st.DataObject) -> None:
        self.happens(data, Reversed)

    @rule(data=st.data())
    def invoice_changes(self, data: st.DataObject) -> None:
        self.happens(data, DueDateChanged, StateChanged, VisibilityChanged)

    @rule(data=st.data())
    def cadence_changes(self, data: st.DataObject) -> None:
        self.happens(data, Reassigned, Restarted, CadenceEdited)

    @invariant()
    def promises_are_kept(self) -> None:
        """Each promise about what is new; about all of it in the end."""
        new = self.chronicle.pages[self.checked :]
        self.checked = len(self.chronicle.pages)
        if new:
            for promise in PROMISES:
                promise(new)

    def teardown(self) -> None:
        """All that happened keeps the promises, and gives the state once more."""
        if not hasattr(self, "chronicle"):
            return
        pages = self.chronicle.pages
        for promise in PROMISES:
            promise(pages)
        told = [(page.at, page.what) for page in pages if page.after != page.before]
        assert recomputed(pages[0].before, told) == self.chronicle.facts


def drawing(times: int) -> hypothesis.settings:
    """Return the settings by which so many times the examples of a property are drawn."""
    return hypothesis.settings(
        max_examples=hypothesis.settings().max_examples * times, stateful_step_count=STEPS_MAX
    )


class LongMachine(CollectionMachine):
    """The same, for the long runs."""


CollectionMachine.TestCase.settings = drawing(EXAMPLES_FACTOR)
LongMachine.TestCase.settings = drawing(EXAMPLES_FACTOR_OF_SOAK)

TestAllThatMayHappen = CollectionMachine.TestCase
TestAllThatMayHappenInManyLives = pytest.mark.soak(LongMachine.TestCase)


def test_machine_mixes_every_event() -> None:
    """The rules above draw from these, and an event that is new must be added to one."""
    assert {*STEPS, *HOLDS, *CHANGES, Bounced} == set(get_args(Event))
