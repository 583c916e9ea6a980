"""The core lives every random scenario as the naive simulator does, which was written without seeing it.

The core reads the scenarios from a file and tells its stories as JSON, as `duewell simulate` does. A failure
prints the seeds of the scenarios that differ and the first of them; `random_scenario(random.Random(seed))` draws
it again.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from console.terminal.story import story_line
from dunning.simulate import simulate
from intake.scenario_file import read_scenarios
from tests.dunning import naive
from tests.dunning.random_scenarios import random_scenario
from tests.dunning.seeds import NAIVE_SEED

SCENARIOS = int(os.environ.get("NAIVE_SCENARIOS", "6000"))
# In shares, so that a test stays short and xdist could spread them.
SHARE = min(1000, SCENARIOS)
# So many are told each time; the others are left to the long runs.
TOLD_EACH_TIME = 5_000
SHOWN_MAX = 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(first, marks=() if first < TOLD_EACH_TIME else pytest.mark.soak)
        for first in range(0, SCENARIOS, SHARE)
    ],
)
def test_core_and_naive_simulator_tell_the_same_stories(first: int, tmp_path: Path) -> None:
    """All that a scenario can tell, in both logics."""
    seeds = [NAIVE_SEED + number for number in range(first, min(first + SHARE, SCENARIOS))]
    scenarios = [random_scenario(random.Random(seed)) for seed in seeds]
    path = tmp_path / "scenarios.jsonl"
    path.write_text("\n".join(map(json.dumps, scenarios)))

    told = [json.loads(story_line(simulate(scenario))) for scenario in read_scenarios(path)]

    differing = [
        (seed, scenario, story)
        for seed, scenario, story in zip(seeds, scenarios, told, strict=True)
        if story != naive.simulate(scenario)
    ]
    if differing:
        pytest.fail(_shown(differing), pytrace=False)


def _shown(differing: list[tuple[int, dict[str, Any], dict[str, Any]]]) -> str:
    """Return which scenarios differ, and how the first of them does."""
    seed, scenario, story = differing[0]
    expected = naive.simulate(scenario)
    lines = [
        f"{len(differing)} scenarios differ, of the seeds {[each[0] for each in differing[:20]]}; of {seed}:",
        json.dumps(scenario),
        f"outcome: core {story['outcome']}, naive {expected['outcome']}",
        *(f"only the core: {entry}" for entry in story["log"] if entry not in expected["log"]),
        *(f"only the naive: {entry}" for entry in expected["log"] if entry not in story["log"]),
    ]
    same_lines = len(lines) == 3 and story["outcome"] == expected["outcome"]
    return "\n".join([*lines, "the same lines in another order"] if same_lines else lines)
