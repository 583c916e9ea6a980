"""What is sound in a cadence, and may still not be meant."""

from itertools import combinations

from dunning.cadence import Anchor, Cadence, Step
from intake.complaints import listed

PAYMENT_TERMS_DAYS = (0, 15, 30, 45, 60)


def warnings_of(cadence: Cadence) -> tuple[str, ...]:
    """Return one sentence for each two steps whose order differs with the payment term (rule 1.2)."""
    warnings = []
    for first, second in combinations(cadence.steps, 2):
        # On the same day the order is that of the cadence.
        turned = [days for days in PAYMENT_TERMS_DAYS if _trigger(second, days) < _trigger(first, days)]
        if 0 < len(turned) < len(PAYMENT_TERMS_DAYS):
            warnings.append(_warning(first, second, turned))
    return tuple(warnings)


def _trigger(step: Step, term_days: int) -> int:
    """Return how many days after the issue date the step triggers."""
    return step.offset_days + (term_days if step.anchor is Anchor.DUE_DATE else 0)


def _warning(first: Step, second: Step, turned: list[int]) -> str:
    straight = listed([str(days) for days in PAYMENT_TERMS_DAYS if days not in turned], "and")
    return (
        f"The order of steps differs with the payment term: {first.id} comes before {second.id} "
        f"with net {straight}, and after it with net {listed(list(map(str, turned)), 'and')}."
    )
