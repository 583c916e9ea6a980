"""The command line within the test's own process, for what needs no process: many inputs in little time."""

from collections.abc import Callable, Iterator

import pytest
import structlog

from console.main import run
from devstack.stack import Stack
from settings import settings
from tests.console.program import AWAY, Ran
from tests.installation import Installation

RunHere = Callable[..., Ran]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[RunHere]:
    """Run commands while all servers are away."""
    for name, value in {**AWAY, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)

    def run_here(*arguments: str) -> Ran:
        capsys.readouterr()
        settings.cache_clear()
        code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run_here
    settings.cache_clear()
    structlog.reset_defaults()


@pytest.fixture
def here(nowhere: RunHere, database_url: str, monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Run commands on the test's ledger; Temporal and the mail server are away."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return nowhere


@pytest.fixture
def there(here: RunHere, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Run commands on the test's installation, Temporal included; in a thread, if the test is a coroutine."""
    for name, value in installation.env.items():
        monkeypatch.setenv(name, value)
    return here


@pytest.fixture
def stack_address(stack: Stack) -> str:
    """Where Temporal is."""
    return stack.temporal_address
