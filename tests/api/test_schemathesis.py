"""schemathesis finds nothing: what the document says, the server does, for sound and for broken requests."""

import pytest

from db.engine import Engine
from tests.api.fuzzed import fuzz


def test_schemathesis_finds_nothing_in_a_few_requests(engine: Engine) -> None:
    done = fuzz(engine, "--phases", "fuzzing", "--max-examples", "1", "--seed", "1", "--no-shrink")

    assert done.returncode == 0, done.stdout


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_schemathesis_finds_nothing_in_many(engine: Engine) -> None:
    done = fuzz(engine, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "50", "--seed", "1")

    assert done.returncode == 0, done.stdout
