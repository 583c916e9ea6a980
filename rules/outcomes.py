"""What follows from the rules that an invoice matches.

**Slots.** A rule assigns a cadence, or shows or hides: of those that match, the first from the top wins the slot,
and the others are shadowed. The winner is recorded, and applied only when it is another than the one recorded
before. So what a user chose stays until another rule wins, and an edited rule speaks to the invoices that it won
before only once it wins again, or is applied to all.

**When no rule matches any more,** nothing is undone: a rule says what to do, not what to take back; who wants a
hidden invoice to come back writes a rule that shows it. But the record is cleared, so that the rule applies again
when it matches again. A rule for created invoices is not asked at updates; what it won it keeps as long as it
matches, and nothing below it takes over.

**Locks.** A cadence that a user assigned locks the slot `cadence`, and an invoice with nothing to collect takes
none: the record stays as it is, so that the rules speak once the lock is gone, or there is something to collect.

**Applied to what exists,** all rules are asked, those for created invoices too, and a winner that is recorded but
not in force is applied anew: its rule was edited, or a user changed what it had done. Only where rules would undo
each other over that is it left as it is. To apply the same rules once more changes nothing, if none was held back.

**Notifications** go out when a match turns from false to true, of all rules.

**Chains.** What rules change is asked about again, as an update, CHAIN_MAX times at most; no rule acts twice in a
chain, and the last time that they are asked rules change nothing. A winner that is held back so is recorded all
the same: rules that undo each other come to rest at once and stay at rest, and the log says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from rules.evaluation import Verdict, explain, is_matched
from rules.facts import InvoiceFacts, changed_by_rules
from rules.fields import Field
from rules.index import Event, RuleIndex
from rules.rule import Assign, Rule, Show, Slot, Trigger, slot_of

CHAIN_MAX: Final = 3


class Became(StrEnum):
    """What became of the winner of a slot."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    NO_MATCH = "no match"
    LOCKED = "locked"
    NOTHING_TO_COLLECT = "nothing to collect"
    ACTED_BEFORE = "acted before in the chain"
    TOO_DEEP = "too deep in the chain"


_HELD_BACK: Final = (Became.ACTED_BEFORE, Became.TOO_DEEP)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of an invoice: the last winner of each slot, and the rules of notifications that match."""

    winners: Mapping[Slot, int] = field(default_factory=dict)
    notified: frozenset[int] = frozenset()


NOTHING_RECORDED: Final = Recorded()


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """Who won a slot, whom it shadows, from the top, and what became of it."""

    slot: Slot
    winner: int | None
    shadowed: tuple[int, ...]
    became: Became


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One time that the rules were asked. Slots that nothing is to be said of are left out.

    `depth` 0 is the event itself; `caused_by` are the rules whose changes were asked about, `notifies` those that
    fire, from the top.
    """

    depth: int
    causation_id: str
    caused_by: tuple[int, ...]
    slots: tuple[SlotOutcome, ...]
    notifies: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that followed from an event: what is to be applied, in order, and to be recorded.

    `before` is the invoice as it was at the event.
    """

    evaluations: tuple[Evaluation, ...]
    applied: tuple[Rule, ...]
    notifies: tuple[Rule, ...]
    recorded: Recorded
    before: InvoiceFacts

    @property
    def facts(self) -> InvoiceFacts:
        """The invoice afterwards, if all that is to be applied was applied."""
        return with_applied(self.before, self.applied)


def evaluate(
    index: RuleIndex,
    facts: InvoiceFacts,
    recorded: Recorded,
    event: Event,
    causation_id: str = "",
    *,
    is_locked: bool = False,
) -> Outcome:
    """Ask the rules about the event, and about what they change, until they are at rest (section 7).

    `is_locked` says that a user assigned the cadence.
    """
    if event is Event.APPLIED:
        anew = _chain(index, facts, recorded, event, causation_id, is_locked, applies_anew=True)
        if not any(one.became in _HELD_BACK for each in anew.evaluations for one in each.slots):
            return anew
    return _chain(index, facts, recorded, event, causation_id, is_locked, applies_anew=False)


def _chain(
    index: RuleIndex,
    facts: InvoiceFacts,
    recorded: Recorded,
    event: Event,
    causation_id: str,
    is_locked: bool,
    applies_anew: bool,
) -> Outcome:
    evaluations: list[Evaluation] = []
    applied: list[Rule] = []
    notifies: list[Rule] = []
    acted: set[int] = set()
    caused_by: tuple[int, ...] = ()
    at_first, given = facts, index.given(facts)
    for depth in range(CHAIN_MAX + 1):
        matched = index.matched(facts, given)
        slots, recorded = _decide_slots(
            index,
            matched,
            facts,
            recorded,
            event,
            is_locked,
            None if depth == CHAIN_MAX else acted,
            applies_anew and depth == 0,
        )
        fired, recorded = _decide_notifications(index, matched, recorded, event, acted)
        evaluations.append(Evaluation(depth, causation_id, caused_by, slots, fired))
        winners = [one.winner for one in slots if one.became is Became.APPLIED and one.winner is not None]
        rules = [index.rule[id_] for id_ in winners]
        applied += rules
        notifies += [index.rule[id_] for id_ in fired]
        acted.update(winners, fired)
        if not rules or not index.asks_what_rules_change:
            break
        before, facts = facts, with_applied(facts, rules)
        if not _asks_again(index, before, facts):
            break
        # What rules change is no creation.
        event, caused_by = Event.UPDATED if event is Event.CREATED else event, tuple(winners)
    return Outcome(tuple(evaluations), tuple(applied), tuple(notifies), recorded, at_first)


def with_applied(facts: InvoiceFacts, rules: Iterable[Rule]) -> InvoiceFacts:
    """Return the invoice after these rules were applied."""
    for rule in rules:
        action = rule.definition.action
        if isinstance(action, Assign) and action.cadence != facts.cadence:
            facts = changed_by_rules(facts, action.cadence, facts.is_hidden)
        elif isinstance(action, Show) and action.visible == facts.is_hidden:
            facts = changed_by_rules(facts, facts.cadence, not action.visible)
    return facts


def _asks_again(index: RuleIndex, before: InvoiceFacts, after: InvoiceFacts) -> bool:
    """Say whether any rule asks about what changed."""
    if before is after:
        return False
    cadence_changed, visibility_changed = before.cadence != after.cadence, before.is_hidden != after.is_hidden
    return (cadence_changed and Field.CADENCE in index.fields) or (
        visibility_changed and Field.VISIBILITY in index.fields
    )


# `acted` are the rules that acted in the chain, None where it ends.
def _decide_slots(
    index: RuleIndex,
    matched: int,
    facts: InvoiceFacts,
    recorded: Recorded,
    event: Event,
    is_locked: bool,
    acted: set[int] | None,
    applies_anew: bool,
) -> tuple[tuple[SlotOutcome, ...], Recorded]:
    found: list[SlotOutcome] = []
    winners = dict(recorded.winners)
    asked = index.asked_at(event)
    for slot in Slot:
        before = recorded.winners.get(slot)
        contest = asked if before is None else asked | index.bit_of.get(before, 0)
        ids = index.ids_in(matched & contest & index.in_slot[slot])
        winner = ids[0] if ids else None
        if winner is None and before is None:
            continue
        is_anew = applies_anew and winner == before and not _is_in_force(index.rule[ids[0]], facts)
        became = _became(slot, winner, None if is_anew else before, facts, is_locked, acted)
        found.append(SlotOutcome(slot, winner, tuple(ids[1:]), became))
        if became is Became.NO_MATCH:
            del winners[slot]
        elif winner is not None and became not in (Became.LOCKED, Became.NOTHING_TO_COLLECT):
            winners[slot] = winner
    return tuple(found), Recorded(winners, recorded.notified)


def _became(
    slot: Slot,
    winner: int | None,
    before: int | None,
    facts: InvoiceFacts,
    is_locked: bool,
    acted: set[int] | None,
) -> Became:
    if slot is Slot.CADENCE and is_locked:
        return Became.LOCKED
    if slot is Slot.CADENCE and not facts.is_collectable:
        return Became.NOTHING_TO_COLLECT
    if winner is None:
        return Became.NO_MATCH
    if winner == before:
        return Became.UNCHANGED
    if acted is None:
        return Became.TOO_DEEP
    return Became.ACTED_BEFORE if winner in acted else Became.APPLIED


def _is_in_force(rule: Rule, facts: InvoiceFacts) -> bool:
    """Say whether the invoice is as the rule wants it."""
    return with_applied(facts, (rule,)) is facts


def _decide_notifications(
    index: RuleIndex, matched: int, recorded: Recorded, event: Event, acted: set[int]
) -> tuple[tuple[int, ...], Recorded]:
    asked = index.asked_at(event) & index.in_slot[None]
    if not asked:
        return (), recorded
    matching = index.ids_in(matched & asked)
    unasked = frozenset(id_ for id_ in recorded.notified if not index.bit_of.get(id_, 0) & asked)
    fired = tuple(id_ for id_ in matching if id_ not in recorded.notified and id_ not in acted)
    return fired, Recorded(recorded.winners, unasked.union(matching))


class Place(StrEnum):
    """How a rule stands to an invoice."""

    WINS = "wins"
    SHADOWED = "shadowed"
    NOTIFIES = "notifies"
    NO_MATCH = "does not match"
    NOT_ASKED = "is asked when invoices are created"
    INACTIVE = "is not active"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one rule stands to an invoice, condition by condition; `shadowed_by` is the winner above it."""

    rule: Rule
    verdicts: tuple[Verdict, ...]
    place: Place
    shadowed_by: int | None = None


def standings(
    rules: Iterable[Rule], facts: InvoiceFacts, recorded: Recorded, event: Event
) -> tuple[Standing, ...]:
    """Explain for all rules, from the top, how they would stand to the invoice at the event."""
    winners: dict[Slot, int] = {}
    found = []
    for rule in sorted(rules, key=lambda one: (one.position, one.id)):
        slot = slot_of(rule.definition.action)
        is_asked = event is not Event.UPDATED or rule.definition.trigger is not Trigger.CREATED
        place, shadowed_by = Place.NOTIFIES, None
        if not rule.is_active:
            place = Place.INACTIVE
        elif not is_matched(rule.definition, facts):
            place = Place.NO_MATCH
        elif not is_asked and (slot is None or recorded.winners.get(slot) != rule.id):
            place = Place.NOT_ASKED
        elif slot is not None:
            winner = winners.setdefault(slot, rule.id)
            place = Place.WINS if winner == rule.id else Place.SHADOWED
            shadowed_by = None if winner == rule.id else winner
        found.append(Standing(rule, explain(rule.definition, facts), place, shadowed_by))
    return tuple(found)
