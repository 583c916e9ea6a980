"""From which seeds this run draws its random examples; it prints them, and the environment may name them."""

import os
import secrets


def _seed(variable: str) -> int:
    """Return the seed that the environment names, or a new one, which processes started from here share."""
    return int(os.environ.setdefault(variable, str(secrets.randbelow(2**31))))


HYPOTHESIS_SEED = _seed("HYPOTHESIS_SEED")
NAIVE_SEED = _seed("NAIVE_SEED")
