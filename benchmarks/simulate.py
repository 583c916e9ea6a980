"""`duewell simulate` on random scenarios: python -m benchmarks.simulate [--scenarios N] [--rounds N]."""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.dunning.random_scenarios import random_scenario


def main() -> None:
    """Measure whole runs of the program, its start included, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program = [sys.executable, "-m", "console.main", "simulate"]
    with tempfile.TemporaryDirectory(prefix="duewell-bench-") as home:
        path = Path(home) / "scenarios.jsonl"
        drawn = (random_scenario(random.Random(seed)) for seed in range(options.scenarios))
        path.write_text("".join(json.dumps(scenario) + "\n" for scenario in drawn), encoding="utf-8")
        walls, cpus = [], []
        for _ in range(options.rounds):
            wall, before = time.perf_counter(), os.times()
            ran = subprocess.run([*program, str(path), "--json"], check=True, capture_output=True)
            after = os.times()
            walls.append(time.perf_counter() - wall)
            used = after.children_user + after.children_system - before.children_user - before.children_system
            cpus.append(used)
            assert ran.stdout.count(b"\n") == options.scenarios
    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "scenarios": options.scenarios,
        "wall_s": round(statistics.median(walls), 2),
        "cpu_s": round(statistics.median(cpus), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
