"""From which seeds this run draws its random examples; it prints them, and the environment may name them."""

import os
import secrets


def _seed(variable: str) -> int:
    """Return the seed that the environment names, or a new one."""
    given = os.environ.get(variable)
    return secrets.randbelow(2**31) if given is None else int(given)


HYPOTHESIS_SEED = _seed("HYPOTHESIS_SEED")
NAIVE_SEED = _seed("NAIVE_SEED")
