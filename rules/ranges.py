"""Conditions that ask how a day or an amount stands to bounds, for many rules at once."""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, assert_never

from rules.conditions import (
    AmountBetween,
    AmountCondition,
    AmountOperator,
    DayBetween,
    DayCondition,
    DayOperator,
    DayWithin,
)

Bound = date | Decimal | int
BoundCondition = DayCondition | DayBetween | DayWithin | AmountCondition | AmountBetween


@dataclass(slots=True)
class Ranges:
    """Conditions that ask how a value stands to bounds, at most one for each rule.

    The n bounds, sorted, cut all values into 2n + 1 regions: below the first, the first, between it and the second
    and so on. A condition is met in some stretches of regions.
    """

    # Of one type each: all are days, or amounts, or numbers of days from today.
    bounds: list[Any] = field(default_factory=list)
    asked: list[tuple[BoundCondition, int]] = field(default_factory=list)
    # By region, the rules whose condition is not met in it.
    regions: list[int] = field(default_factory=list)
    unmet_if_empty: int = 0
    all: int = 0

    def add(self, condition: BoundCondition, bit: int) -> None:
        """Ask this for the rule of this bit too."""
        self.all |= bit
        self.asked.append((condition, bit))

    def close(self) -> None:
        """Work out the regions once all conditions were added."""
        self.bounds = sorted({bound for condition, _ in self.asked for bound in _bounds_of(condition)})
        place = {bound: 2 * index + 1 for index, bound in enumerate(self.bounds)}
        end = 2 * len(self.bounds) + 1
        turns = [0] * (end + 1)
        unmet = self.all
        for condition, bit in self.asked:
            for first, after in _stretches(condition, place, end):
                turns[first] ^= bit
                turns[after] ^= bit
            if not _denies(condition):
                self.unmet_if_empty |= bit
        for turn in turns[:end]:
            unmet ^= turn
            self.regions.append(unmet)

    def unmet(self, value: Bound | None) -> int:
        """Return the rules whose condition is not met."""
        if value is None:
            return self.unmet_if_empty
        index = bisect_left(self.bounds, value)
        is_bound = index < len(self.bounds) and self.bounds[index] == value
        return self.regions[2 * index + 1 if is_bound else 2 * index]


def _bounds_of(condition: BoundCondition) -> tuple[Bound, ...]:
    match condition:
        case DayCondition():
            return (condition.day,)
        case DayBetween():
            return condition.first, condition.last
        case DayWithin():
            return (-condition.days, 0) if condition.direction == "last" else (0, condition.days)
        case AmountCondition():
            return (condition.amount,)
        case AmountBetween():
            return condition.low, condition.high
        case _:
            assert_never(condition)


def _denies(condition: BoundCondition) -> bool:
    if isinstance(condition, DayCondition):
        return condition.operator is DayOperator.NOT_ON
    return isinstance(condition, AmountCondition) and condition.operator is AmountOperator.UNEQUAL


def _stretches(condition: BoundCondition, place: dict[Bound, int], end: int) -> tuple[tuple[int, int], ...]:
    """Return the stretches of regions in which the condition is met, each as its first and the one after it."""
    bounds = _bounds_of(condition)
    at, last = place[bounds[0]], place[bounds[-1]]
    if not isinstance(condition, DayCondition | AmountCondition):
        return ((at, last + 1),)
    match condition.operator:
        case DayOperator.ON | AmountOperator.EQUAL:
            return ((at, at + 1),)
        case DayOperator.NOT_ON | AmountOperator.UNEQUAL:
            return (0, at), (at + 1, end)
        case DayOperator.BEFORE | AmountOperator.BELOW:
            return ((0, at),)
        case DayOperator.ON_OR_BEFORE | AmountOperator.AT_MOST:
            return ((0, at + 1),)
        case DayOperator.AFTER | AmountOperator.ABOVE:
            return ((at + 1, end),)
        case DayOperator.ON_OR_AFTER | AmountOperator.AT_LEAST:
            return ((at, end),)
