import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from sqlalchemy import URL
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from db.engine import LedgerUnavailable, make_engine, ping
from devstack.postgres import EmbeddedPostgres
from devstack.postgres_binaries import find_postgres
from devstack.stack import Stack
from devstack.temporal_cli import find_temporal
from intake.setup import set_up
from tests.deploy.compose_file import ROOT
from workflows.client import connect

DEPLOY = ROOT / "deploy"
SCRIPTS = sorted(DEPLOY.rglob("*.sh"))
DATABASES = {"duewell": "duewell", "temporal": "temporal", "temporal_visibility": "temporal"}
# Quotes are the test: the passwords reach SQL as they are.
PASSWORDS = {"duewell": 'it\'s "quoted"', "temporal": "$HOME; --"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A new PostgreSQL on which the init script has run."""
    home = Path(tempfile.mkdtemp(prefix="duewell-test-"))
    home.chmod(0o755)
    with EmbeddedPostgres(home, durable=False, port=23456) as running:
        _make_databases(running)
        yield running
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_well_formed(script: Path) -> None:
    first = script.read_text(encoding="utf-8").splitlines()[0]
    assert first in ("#!/bin/sh", "#!/bin/bash")

    done = subprocess.run([first.removeprefix("#!"), "-n", script], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(script, os.X_OK)


def test_each_program_gets_databases_of_its_own(postgres: EmbeddedPostgres) -> None:
    for database, owner in DATABASES.items():
        for role in PASSWORDS:
            assert _can_open(postgres, database, role) == (role == owner), f"{role} in {database}"


def test_the_ledger_can_be_set_up_by_its_own_role(postgres: EmbeddedPostgres) -> None:
    engine = make_engine(_url(postgres, "duewell", "duewell"))

    assert set_up(engine, "Hélios SA", "ar@helios.example")

    engine.dispose()


def test_a_wrong_password_opens_nothing(postgres: EmbeddedPostgres) -> None:
    assert not _can_open(postgres, "duewell", "duewell", password="guessed")


def test_the_init_script_fails_loudly(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        _make_databases(postgres)


def test_the_schema_of_both_databases_is_set_up_and_then_updated(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    stand_in = tmp_path / "temporal-sql-tool"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    stand_in.chmod(0o755)

    _run("temporal/set-up-schema.sh", {"PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert calls.read_text().splitlines() == [
        "--database temporal setup-schema --version 0.0",
        "--database temporal update-schema --schema-name postgresql/v12/temporal",
        "--database temporal_visibility setup-schema --version 0.0",
        "--database temporal_visibility update-schema --schema-name postgresql/v12/visibility",
    ]


async def test_the_namespace_is_made_once_and_keeps_ended_processes_for_a_month(
    stack: Stack, tmp_path: Path
) -> None:
    namespace = f"deploy-{uuid4().hex}"
    # In the cache it is called by its version; in the image, as the script calls it.
    (tmp_path / "temporal").symlink_to(await asyncio.to_thread(lambda: find_temporal().path))
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": namespace,
    }

    await asyncio.to_thread(_run, "temporal/make-namespace.sh", environ)
    again = await asyncio.to_thread(_run, "temporal/make-namespace.sh", environ)

    client = await connect(stack.temporal_address)
    made = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    kept = made.config.workflow_execution_retention_ttl.ToTimedelta()
    assert kept == timedelta(days=30)
    assert "exists" in again


def test_the_dynamic_config_has_the_form_that_the_server_reads() -> None:
    read: dict[str, list[dict[str, Any]]] = yaml.safe_load((DEPLOY / "temporal/dynamic-config.yaml").read_text())

    for key, values in read.items():
        assert key.partition(".")[0] in {"frontend", "history", "limit", "matching", "system", "worker"}
        assert all("value" in value for value in values)


def _make_databases(postgres: EmbeddedPostgres) -> None:
    """Run the init script as the image does: as the superuser, over the socket."""
    socket_directory = postgres.url().split("host=")[1].split("&")[0].replace("%2F", "/")
    environ = {
        "PATH": f"{find_postgres().path}:{os.environ['PATH']}",
        "PGHOST": socket_directory,
        "PGPORT": str(postgres.port),
        "POSTGRES_USER": "postgres",
        "DUEWELL_DB_PASSWORD": PASSWORDS["duewell"],
        "TEMPORAL_DB_PASSWORD": PASSWORDS["temporal"],
    }
    _run("postgres/make-databases.sh", environ)


def _run(script: str, environ: dict[str, str]) -> str:
    path = DEPLOY / script
    shell = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!")
    done = subprocess.run(
        [shell, path],
        env={**environ, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def _can_open(postgres: EmbeddedPostgres, database: str, role: str, password: str | None = None) -> bool:
    engine = make_engine(_url(postgres, database, role, password), 1)
    try:
        ping(engine)
    except LedgerUnavailable:
        return False
    finally:
        engine.dispose()
    return True


def _url(postgres: EmbeddedPostgres, database: str, role: str, password: str | None = None) -> str:
    url = URL.create("postgresql", role, password or PASSWORDS[role], "127.0.0.1", postgres.port, database)
    return url.render_as_string(hide_password=False)
