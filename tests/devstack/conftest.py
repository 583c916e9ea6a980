"""Fixtures of the devstack's own tests: real servers on homes of their own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.mail_catcher import MailCatcher
from devstack.postgres import EmbeddedPostgres


@pytest.fixture
def open_home() -> Iterator[Path]:
    """Return a directory that every user can pass through; pytest's own are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="duewell-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    """Return a running mail catcher."""
    with MailCatcher(tmp_path / "mail") as running:
        yield running


@pytest.fixture(scope="module")
def shared_catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailCatcher]:
    """Return a running mail catcher that holds the mail of other tests too."""
    with MailCatcher(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Return a running PostgreSQL that the tests of a module share and leave running."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as running:
        yield running
