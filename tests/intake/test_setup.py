"""Setting a ledger up."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from db.engine import make_engine, transaction
from devstack.postgres import EmbeddedPostgres
from devstack.stack import Stack

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from db.engine import make_engine
from intake.setup import set_up
set_up(make_engine(sys.argv[1]))
"""


def test_two_set_ups_at_once_make_one_organization_and_one_cadence(stack: Stack) -> None:
    assert isinstance(stack.postgres, EmbeddedPostgres)
    url = stack.postgres.create_database("set_up_twice")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    both = [subprocess.Popen([sys.executable, "-c", PROGRAM, url], env=env) for _ in range(2)]

    assert [program.wait(60) for program in both] == [0, 0]
    engine = make_engine(url)
    with transaction(engine) as session:
        counts = session.execute(
            text("SELECT (SELECT count(*) FROM organization), (SELECT count(*) FROM cadence_versions)")
        ).one()
    engine.dispose()
    assert tuple(counts) == (1, 1)
