"""Which of many rules an invoice matches, in the time of a few.

Each rule is a bit; the lowest is the first rule. A field's index says of a value which rules have nothing against
it, and what is left after all fields were asked are the rules that match. Equal values are found in a dict,
amounts and days between sorted bounds, whatever the number of rules; only texts within texts are tried one by one.
What rules mean is said in `rules.evaluation`, and a property test holds the two together.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from itertools import compress
from operator import or_
from typing import TypeVar, assert_never

from rules.conditions import (
    AmountBetween,
    AmountCondition,
    ChoiceCondition,
    ChoiceOperator,
    Condition,
    DayBetween,
    DayCondition,
    DayWithin,
    EmptyCondition,
    TextCondition,
    TextOperator,
)
from rules.equality import Equality, layer_for, unmet_in
from rules.facts import InvoiceFacts, amount_reader, choice_reader, day_reader, folded_reader
from rules.fields import AnyField, Field, Kind, kind_of
from rules.folding import fold
from rules.parts import Parts
from rules.ranges import Ranges
from rules.rule import Rule, Slot, Trigger, slot_of

T = TypeVar("T")
_NOTHING: frozenset[str] = frozenset()
_DIGITS = bytes.maketrans(b"01", b"\x00\x01")
CHANGED_BY_RULES = (Field.CADENCE, Field.VISIBILITY)
# Fields whose values many invoices share: what stands against rules there is worked out once for all of those.
_SHARED = (Field.STATUS, Field.AGING, Field.CURRENCY, Field.DUE_DATE, Field.ISSUE_DATE, Field.PAYMENT_DATE)
KNOWN_MAX = 20_000


class Event(StrEnum):
    """What happened to the invoice; what time alone changes is an update.

    When rules are applied to what exists, all are asked, also those for created invoices.
    """

    CREATED = "created"
    UPDATED = "updated"
    APPLIED = "applied"


@dataclass(slots=True)
class _FieldIndex:
    """All conditions on one field."""

    of: AnyField
    # One condition of each rule is in the first, its second one on the same field in the second, and so on.
    equality: list[Equality] = field(default_factory=list)
    # Likewise, by currency for amounts, and for days by whether they are reckoned from today.
    ranges: dict[str | bool | None, list[Ranges]] = field(default_factory=lambda: defaultdict(list))
    parts: Parts = field(default_factory=Parts)
    must_be_empty: int = 0
    must_be_filled: int = 0

    def add(self, condition: Condition, bit: int) -> None:
        """Ask this for the rule of this bit too."""
        match condition:
            case EmptyCondition():
                if condition.is_empty:
                    self.must_be_empty |= bit
                else:
                    self.must_be_filled |= bit
            case ChoiceCondition():
                is_denied = condition.operator is ChoiceOperator.IS_NONE_OF
                layer_for(self.equality, Equality, bit).add(condition.values, is_denied, bit)
            case TextCondition():
                values = [fold(value) for value in condition.values]
                if condition.operator in (TextOperator.IS, TextOperator.IS_NOT, TextOperator.IS_ANY_OF):
                    is_denied = condition.operator is TextOperator.IS_NOT
                    layer_for(self.equality, Equality, bit).add(values, is_denied, bit)
                else:
                    self.parts.add(condition.operator, values[0], bit)
            case DayWithin():
                layer_for(self.ranges[True], Ranges, bit).add(condition, bit)
            case DayCondition() | DayBetween():
                layer_for(self.ranges[False], Ranges, bit).add(condition, bit)
            case AmountCondition() | AmountBetween():
                layer_for(self.ranges[condition.currency], Ranges, bit).add(condition, bit)
            case _:
                assert_never(condition)

    def close(self) -> None:
        """Get ready to be asked, once all conditions were added."""
        for layers in self.ranges.values():
            for layer in layers:
                layer.close()

    def asker(self) -> Callable[[InvoiceFacts], int]:
        """Return what says which rules have a condition on the field that an invoice does not meet."""
        match kind_of(self.of):
            case Kind.TEXT:
                return self._with_emptiness(folded_reader(self.of), self._unmet_by_text)
            case Kind.CHOICE:
                return self._with_emptiness(choice_reader(self.of), self._unmet_by_choice)
            case Kind.DATE:
                return self._with_emptiness(day_reader(self.of), self._unmet_by_day)
            case Kind.AMOUNT:
                return self._with_emptiness(amount_reader(self.of), self._unmet_by_amount)

    def _with_emptiness(
        self, read: Callable[[InvoiceFacts], T], unmet_by: Callable[[T, InvoiceFacts], int]
    ) -> Callable[[InvoiceFacts], int]:
        def unmet(facts: InvoiceFacts) -> int:
            value = read(facts)
            is_empty = value is None or value == _NOTHING
            return unmet_by(value, facts) | (self.must_be_filled if is_empty else self.must_be_empty)

        return unmet

    def _unmet_by_text(self, text: str | None, facts: InvoiceFacts) -> int:
        unmet = unmet_in(self.equality, () if text is None else (text,))
        return unmet | self.parts.unmet(text)

    def _unmet_by_choice(self, values: frozenset[str], facts: InvoiceFacts) -> int:
        return unmet_in(self.equality, values)

    def _unmet_by_day(self, day: date | None, facts: InvoiceFacts) -> int:
        unmet = 0
        for is_relative, layers in self.ranges.items():
            value = (day - facts.as_of).days if is_relative and day is not None else day
            for layer in layers:
                unmet |= layer.unmet(value)
        return unmet

    def _unmet_by_amount(self, amount: Decimal | None, facts: InvoiceFacts) -> int:
        unmet = 0
        for asked, layers in self.ranges.items():
            for layer in layers:
                unmet |= layer.unmet(amount) if asked is None or asked == facts.currency else layer.all
        return unmet


class RuleIndex:
    """The active rules, from the top. A set of them is an integer with the bit of each."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        active = [rule for rule in rules if rule.is_active]
        self.rules: Sequence[Rule] = sorted(active, key=lambda rule: (rule.position, rule.id))
        self.rule: Mapping[int, Rule] = {rule.id: rule for rule in self.rules}
        self.bit_of: Mapping[int, int] = {id_: 1 << place for place, id_ in enumerate(self.rule)}
        self._ids = tuple(self.rule)
        self.in_slot: dict[Slot | None, int] = {None: 0, **dict.fromkeys(Slot, 0)}
        self._all = (1 << len(self.rules)) - 1
        self._at_updates = 0
        fields: dict[AnyField, _FieldIndex] = {}
        for rule in self.rules:
            bit = self.bit_of[rule.id]
            self.in_slot[slot_of(rule.definition.action)] |= bit
            if rule.definition.trigger is Trigger.CREATED_OR_UPDATED:
                self._at_updates |= bit
            for condition in rule.definition.conditions:
                fields.setdefault(condition.field, _FieldIndex(condition.field)).add(condition, bit)
        self.fields = frozenset(fields)
        self.asks_what_rules_change = not self.fields.isdisjoint(CHANGED_BY_RULES)
        for index in fields.values():
            index.close()
        self._changing = [index.asker() for field, index in fields.items() if field in CHANGED_BY_RULES]
        given = {field: index for field, index in fields.items() if field not in CHANGED_BY_RULES}
        self._given = [index.asker() for field, index in given.items() if field not in _SHARED]
        self._shared = [index.asker() for field, index in given.items() if field in _SHARED]
        self._unmet_by: dict[Hashable, int] = {}

    def asked_at(self, event: Event) -> int:
        """Return the rules that the event asks."""
        return self._at_updates if event is Event.UPDATED else self._all

    def given(self, facts: InvoiceFacts) -> int:
        """Return the rules that nothing stands against but what rules themselves can change."""
        matched = self._all & ~self._unmet_by_shared(facts)
        for unmet in self._given:
            if not matched:
                return 0
            matched &= ~unmet(facts)
        return matched

    def _unmet_by_shared(self, facts: InvoiceFacts) -> int:
        if not self._shared:
            return 0
        key = (
            facts.as_of, facts.due_on, facts.issued_on, facts.paid_on, facts.currency, facts.state,
            facts.is_collectable, facts.is_disputed,
        )  # fmt: skip
        known = self._unmet_by.get(key)
        if known is None:
            if len(self._unmet_by) >= KNOWN_MAX:
                self._unmet_by.clear()
            known = self._unmet_by[key] = reduce(or_, (unmet(facts) for unmet in self._shared), 0)
        return known

    def matched(self, facts: InvoiceFacts, given: int | None = None) -> int:
        """Return the rules whose conditions the invoice meets, whatever they are triggered by.

        `given` saves most of the work when the invoice is asked about again.
        """
        matched = self.given(facts) if given is None else given
        for unmet in self._changing:
            matched &= ~unmet(facts)
        return matched

    def ids_in(self, bits: int) -> list[int]:
        """Return the ids of the rules of these bits, from the top."""
        if not bits:
            return []
        # Digits of 0 and 1, the lowest first: ten times as fast as to take an integer of a thousand bits apart.
        return list(compress(self._ids, f"{bits:b}"[::-1].encode().translate(_DIGITS)))

    def matching(self, facts: InvoiceFacts, event: Event = Event.CREATED) -> list[Rule]:
        """Return the rules that the event asks and the invoice matches, from the top."""
        return [self.rule[id_] for id_ in self.ids_in(self.matched(facts) & self.asked_at(event))]
