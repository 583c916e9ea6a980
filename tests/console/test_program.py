"""The program itself: how fast it answers, what it says when it is asked wrongly, and how it ends."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from console.failure import Failure, was_interrupted
from console.main import INTERRUPTED, run
from db.engine import Engine
from tests.console.conftest import RunHere
from tests.console.program import AWAY, duewell, ended, environment, start
from tests.installation import ROOT, Installation
from tests.intake.invoice_files import a_file, cells

COMMANDS = (
    "import", "status", "collections", "pause", "resume", "reassign", "pay", "complete", "simulate", "migrate",
    "doctor",
)  # fmt: skip
IMPORT_LOCK = 4207849301


async def test_help_and_version_answer_without_any_server() -> None:
    help_, version = await asyncio.gather(duewell(AWAY, "--help"), duewell(AWAY, "--version"))

    assert (help_.code, help_.err) == (0, "")
    assert [command for command in COMMANDS if f" {command} " not in help_.out] == []
    assert (version.code, version.out) == (0, "duewell 0.1.0\n")


async def test_help_imports_none_of_the_heavy_packages() -> None:
    heavy = ("sqlalchemy", "temporalio", "pydantic", "psycopg", "alembic", "babel", "structlog")
    code = "import sys; from console.main import run; run(['import', '--help']); "
    code += f"sys.exit(','.join(name for name in {heavy} if name in sys.modules))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        env=environment(AWAY),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )

    _, err = await process.communicate()

    assert err.decode().strip() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["paws"], 'Unknown command "paws"'),
        (["status"], "INVOICE requires an argument"),
        (["status", "INV-1", "--verbose"], "Unknown option: --verbose"),
        (["pause", "INV-1", "--until", "20260630"], "'20260630' is not a date; expected YYYY-MM-DD"),
        (["pause", "INV-1", "--until", "2026-02-30"], "'2026-02-30' is not a date"),
        (["pay", "INV-1", "1e3"], "'1e3' is not an amount; expected plain digits"),
        (["pay", "INV-1", "1_000"], "'1_000' is not an amount"),
        (["pay", "INV-1", "NaN"], "'NaN' is not an amount"),
        (["pay", "INV-1", "1,50"], "'1,50' is not an amount"),
        (["pay", "INV-1", "-5"], "'-5' is not an amount"),
        (["pay", "INV-1", "٣"], "'٣' is not an amount"),
        (["complete", "INV-1", "--outcome", "gone"], 'Invalid value "gone" for --outcome'),
        (["collections", "--stage", "late"], 'Invalid value "late" for --stage'),
        (["collections", "--limit", "0"], 'Invalid value "0" for --limit'),
        (["import", "/nowhere/book.csv"], "/nowhere/book.csv cannot be read: No such file or directory"),
        (["import", "/"], "/ cannot be read: Is a directory"),
        (["migrate", "--email", "nobody"], "--email: 'nobody' is not an email address"),
        (["migrate", "--name", " "], "--name: expected the organization's name"),
    ],
)
def test_a_wrong_question_is_answered_in_one_line(nowhere: RunHere, arguments: list[str], said: str) -> None:
    nowhere(*arguments).failed(2, said)


def test_what_is_not_in_the_ledger_is_said_in_one_line(here: RunHere) -> None:
    for question in (
        "status INV-404",
        "pause INV-404",
        "pay INV-404 5",
        "complete INV-404",
        "reassign INV-404 none",
    ):
        here(*question.split()).failed(2, "there is no invoice 'INV-404'")
    here("collections", "--cadence", "Nope").failed(2, "there is no cadence 'Nope'; there is Standard")


@pytest.mark.parametrize(
    "url",
    ["nonsense", "postgresql://u:geheim@127.0.0.1:port/x", "postgresql://u:geheim@127.0.0.1:2/x?color=geheim"],
)
def test_a_database_url_that_makes_no_sense_is_said_without_its_password(
    nowhere: RunHere, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    nowhere("collections").failed(2, "DATABASE_URL cannot be read")


def test_a_setting_that_makes_no_sense_is_named(nowhere: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_TLS", "perhaps")

    nowhere("status", "INV-1").failed(2, "TEMPORAL_TLS")


async def test_a_ledger_that_is_away_is_named_in_one_line_and_soon() -> None:
    started = time.monotonic()

    answer = await duewell(AWAY, "pay", "INV-1", "5", "--json")

    assert time.monotonic() - started < 12
    answer.failed(1, "PostgreSQL at 127.0.0.1:2/duewell cannot be used: ", "refused")


@pytest.mark.parametrize("question", ["collections", "status INV-1", "pause INV-1", "import README.md", "migrate"])
def test_every_command_names_the_ledger_that_is_away(
    nowhere: RunHere, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    monkeypatch.chdir(ROOT)

    nowhere(*question.split()).failed(1, "PostgreSQL at 127.0.0.1:2/duewell cannot be used: ", "refused")


async def test_a_ledger_of_another_release_says_what_to_do(engine: Engine, here: RunHere) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    here("collections").failed(1, "revision 9999", "use the release that migrated it")
    here("migrate").failed(1, "revision 9999", "use the release that migrated it")

    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        connection.execute(text("DELETE FROM organization"))
    here("collections").failed(1, "revision 0000")


def test_a_ledger_that_was_never_set_up_says_what_to_do(engine: Engine, here: RunHere) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM organization"))
    here("status", "INV-1").failed(1, "no organization yet; run: duewell migrate")

    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    here("status", "INV-1").failed(1, "the ledger is empty", "run: duewell migrate")


async def test_ctrl_c_ends_it_with_130(installation: Installation, tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(a_file(cells()))
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with installation.engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({IMPORT_LOCK})"))
        process = await start(installation.env, "import", str(book))
        while connection.scalar(waiting) == 0:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        ran = await ended(process)

    assert (ran.code, ran.out, ran.err) == (130, "", "duewell: interrupted\n")


def test_an_interruption_that_meets_another_error_on_its_way_out_stays_one() -> None:
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise TimeoutError("canceling statement due to lock timeout")  # noqa: B904  # as the driver does
    except TimeoutError as error:
        lost = Failure("the ledger is busy")
        lost.__cause__ = error

    assert was_interrupted(lost)
    assert not was_interrupted(Failure("the ledger is busy"))


def test_whatever_an_interruption_became_on_its_way_out_the_command_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when it meets a connection that is just asked whether it still answers."""

    def command(*_arguments: object, **_options: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise ProgrammingError("can't change 'autocommit' now", None, ValueError())

    monkeypatch.setattr("console.app.app", command)

    assert run(["job", "show", "1"]) == INTERRUPTED
    assert capsys.readouterr().err == "duewell: interrupted\n"


async def test_a_reader_who_leaves_is_no_error(installation: Installation) -> None:
    installation.invoice()
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console.main", "collections"),
        env=environment(installation.env),
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)

    _, err = await process.communicate()

    assert (process.returncode, err) == (141, b"")


async def test_a_full_disk_is_said(installation: Installation) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console.main", "collections", "--json"),
        env=environment(installation.env),
        stdout=full,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(full)

    _, err = await process.communicate()

    assert (process.returncode, err) == (1, b"duewell: the answer cannot be written: No space left on device\n")
