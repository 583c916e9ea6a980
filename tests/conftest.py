"""What all tests share: real servers, started once, and an installation of its own for each test."""

import gc
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from sqlalchemy import text
from structlog.dev import ConsoleRenderer, plain_traceback
from temporalio.client import Client

from db.engine import Engine, make_engine, transaction
from devstack.parent import end_with_make
from devstack.stack import Stack
from intake.setup import set_up
from tests.db.databases import UsedAgain
from tests.dunning.seeds import HYPOTHESIS_SEED, NAIVE_SEED
from tests.installation import Installation, installed_on, newest_mail, own_namespace, zone_at_noon

LONG_FIRST = ("exactly_once", "scenarios", "workflows", "journeys", "devstack", "dunning")
OWN_SERVERS = ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "SMTP_URL")


def pytest_configure() -> None:
    """Let the run and all its servers end with `make test`, however that ends."""
    end_with_make()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script's background jobs ignore Ctrl-C, and what they start does too; tests press it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # As the product logs: with the values of all variables, as structlog has it, each failure takes seconds.
    ConsoleRenderer.get_active().exception_formatter = plain_traceback


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose files take minutes, so that no process is left alone with one in the end."""
    items.sort(
        key=lambda item: min(
            (LONG_FIRST.index(part) for part in item.path.parts if part in LONG_FIRST), default=len(LONG_FIRST)
        )
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage only among what tests make, and seldom: what is imported stays for the whole run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to draw the same random examples again."""
    terminalreporter.write_line(
        f"tests/dunning drew from HYPOTHESIS_SEED={HYPOTHESIS_SEED} NAIVE_SEED={NAIVE_SEED}; set both to repeat it"
    )


def without_own_servers() -> dict[str, str]:
    """Return the environment without the servers that somebody uses."""
    return {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL, Temporal and a mail catcher for the whole run; never servers that somebody uses."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(home, ui=False, durable=False, fixed_ports=False, environ=without_own_servers()) as running:
        yield running


@pytest.fixture(scope="session")
def template(stack: Stack) -> str:
    """The URL of a ledger that is set up; tests get copies."""
    engine = make_engine(stack.database_url)
    set_up(engine, "Duewell Test", "ar@duewell.example")
    engine.dispose()
    return stack.database_url


@pytest.fixture(scope="session")
def ledgers(template: str) -> Iterator[UsedAgain]:
    """Lends a ledger to one test after the other."""
    with UsedAgain(template) as ledgers:
        yield ledgers


@pytest.fixture
def database_url(ledgers: UsedAgain) -> str:
    """The URL of an empty ledger that is set up."""
    return ledgers.lend()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's ledger, in whose organization it is about noon."""
    engine = make_engine(database_url, 20)
    with transaction(engine) as session:
        session.execute(text("UPDATE organization SET time_zone = :zone"), {"zone": zone_at_noon()})
    yield engine
    engine.dispose()


@pytest.fixture
async def temporal(stack: Stack) -> Client:
    """A client in a Temporal namespace of the test's own."""
    return await own_namespace(stack.temporal_address)


@pytest.fixture
async def installation(
    stack: Stack, engine: Engine, database_url: str, temporal: Client
) -> AsyncIterator[Installation]:
    """An installation with no invoices, no worker, and the default cadence."""
    installation = Installation(stack, engine, database_url, temporal, newest_mail(stack))
    yield installation
    installation.end_programs()


@pytest.fixture(scope="module")
def mortal_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers that only this module's tests use, and may kill."""
    home = tmp_path_factory.mktemp("mortal-stack")
    with Stack(home, ui=False, durable=False, fixed_ports=False, environ=without_own_servers()) as running:
        engine = make_engine(running.database_url)
        set_up(engine, "Duewell Test", "ar@duewell.example")
        engine.dispose()
        yield running


@pytest.fixture
async def mortal(mortal_stack: Stack) -> AsyncIterator[Installation]:
    """An installation on servers that may be killed; it is about noon, and messages go out at any hour."""
    async with installed_on(mortal_stack) as installation:
        yield installation
