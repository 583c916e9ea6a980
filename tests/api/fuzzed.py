"""schemathesis against the API, on a ledger with something of everything in it.

`python -m tests.api.fuzzed --seed 1 --max-examples 100` (or `make schemathesis`) runs it on a server of its own.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from db.engine import Engine, make_engine
from devstack.postgres import EmbeddedPostgres
from intake.api_keys import make_key
from intake.setup import set_up
from tests.api.seeded import seed
from tests.api.serving import served
from tests.api.temporal_away import nowhere

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = "tests.api.schemathesis_hooks"
ROOT = Path(__file__).parents[2]


def fuzz(engine: Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Fill the ledger, serve the API on it, and let schemathesis look for what is wrong with it."""
    seed(engine)
    key = make_key(engine, "schemathesis", ["*"], None, "a test")
    program = Path(sys.executable).with_name("schemathesis")
    with served(engine, nowhere) as address, tempfile.TemporaryDirectory() as directory:
        return subprocess.run(
            [
                str(program),
                *("--config-file", str(CONFIG), "run", f"{address}/v1/openapi.json"),
                *("--header", f"Authorization:Bearer {key}", "--checks", "all", "--no-color"),
                *arguments,
            ],
            env={**os.environ, "COLUMNS": "120", "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS},
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def main(arguments: Sequence[str]) -> int:
    """Run it, and print what it found."""
    with tempfile.TemporaryDirectory() as home, EmbeddedPostgres(Path(home), durable=False) as postgres:
        engine = make_engine(postgres.create_database("fuzzed"), 10)
        set_up(engine, "Duewell Test", "ar@duewell.example")
        done = fuzz(engine, *arguments)
        engine.dispose()
    sys.stdout.write(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
