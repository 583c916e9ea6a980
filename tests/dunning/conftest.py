"""How many examples the random tests of the core draw, and the seeds to draw them again.

`HYPOTHESIS_PROFILE` is `default` for every day and CI, `thorough` for a night, `mutation` for the many short runs
of `make mutation` and for `make coverage-core`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, core, settings

from tests.dunning.seeds import HYPOTHESIS_SEED

settings.register_profile(
    "default",
    max_examples=80,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000)
# A mutant is dead with the first example that fails: there is no need for the smallest one.
settings.register_profile(
    "mutation",
    settings.get_profile("default"),
    max_examples=8,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Let every hypothesis test start from the seed of the run, unless the command line names one."""
    if config.getoption("--hypothesis-seed", default=None) is None:
        core.global_force_seed = HYPOTHESIS_SEED  # type: ignore[assignment]
