"""Tests of what follows from matching rules: winners, shadows, locks, notifications and chains."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.facts import InvoiceFacts
from rules.index import Event, RuleIndex
from rules.outcomes import (
    CHAIN_MAX,
    NOTHING_RECORDED,
    Became,
    Outcome,
    Place,
    Recorded,
    SlotOutcome,
    evaluate,
    standings,
    with_applied,
)
from rules.read_rule import read_rule
from rules.rule import Definition, Rule, Slot, slot_of
from rules.written import written_action
from tests.rules.random_rules import CATALOGUE, random_facts, random_rules

RANDOM = st.randoms(use_true_random=False)


def rules(*texts: str) -> tuple[Rule, ...]:
    """Return active rules, numbered from the top."""
    found = []
    for place, text in enumerate(texts, start=1):
        definition = read_rule(text, CATALOGUE)
        assert isinstance(definition, Definition), definition
        found.append(Rule(id=place, name=f"rule {place}", definition=definition, position=place))
    return tuple(found)


def on(day: str) -> date:
    """Return the day written as `06-01`, in 2026."""
    return date.fromisoformat(f"2026-{day}")


class Life:
    """An invoice over 9,000 EUR of INV-1's dates, what is recorded of it, and what rules do to it."""

    def __init__(self, *texts: str, **stated: Any) -> None:
        drawn: dict[str, Any] = {
            "as_of": on("05-02"),
            "customer": "C-1",
            "number": "INV-1",
            "currency": "EUR",
            "issued_on": on("05-02"),
            "due_on": on("06-01"),
            "total": Decimal(9000),
            "paid": Decimal(0),
        }
        self.facts = InvoiceFacts(**(drawn | stated))
        self.recorded = NOTHING_RECORDED
        self.rules: Sequence[Rule] = rules(*texts)
        self.is_locked = False
        self.outcome: Outcome | None = None

    def happens(self, event: Event = Event.UPDATED, **changed: Any) -> list[str]:
        """Change the invoice, ask the rules, and return what they do."""
        facts = replace(self.facts, **changed)
        outcome = evaluate(RuleIndex(self.rules), facts, self.recorded, event, "e-1", is_locked=self.is_locked)
        assert outcome.facts == with_applied(facts, outcome.applied)
        self.facts, self.recorded, self.outcome = outcome.facts, outcome.recorded, outcome
        return [written_action(rule.definition.action) for rule in (*outcome.applied, *outcome.notifies)]

    def slot(self, slot: Slot = Slot.CADENCE) -> SlotOutcome | None:
        """Return what was said of the slot at the event itself."""
        assert self.outcome is not None
        return next((one for one in self.outcome.evaluations[0].slots if one.slot is slot), None)


def test_the_example_of_the_four_days() -> None:
    life = Life(
        "status is overdue and outstanding > 5000 EUR then assign W-KEY",
        "currency is EUR then assign W-EU",
        "customer.custom.select is VIP then hide",
        custom={("customer", "select"): "VIP"},
    )

    assert life.happens(Event.CREATED) == ["assign W-EU", "hide"]
    assert life.happens(as_of=on("06-01")) == []
    assert life.happens(as_of=on("06-02")) == ["assign W-KEY"]
    assert life.slot() == SlotOutcome(Slot.CADENCE, 1, (2,), Became.APPLIED)
    assert life.slot(Slot.VISIBILITY) == SlotOutcome(Slot.VISIBILITY, 3, (), Became.UNCHANGED)
    assert life.happens(as_of=on("06-05"), po_number="PO-7") == []
    assert life.slot() == SlotOutcome(Slot.CADENCE, 1, (2,), Became.UNCHANGED)
    assert life.happens(as_of=on("06-08"), paid=Decimal(5000)) == ["assign W-EU"]
    assert life.facts.cadence == "W-EU"
    assert life.facts.is_hidden


def test_what_a_user_chose_stays_until_another_rule_wins() -> None:
    life = Life("total >= 9000 then hide", "outstanding < 5000 then show")
    life.happens(Event.CREATED)

    assert life.happens(is_hidden=False, po_number="PO-7") == []
    assert not life.facts.is_hidden
    assert life.happens(total=Decimal(100)) == ["show"]
    assert life.slot(Slot.VISIBILITY) == SlotOutcome(Slot.VISIBILITY, 2, (), Became.APPLIED)


def test_nothing_is_undone_when_no_rule_matches_any_more() -> None:
    life = Life("customer.custom.select is VIP then hide", custom={("customer", "select"): "VIP"})
    life.happens(Event.CREATED)

    assert life.happens(custom={}) == []
    assert life.slot(Slot.VISIBILITY) == SlotOutcome(Slot.VISIBILITY, None, (), Became.NO_MATCH)
    assert life.facts.is_hidden
    assert life.recorded == NOTHING_RECORDED
    life.facts = replace(life.facts, is_hidden=False)
    assert life.happens(custom={("customer", "select"): "VIP"}) == ["hide"]


def test_a_manual_assignment_locks_the_cadence_and_nothing_else() -> None:
    life = Life(
        "currency is EUR then assign W-EU", "status is overdue then assign W-KEY", "status is overdue then hide"
    )
    life.happens(Event.CREATED)
    life.facts = replace(life.facts, cadence="By hand")
    life.is_locked = True
    life.rules = (life.rules[1].model_copy(update={"position": 0}), *life.rules[::2])

    assert life.happens(as_of=on("06-02")) == ["hide"]
    assert life.slot() == SlotOutcome(Slot.CADENCE, 2, (1,), Became.LOCKED)
    life.is_locked = False
    assert life.happens() == ["assign W-KEY"]


def test_an_invoice_with_nothing_to_collect_takes_no_cadence_until_there_is() -> None:
    life = Life("currency is EUR then assign W-EU", "status is draft then hide", state="draft")

    assert life.happens(Event.CREATED) == ["hide"]
    assert life.slot() == SlotOutcome(Slot.CADENCE, 1, (), Became.NOTHING_TO_COLLECT)
    assert life.happens(state="open") == ["assign W-EU"]
    assert life.happens(paid=Decimal(9000), cadence=None) == []
    assert life.happens(paid=Decimal(0), cadence="W-EU") == []


def test_a_rule_for_created_invoices_is_not_asked_later_and_keeps_what_it_won() -> None:
    life = Life(
        "when created: customer is C-1 then assign W-START",
        "currency is EUR then assign W-EU",
        "when created: status is overdue then hide",
    )

    assert life.happens(Event.CREATED) == ["assign W-START"]
    assert life.happens(as_of=on("06-02"), po_number="PO-7") == []
    assert life.slot() == SlotOutcome(Slot.CADENCE, 1, (2,), Became.UNCHANGED)
    assert life.happens(customer="C-2") == ["assign W-EU"]
    assert life.happens(customer="C-1") == []


def test_notifications_of_all_matching_rules_fire_once_for_each_time_that_they_match() -> None:
    told = 'notify "Cash Collectors" by email "{{ invoice.number }}"'
    life = Life(
        f"status is overdue then {told}",
        f"outstanding > 5000 then {told}",
        'when created: always then notify ana@x.example by webhook "new"',
    )

    assert life.happens(Event.CREATED) == [told, 'notify ana@x.example by webhook "new"']
    assert life.happens(as_of=on("06-02")) == [told]
    assert life.recorded.notified == {1, 2, 3}
    assert life.happens(as_of=on("06-03"), po_number="PO-7") == []
    assert life.happens(paid=Decimal(9000)) == []
    assert life.happens(paid=Decimal(0)) == [told, told]


def test_what_rules_change_is_asked_about_again() -> None:
    life = Life(
        "currency is EUR then assign W-EU",
        "cadence is W-EU then hide",
        'visibility is hidden then notify Ana by email "hidden"',
    )

    assert life.happens(Event.CREATED) == ["assign W-EU", "hide", 'notify Ana by email "hidden"']
    assert life.outcome is not None
    assert [(one.depth, one.causation_id, one.caused_by) for one in life.outcome.evaluations] == [
        (0, "e-1", ()), (1, "e-1", (1,)), (2, "e-1", (2,)),
    ]  # fmt: skip
    assert life.happens() == []


def test_a_chain_is_at_most_three_deep() -> None:
    life = Life(
        "cadence is W-4 then assign W-5",
        "cadence is W-3 then assign W-4",
        "cadence is W-2 then assign W-3",
        "cadence is W-1 then assign W-2",
        "currency is EUR then assign W-1",
    )

    assert life.happens(Event.CREATED) == ["assign W-1", "assign W-2", "assign W-3"]
    assert life.outcome is not None
    assert len(life.outcome.evaluations) == 1 + CHAIN_MAX
    assert life.outcome.evaluations[-1].slots == (SlotOutcome(Slot.CADENCE, 2, (5,), Became.TOO_DEEP),)
    assert life.happens(po_number="PO-7") == []


def test_rules_that_undo_each_other_come_to_rest() -> None:
    life = Life("cadence is W-1 then assign W-2", "cadence is W-2 then assign W-1", cadence="W-1")

    assert life.happens() == ["assign W-2", "assign W-1"]
    assert life.outcome is not None
    assert life.outcome.evaluations[2].slots == (SlotOutcome(Slot.CADENCE, 1, (), Became.ACTED_BEFORE),)
    assert life.happens(po_number="PO-7") == []


def test_a_notification_fires_once_in_a_chain() -> None:
    told = 'notify Ana by email "seen"'
    life = Life(
        "visibility is hidden then show", "currency is EUR then hide", f"visibility is visible then {told}"
    )

    assert life.happens(Event.CREATED) == ["hide", "show", told]


def test_what_rules_change_is_no_creation() -> None:
    life = Life("always then assign W-1", "when created: cadence is W-1 then hide")

    assert life.happens(Event.CREATED) == ["assign W-1"]


def test_a_winner_that_was_deactivated_gives_way() -> None:
    life = Life("always then assign W-1", "always then assign W-2")
    life.happens(Event.CREATED)
    life.rules = (life.rules[0].model_copy(update={"is_active": False}), life.rules[1])

    assert life.happens() == ["assign W-2"]
    life.rules = ()
    assert life.happens() == []
    assert life.recorded == NOTHING_RECORDED


def test_every_rule_is_explained_from_the_top() -> None:
    life = Life(
        "when created: always then assign W-0",
        "always then assign W-1",
        "status is paid then hide",
        "always then assign none",
        'always then notify Ana by email "x"',
        "always then show",
    )
    off = life.rules[5].model_copy(update={"is_active": False, "position": 0})

    def explained(event: Event, recorded: Recorded) -> list[tuple[int, Place, int | None]]:
        found = standings((*life.rules[:5], off), life.facts, recorded, event)
        return [(one.rule.id, one.place, one.shadowed_by) for one in found]

    assert explained(Event.UPDATED, NOTHING_RECORDED) == [
        (6, Place.INACTIVE, None),
        (1, Place.NOT_ASKED, None),
        (2, Place.WINS, None),
        (3, Place.NO_MATCH, None),
        (4, Place.SHADOWED, 2),
        (5, Place.NOTIFIES, None),
    ]
    after_creation = [(1, Place.WINS, None), (2, Place.SHADOWED, 1)]
    assert explained(Event.CREATED, NOTHING_RECORDED)[1:3] == after_creation
    assert explained(Event.UPDATED, Recorded({Slot.CADENCE: 1}))[1:3] == after_creation


@given(RANDOM)
def test_an_event_that_changes_nothing_finds_the_rules_at_rest(random: Random) -> None:
    drawn = random_rules(random, 12)
    facts = random_facts(random)
    index = RuleIndex(drawn)
    is_locked = random.random() < 0.2
    first = evaluate(index, facts, NOTHING_RECORDED, Event.CREATED, is_locked=is_locked)
    acted = [rule.id for rule in (*first.applied, *first.notifies)]

    assert len(acted) == len(set(acted))
    assert len(first.evaluations) <= 1 + CHAIN_MAX
    assert all(rule.is_active for rule in (*first.applied, *first.notifies))
    again = evaluate(index, first.facts, first.recorded, Event.UPDATED, is_locked=is_locked)
    assert (again.applied, again.facts) == ((), first.facts)
    assert [rule for rule in again.notifies if rule.id in acted] == []


@given(RANDOM)
def test_decisions_and_explanations_agree(random: Random) -> None:
    drawn = random_rules(random, 12)
    facts = random_facts(random)
    event = random.choice(tuple(Event))
    held = random.choice(drawn)
    slot = slot_of(held.definition.action)
    recorded = Recorded() if slot is None else Recorded({slot: held.id})
    outcome = evaluate(RuleIndex(drawn), facts, recorded, event)
    explained = standings(drawn, facts, recorded, event)

    def those(place: Place, slot: Slot) -> list[int]:
        in_slot = (one.rule for one in explained if one.place is place)
        return [rule.id for rule in in_slot if slot_of(rule.definition.action) is slot]

    for one in outcome.evaluations[0].slots:
        assert those(Place.WINS, one.slot) == ([] if one.winner is None else [one.winner])
        assert those(Place.SHADOWED, one.slot) == list(one.shadowed)
    notifying = {one.rule.id for one in explained if one.place is Place.NOTIFIES}
    assert set(outcome.evaluations[0].notifies) == notifying


def test_rules_that_are_applied_to_what_exists_bring_edited_rules_and_created_ones_into_force() -> None:
    life = Life("when created: customer is C-1 then assign W-1", "always then hide")
    life.happens(Event.CREATED)
    life.rules = rules("when created: customer is C-1 then assign W-2", "always then hide")

    assert life.happens(is_hidden=False) == []
    assert life.happens(Event.APPLIED) == ["assign W-2", "hide"]
    assert life.happens(Event.APPLIED) == []
    life.is_locked = True
    assert life.happens(Event.APPLIED, cadence="By hand") == []


@given(RANDOM)
def test_to_apply_rules_a_second_time_changes_nothing(random: Random) -> None:
    index = RuleIndex(random_rules(random, 12))
    facts = random_facts(random)
    is_locked = random.random() < 0.2
    before = evaluate(index, replace(facts, currency="EUR"), NOTHING_RECORDED, Event.CREATED)
    first = evaluate(index, facts, before.recorded, Event.APPLIED, is_locked=is_locked)

    again = evaluate(index, first.facts, first.recorded, Event.APPLIED, is_locked=is_locked)

    held_back = (Became.ACTED_BEFORE, Became.TOO_DEEP)
    if not any(one.became in held_back for each in first.evaluations for one in each.slots):
        assert (again.applied, again.facts, again.recorded) == ((), first.facts, first.recorded)
    assert [rule for rule in again.notifies if rule not in first.notifies] == list(again.notifies)
