"""What is sound in a cadence, and may still not be meant."""

from dataclasses import dataclass
from itertools import combinations

from dunning.cadence import Anchor, Cadence, Step
from intake.complaints import listed

PAYMENT_TERMS_DAYS = (0, 15, 30, 45, 60)


@dataclass(frozen=True, slots=True)
class Turned:
    """Two steps whose order differs: `first` comes first with the terms `straight`, and last with `turned`."""

    first: Step
    second: Step
    straight: tuple[int, ...]
    turned: tuple[int, ...]


def turned_steps(cadence: Cadence) -> tuple[Turned, ...]:
    """Return each two steps whose order differs with the payment term (rule 1.2)."""
    found = []
    for first, second in combinations(cadence.steps, 2):
        # On the same day the order is that of the cadence.
        turned = tuple(days for days in PAYMENT_TERMS_DAYS if _trigger(second, days) < _trigger(first, days))
        if 0 < len(turned) < len(PAYMENT_TERMS_DAYS):
            straight = tuple(days for days in PAYMENT_TERMS_DAYS if days not in turned)
            found.append(Turned(first, second, straight, turned))
    return tuple(found)


def warnings_of(cadence: Cadence) -> tuple[str, ...]:
    """Return one sentence for each two steps whose order differs with the payment term (rule 1.2)."""
    return tuple(_warning(one) for one in turned_steps(cadence))


def _trigger(step: Step, term_days: int) -> int:
    """Return how many days after the issue date the step triggers."""
    return step.offset_days + (term_days if step.anchor is Anchor.DUE_DATE else 0)


def _warning(one: Turned) -> str:
    straight, turned = (listed([str(days) for days in terms], "and") for terms in (one.straight, one.turned))
    return (
        f"The order of steps differs with the payment term: {one.first.id} comes before {one.second.id} "
        f"with net {straight}, and after it with net {turned}."
    )
