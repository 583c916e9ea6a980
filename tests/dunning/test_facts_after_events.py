"""The facts after an event, where the dates of a story would not tell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from dunning.apply import after, apply
from dunning.cadence import Channel, Logic, Repeat
from dunning.decide import decide
from dunning.decision import Because, Expired, Expiry, OpenTodo, Reason, Send, Wait
from dunning.events import (
    Completed,
    Disputed,
    DisputeResolved,
    Event,
    Ignored,
    Paused,
    PaymentAnnounced,
    Reassigned,
    Resolution,
    Restarted,
    Resumed,
    Snoozed,
)
from dunning.facts import Facts, History, Hold, HoldKind, Run, StepStatus
from dunning.objections import objection
from tests.dunning.builders import a_cadence, a_collection, a_hold, a_step, at, on, reminders, step_of
from tests.dunning.stories import a_story, acts, morning

BOTH_PAUSES = (a_hold(until="2026-06-20"), a_hold(of_customer=True))


def with_todos() -> Facts:
    """Return a collection in its second cycle with a to-do handed over, one snoozed, and steps that ran."""
    facts = a_collection(done=["S0"], opened=["S4"], handed_over=["S1"], last_contact="2026-05-27")
    return replace(facts, cycle=2, runs={"S0": Run(1, on("2026-05-27"))}, snoozed={"S4": on("2026-06-26")})


def test_new_cycle_knows_nothing_of_the_one_before_but_its_last_contact() -> None:
    """Rule 5.4."""
    facts = with_todos()

    assert apply(facts, Restarted(morning("06-23"))) == replace(
        facts, cycle=3, entered_on=on("2026-06-23"), statuses={}, runs={}, handed_over=frozenset(), snoozed={}
    )


def test_history_under_a_cadence_is_kept_without_its_todos_and_taken_up_again() -> None:
    """Rule 5.3."""
    facts, other = with_todos(), reminders(2, name="other")
    history = History(2, {"S0": StepStatus.DONE}, {"S0": Run(1, on("2026-05-27"))})

    left = apply(facts, Reassigned(morning("06-23"), other))
    back = apply(left, Reassigned(morning("06-24"), facts.cadence))

    bare = replace(facts, handed_over=frozenset(), snoozed={})
    begun = replace(bare, cadence=other, entered_on=on("2026-06-23"), cycle=1, statuses={}, runs={})
    resumed = replace(bare, entered_on=on("2026-06-24"), statuses=history.statuses)
    assert left == replace(begun, shelf={"W": history})
    assert back == replace(resumed, shelf={"other": History(1, {}, {})})


@pytest.mark.parametrize("event", [Reassigned(morning("06-23"), None), None])
def test_collection_without_a_cadence_has_no_steps_and_no_cycle_of_its_own(event: Event | None) -> None:
    """Rules 5.2 and 5.3: reassigned to none, or stopped by the end of a dispute."""
    facts = with_todos()
    if event is None:
        facts = apply(facts, Disputed(morning("06-22")))
        event = DisputeResolved(morning("06-23"), Resolution.STOP)

    ended = apply(facts, event)

    assert (ended.cadence, ended.cycle, ended.statuses, ended.runs) == (None, 1, {}, {})
    assert (ended.handed_over, ended.snoozed) == (frozenset(), {})
    assert ended.shelf["W"].cycle == 2


def test_cycle_of_another_cadence_is_its_own() -> None:
    """Rules 5.3 and 5.4: W is in its second cycle, the other one comes to its second by a restart."""
    other = apply(with_todos(), Reassigned(morning("06-23"), reminders(2, name="other")))

    assert apply(other, Restarted(morning("06-24"))).cycle == 2


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (Resumed(morning("06-10")), [a_hold(of_customer=True)]),
        (Resumed(morning("06-10"), of_customer=True), [a_hold(until="2026-06-20")]),
    ],
)
def test_pause_of_the_invoice_and_of_the_customer_end_by_themselves(event: Event, left: list[Hold]) -> None:
    """Rule 3.1."""
    assert list(apply(a_collection(holds=BOTH_PAUSES), event).holds) == left


def test_pause_of_the_customer_stands_beside_that_of_the_invoice() -> None:
    """Rules 3.1 and 3.6: each is refused only where it stands itself."""
    paused = apply(a_collection(), Paused(morning("06-08"), on("2026-06-20")))
    both = apply(paused, Paused(morning("06-09"), of_customer=True))

    assert both.holds == BOTH_PAUSES
    assert objection(both, Paused(morning("06-10"))) == "it is paused already, until 2026-06-20; resume it first"
    assert objection(both, Paused(morning("06-10"), of_customer=True)) == (
        "the customer is paused already, until it is resumed; resume it first"
    )
    assert objection(paused, Resumed(morning("06-10"), of_customer=True)) == "the customer is not paused"


@pytest.mark.parametrize(
    ("hold", "release"),
    [(Paused(morning("06-05")), Resumed), (Disputed(morning("06-05")), DisputeResolved)],
    ids=["pause", "dispute"],
)
@pytest.mark.parametrize(("released", "expected"), [("2026-06-23 08:30", "06-23"), ("2026-06-23 11:00", "06-24")])
def test_what_is_released_after_the_send_time_goes_out_at_the_next(
    hold: Event, release: type[Resumed] | type[DisputeResolved], released: str, expected: str
) -> None:
    """Rules 3.1 and 3.4: on Tue 06-23."""
    moment: datetime = at(released)
    freed = apply(apply(a_collection(done=["S0", "S1"], last_contact="2026-06-04"), hold), release(moment))

    assert freed.released_at == moment
    decision = decide(freed, moment)
    assert isinstance(decision, Wait | Send)
    assert decision.due_on == on(f"2026-{expected}") or isinstance(decision, Send)
    assert isinstance(decision, Send) is (expected == "06-23")


def test_payment_that_was_announced_holds_until_its_day() -> None:
    """Rule 3.10: a bank transfer started on 06-08, until 06-12."""
    story = a_story(PaymentAnnounced(morning("06-08"), on("2026-06-12")))

    assert acts(story, "06-05")[0] == "Fri 06-12 S2 sent"


def test_announced_payment_takes_the_place_of_the_one_before() -> None:
    """Rule 3.10."""
    first, second = (PaymentAnnounced(morning("06-08"), on(day)) for day in ("2026-06-30", "2026-06-12"))

    assert apply(apply(a_collection(), first), second).holds == (
        Hold(HoldKind.PAYMENT_IN_FLIGHT, on("2026-06-12")),
    )


def test_event_that_was_refused_must_not_be_applied() -> None:
    """A caller that forgot to ask `objection` halts, and nothing is written."""
    with pytest.raises(AssertionError, match=r"^it is not paused$"):
        apply(a_collection(), Resumed(morning("06-08")))


def two_todos() -> Facts:
    """Return a collection with a step handed over and another snoozed."""
    cadence = a_cadence([a_step("A", 3), a_step("B", 4, Channel.CALL), a_step("C", 5)])
    facts = a_collection(cadence=cadence, opened=["B"], handed_over=["A"])
    return replace(facts, snoozed={"B": on("2026-06-12")})


@pytest.mark.parametrize(
    "ending",
    [
        lambda facts: apply(facts, Ignored(morning("06-08"), "A")),
        lambda facts: apply(facts, Completed(morning("06-08"), "A")),
        lambda facts: after(facts, Wait(None, None, None, (), (_expired(facts, "A"),)), on("2026-06-08")),
    ],
    ids=["ignored", "done", "expired"],
)
def test_end_of_a_todo_that_was_handed_over_leaves_the_other_as_it_is(ending: Callable[[Facts], Facts]) -> None:
    """Rules 4.4 and 4.7."""
    ended = ending(two_todos())

    assert (ended.handed_over, ended.snoozed) == (frozenset(), {"B": on("2026-06-12")})


@pytest.mark.parametrize(
    "ending",
    [
        lambda facts: apply(facts, Ignored(morning("06-08"), "B")),
        lambda facts: apply(facts, Completed(morning("06-08"), "B")),
        lambda facts: after(facts, Wait(None, None, None, (), (_expired(facts, "B"),)), on("2026-06-08")),
    ],
    ids=["ignored", "done", "expired"],
)
def test_end_of_a_snoozed_todo_leaves_the_other_as_it_is(ending: Callable[[Facts], Facts]) -> None:
    """Rules 4.4 and 4.7: the snooze ends with its to-do."""
    ended = ending(two_todos())

    assert (ended.handed_over, ended.snoozed) == (frozenset({"A"}), {})


def test_only_a_step_that_cannot_be_sent_is_handed_over() -> None:
    """Rule 4.4: a manual one that opens is not."""
    facts = a_collection()
    step = step_of(facts, "S2")

    by_hand = after(facts, OpenTodo(step, on("2026-06-09"), ()), on("2026-06-09"))
    handed_over = after(facts, OpenTodo(step, on("2026-06-09"), (), "no sender"), on("2026-06-09"))

    assert (by_hand.handed_over, handed_over.handed_over) == (frozenset(), frozenset({"S2"}))
    assert by_hand.statuses == handed_over.statuses == {"S2": StepStatus.OPEN}


def test_snoozed_todo_is_out_of_sight_until_its_day() -> None:
    """Rule 4.7: from Tue 06-23 until Fri 06-26."""
    opened = a_collection(done=["S0", "S1", "S2", "S3"], opened=["S4"], last_contact="2026-06-15")
    snoozed = apply(opened, Snoozed(morning("06-23"), "S4", on("2026-06-26")))
    s4, is_open = step_of(opened, "S4"), Reason(Because.TODO_OPEN)

    assert decide(snoozed, at("2026-06-25 23:59")) == Wait(
        at("2026-06-26 00:00"), s4, None, (is_open, Reason(Because.SNOOZED, on("2026-06-26")))
    )
    assert decide(snoozed, at("2026-06-26 00:00")) == Wait(None, s4, None, (is_open,))


def test_snoozed_todo_is_superseded_before_its_day() -> None:
    """Rules 4.6 and 4.7: snoozed until 07-10, the letter triggers on 07-01."""
    opened = a_collection(
        logic=Logic.CONTEXTUAL, done=["S0", "S1", "S2", "S3"], opened=["S4"], last_contact="2026-06-15"
    )
    snoozed = apply(opened, Snoozed(morning("06-23"), "S4", on("2026-07-10")))

    decision = decide(snoozed, at("2026-06-25 12:00"))

    assert isinstance(decision, Wait)
    assert decision.until == at("2026-07-01 00:00")


def test_repeat_follows_where_all_other_steps_have_expired() -> None:
    """Rules 2.4 and 2.13: the last step was done in advance on 06-01, and the one before it lapsed that day."""
    repeating = replace(a_step("R", 3), repeat=Repeat(5, 1))
    facts = a_collection(cadence=a_cadence([a_step("S0", 0), repeating]), done=["R"], last_contact="2026-06-01")
    facts = replace(facts, runs={"R": Run(1, on("2026-06-01"))})

    decision = decide(facts, at("2026-06-02 08:00"))

    assert isinstance(decision, Wait)
    assert (decision.step, decision.due_on) == (repeating, on("2026-06-08"))
    assert [one.step.id for one in decision.expired] == ["S0"]


def _expired(facts: Facts, step_id: str) -> Expired:
    return Expired(step_of(facts, step_id), Expiry.SUPERSEDED)
