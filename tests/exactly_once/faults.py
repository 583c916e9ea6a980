"""Which fault comes at which protocol step of which message: a pure function of a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Place(StrEnum):
    """A protocol step. Over HTTP: before the body, in it, after its end, and after the answer."""

    BEFORE_DATA = "before DATA"
    IN_DATA = "in DATA"
    AFTER_DOT = "after the final dot, before 250"
    AFTER_ANSWER = "after 250, before the commit"


class Deed(StrEnum):
    """What happens there."""

    KILL = "the worker is killed"
    DROP = "the connection is dropped"
    REFUSE_FOR_NOW = "4xx is answered"
    REFUSE_FOR_GOOD = "5xx is answered"
    STALL = "nothing is answered for a while"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `keeps` says whether a message that was not answered after its final dot was taken over."""

    place: Place
    deed: Deed
    keeps: bool = True
    seconds: float = 0.0


Faults = Mapping[int, Fault]


def faults_of(
    chance: Random, messages: int, kills: Sequence[Place], others: int, stall_seconds: float
) -> dict[int, Fault]:
    """Return faults by the number of the hand-over they hit: a kill at each of these steps, others at random.

    They lie in the first eight tenths, so that each is reached.
    """
    numbers = sorted(chance.sample(range(5, messages * 8 // 10), len(kills) + others))
    for_kills = set(chance.sample(numbers, len(kills)))
    places = chance.sample(kills, len(kills))
    faults: dict[int, Fault] = {}
    for number in numbers:
        keeps = chance.random() < 0.6
        if number in for_kills:
            faults[number] = Fault(places.pop(), Deed.KILL, keeps)
        else:
            faults[number] = _another(chance, keeps, stall_seconds)
    return faults


def _another(chance: Random, keeps: bool, stall_seconds: float) -> Fault:
    deed = chance.choice([deed for deed in Deed if deed is not Deed.KILL])
    place = chance.choice(list(Place))
    if deed in (Deed.REFUSE_FOR_NOW, Deed.REFUSE_FOR_GOOD):
        return Fault(chance.choice([Place.BEFORE_DATA, Place.AFTER_DOT]), deed, keeps=False)
    # Who answers 250 in the end has taken it over.
    return Fault(place, deed, keeps or deed is Deed.STALL, stall_seconds)
