"""Conditions that ask for equal values, for many rules at once; and how a rule asks twice for one field."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Layer(Protocol):
    """At most one condition of each rule; `all` are the rules that have one."""

    all: int


L = TypeVar("L", bound=Layer)


@dataclass(slots=True)
class Equality:
    """Conditions that ask for values, at most one for each rule; None is nothing."""

    any_of: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    none_of: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    denying: int = 0
    all: int = 0

    def add(self, values: Iterable[str], is_denied: bool, bit: int) -> None:
        """Ask for one of the values, or for none of them, for the rule of this bit too."""
        self.all |= bit
        if is_denied:
            self.denying |= bit
        for value in values:
            (self.none_of if is_denied else self.any_of)[value] |= bit

    def unmet(self, values: Iterable[str]) -> int:
        """Return the rules whose condition is not met."""
        found = denied = 0
        for value in values:
            found |= self.any_of.get(value, 0)
            denied |= self.none_of.get(value, 0)
        return self.all & ~(found | (self.denying & ~denied))


def layer_for(layers: list[L], make: Callable[[], L], bit: int) -> L:
    """Return the first layer in which the rule has no condition yet."""
    for layer in layers:
        if not layer.all & bit:
            return layer
    layers.append(make())
    return layers[-1]


def unmet_in(layers: Iterable[Equality], values: Iterable[str]) -> int:
    """Return the rules with a condition that is not met, in any of the layers."""
    unmet = 0
    for layer in layers:
        unmet |= layer.unmet(values)
    return unmet
