"""Conditions that ask for a part of a text, for many rules at once: its beginning, its end, or anything in it."""

from collections import defaultdict
from dataclasses import dataclass, field

from rules.conditions import TextOperator
from rules.equality import Equality, layer_for, unmet_in


@dataclass(slots=True)
class Parts:
    """Who asks for which part; texts are folded, None is the empty one.

    Beginnings and ends are looked up, one look for each length that is asked for; what is contained is tried
    one by one.
    """

    beginnings: dict[int, list[Equality]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[int, list[Equality]] = field(default_factory=lambda: defaultdict(list))
    # By text: who wants it to be contained, and who does not.
    contained: dict[str, tuple[int, int]] = field(default_factory=dict)
    unmet_if_empty: int = 0

    def add(self, operator: TextOperator, part: str, bit: int) -> None:
        """Ask this for the rule of this bit too."""
        if operator is TextOperator.STARTS_WITH:
            layer_for(self.beginnings[len(part)], Equality, bit).add((part,), False, bit)
        elif operator is TextOperator.ENDS_WITH:
            layer_for(self.ends[len(part)], Equality, bit).add((part,), False, bit)
        else:
            wanted, unwanted = self.contained.get(part, (0, 0))
            if operator is TextOperator.CONTAINS:
                self.contained[part] = wanted | bit, unwanted
            else:
                self.contained[part] = wanted, unwanted | bit
        if operator is not TextOperator.DOES_NOT_CONTAIN:
            self.unmet_if_empty |= bit

    def unmet(self, text: str | None) -> int:
        """Return the rules with a condition that is not met."""
        if text is None:
            return self.unmet_if_empty
        unmet = 0
        for length, layers in self.beginnings.items():
            unmet |= unmet_in(layers, (text[:length],))
        for length, layers in self.ends.items():
            unmet |= unmet_in(layers, (text[-length:],))
        for part, (wanted, unwanted) in self.contained.items():
            unmet |= unwanted if part in text else wanted
        return unmet
