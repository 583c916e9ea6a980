"""What becomes of a collection when a message comes back."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from dunning.apply import after, apply
from dunning.cadence import Channel, Logic, Repeat
from dunning.decide import decide
from dunning.decision import Because, OpenTodo, Send, Wait
from dunning.events import Bounced, Completed, Event, Paid, Reassigned, StateChanged
from dunning.facts import Facts, InvoiceState, Run, StepStatus
from dunning.objections import objection
from tests.dunning.builders import BOTH_LOGICS, a_cadence, a_collection, a_step, at, causes, on

DEAD = "ana@helios.example: the address does not exist"
SENT_AT = at("2026-06-04 08:30")
BEFORE = on("2026-05-27")


def sent(facts: Facts, now: datetime = SENT_AT) -> Facts:
    """Return the facts once what is due has been sent."""
    decision = decide(facts, now)
    assert isinstance(decision, Send)
    return after(facts, decision, facts.calendar.local_date(now))


def not_sent(logic: Logic = Logic.STANDARD) -> Facts:
    """Return INV-1 under W on Thu 06-04, when S1 is due and S0 was sent on 05-27."""
    return a_collection(done=["S0"], last_contact="2026-05-27", logic=logic)


def came_back(moment: str, obstacle: str | None = DEAD, *, asks: bool = False, step: str | None = "S1") -> Bounced:
    """Return that the message of S1 came back at the moment."""
    return Bounced(at(moment), step, SENT_AT, contacted_on=BEFORE, obstacle=obstacle, asks=asks)


@pytest.mark.parametrize("logic", BOTH_LOGICS)
def test_a_bounce_within_a_day_makes_a_todo_and_is_no_contact(logic: Logic) -> None:
    """Rule 2.16."""
    facts = apply(sent(not_sent(logic)), came_back("2026-06-04 08:31"))

    assert facts.last_contact_on == BEFORE
    assert facts.statuses["S1"] is StepStatus.OPEN
    decision = decide(facts, at("2026-06-04 08:31"))
    assert isinstance(decision, Wait)
    assert decision.step is not None
    assert decision.step.id == "S1"
    assert Because.TODO_OPEN in causes(decision)


def test_it_goes_out_by_itself_once_somebody_can_be_written_to() -> None:
    """Rules 2.16 and 4.4: the example of the page."""
    facts = apply(sent(not_sent()), came_back("2026-06-04 08:31"))

    mended, now = replace(facts, obstacles={}), at("2026-06-05 10:00")
    decision = decide(mended, now)

    assert isinstance(decision, Send)
    assert (decision.step.id, decision.occurrence) == ("S1", 1)
    following = decide(sent(mended, now), now)
    assert isinstance(following, Wait)
    assert following.step is not None
    assert (following.step.id, following.due_on) == ("S2", on("2026-06-10"))


def test_with_somebody_else_to_write_to_it_goes_out_to_them() -> None:
    """Rule 2.16."""
    facts = apply(sent(not_sent()), came_back("2026-06-04 08:31", obstacle=None))

    decision = decide(facts, at("2026-06-04 08:32"))

    assert isinstance(decision, Send)
    assert decision.step.id == "S1"


def test_an_address_that_is_not_at_fault_leaves_it_to_a_person() -> None:
    """Rule 2.16: sent again by itself, it would come back again."""
    facts = apply(sent(not_sent()), came_back("2026-06-04 08:31", obstacle=None, asks=True))

    for moment in ("2026-06-04 08:32", "2026-06-05 08:30", "2026-06-08 08:30"):
        assert Because.TODO_OPEN in causes(decide(facts, at(moment)))
    done = apply(facts, Completed(at("2026-06-08 11:00"), "S1"))
    assert done.last_contact_on == on("2026-06-08")


def test_after_a_day_it_counts() -> None:
    """Rule 2.16."""
    facts = sent(not_sent())

    assert objection(facts, came_back("2026-06-05 08:30")) is None
    because = objection(facts, came_back("2026-06-05 08:31"))

    assert because == "it came back after more than 24 hours, and counts as a contact"
    waits = decide(facts, at("2026-06-05 09:00"))
    assert isinstance(waits, Wait)
    assert waits.due_on == on("2026-06-09")


def test_only_what_was_done_comes_back() -> None:
    assert objection(not_sent(), came_back("2026-06-04 08:31")) == "step S1 is not done"


@pytest.mark.parametrize(
    "event",
    [
        Paid(at("2026-06-04 08:40"), Decimal(10_000)),
        StateChanged(at("2026-06-04 08:40"), InvoiceState.VOID),
        StateChanged(at("2026-06-04 08:40"), InvoiceState.WRITTEN_OFF),
    ],
)
def test_of_an_invoice_that_has_nothing_to_collect_no_todo_opens(event: Event) -> None:
    facts = apply(apply(sent(not_sent()), event), came_back("2026-06-04 08:45"))

    assert "S1" not in facts.statuses
    assert facts.handed_over == frozenset()
    assert facts.last_contact_on == BEFORE


def test_under_another_cadence_only_the_contact_is_uncounted() -> None:
    """Rules 2.16 and 5.2."""
    other = a_cadence([a_step("T0", 4)], name="Other")
    facts = apply(sent(not_sent()), Reassigned(at("2026-06-04 08:40"), other))
    assert isinstance(decide(facts, at("2026-06-05 08:30")), Wait)

    facts = apply(facts, came_back("2026-06-04 08:45", obstacle=None, step=None))

    assert isinstance(decide(facts, at("2026-06-05 08:30")), Send)


def test_a_step_that_a_person_did_by_hand_is_theirs_again() -> None:
    facts = a_collection(
        cadence=a_cadence([a_step("S0", -5), a_step("S1", 3, manual=True)]), done=["S0"], opened=["S1"]
    )
    facts = apply(facts, Completed(SENT_AT, "S1"))

    facts = apply(facts, came_back("2026-06-04 09:00", obstacle=None))

    assert (facts.statuses["S1"], facts.handed_over) == (StepStatus.OPEN, frozenset())


def test_a_repetition_that_comes_back_is_the_same_repetition_again() -> None:
    """Rules 2.13 and 2.16."""
    step = replace(a_step("S1", 3), repeat=Repeat(7, 2))
    facts = replace(
        a_collection(cadence=a_cadence([step]), done=["S1"], last_contact="2026-05-28"),
        runs={"S1": Run(1, on("2026-05-28"))},
    )
    again = sent(facts)
    assert again.runs["S1"] == Run(2, on("2026-06-04"))

    bounced = Bounced(
        at("2026-06-04 08:31"), "S1", SENT_AT, on("2026-05-28"), ran_on=on("2026-05-28"), obstacle=DEAD
    )
    facts = apply(again, bounced)

    assert facts.runs["S1"] == Run(1, on("2026-05-28"))
    decision = decide(replace(facts, obstacles={}), at("2026-06-05 08:30"))
    assert isinstance(decision, Send)
    assert decision.occurrence == 2


def test_it_leaves_the_facts_as_those_of_a_message_that_was_refused_at_once() -> None:
    """Rules 2.16 and 4.4: whether a server refuses an address now or in a minute makes no difference."""
    obstructed = replace(not_sent(), obstacles={Channel.EMAIL: DEAD})
    decision = decide(obstructed, SENT_AT)
    assert isinstance(decision, OpenTodo)

    assert apply(sent(not_sent()), came_back("2026-06-04 08:31")) == after(obstructed, decision, on("2026-06-04"))
