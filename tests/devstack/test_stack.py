"""The whole stack: started together, found by the environment, gone together."""

import os
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest

from devstack.home_lock import HomeInUse
from devstack.leashed_process import ProcessFailed
from devstack.stack import Stack
from devstack.temporal_server import serves_namespace
from tests.devstack.owners import ROOT, Seen, descendants, first_line, kill_9, owner, survivors

GIVEN = {
    "DATABASE_URL": "postgresql://ledger.example/duewell",
    "TEMPORAL_ADDRESS": "temporal.example:7233",
    "TEMPORAL_UI_URL": "https://temporal.example",
    "SMTP_URL": "smtps://mail.example:465",
}

OWNER = """
import sys, time
from pathlib import Path
from devstack.stack import Stack
stack = Stack(Path(sys.argv[1]), ui=False, durable=False, fixed_ports=False).start()
stack.spawn("worker", ["sh", "-c", "sleep 600 & wait"])
print(stack.database_url, flush=True)
time.sleep(600)
"""


def own_environment() -> dict[str, str]:
    """Return the environment without servers of others."""
    return {key: value for key, value in os.environ.items() if key not in GIVEN}


def a_stack(home: Path) -> Stack:
    """Return a small stack on any free ports."""
    return Stack(home, ui=False, durable=False, fixed_ports=False, environ=own_environment())


def test_every_server_answers_and_children_find_them(tmp_path: Path) -> None:
    with a_stack(tmp_path / "home") as stack:
        assert psycopg.connect(stack.database_url).execute("SELECT current_database()").fetchone() == ("duewell",)
        assert serves_namespace(stack.temporal_address, "default")
        host, _, port = stack.smtp_url.removeprefix("smtp://").partition(":")
        message = EmailMessage()
        message["Subject"] = "hello"
        with smtplib.SMTP(host, int(port)) as connection:
            connection.send_message(message, "a@duewell.example", ["b@customer.example"])
        assert stack.mail is not None
        assert [caught.subject for caught in stack.mail.messages()] == ["hello"]

        script = 'echo "$DATABASE_URL" "$TEMPORAL_ADDRESS" "$SMTP_URL" "$MORE"'
        child = stack.spawn("child", ["sh", "-c", script], {"MORE": "more"})

        assert child.wait(20) == 0
        assert (tmp_path / "home" / "logs" / "child.log").read_text().split() == [
            *(stack.database_url, stack.temporal_address, stack.smtp_url, "more")
        ]


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    with owner(OWNER, tmp_path / "home", env=dict.fromkeys(GIVEN, "")) as process:
        assert first_line(process).startswith("postgresql://")
        family = descendants(process.pid)
        commands = " ".join(seen.command for seen in family)
        for program in ("postgres", " server start-dev ", "devstack.mail_catcher", "sleep 600"):
            assert program in commands

        kill_9(process)

        assert survivors(family) == set()


def test_two_stacks_run_side_by_side_and_one_home_has_one_owner(tmp_path: Path) -> None:
    with a_stack(tmp_path / "one") as one, a_stack(tmp_path / "two") as two:
        assert not set(one.env().values()) & (set(two.env().values()) - {"default"})
        with pytest.raises(HomeInUse):
            a_stack(tmp_path / "one").start()


def test_servers_that_the_environment_names_are_used_and_not_started(tmp_path: Path) -> None:
    before = _leashes()
    with Stack(tmp_path / "home", environ=GIVEN) as stack:
        assert (stack.postgres, stack.temporal, stack.mail, stack.mail_page_url) == (None, None, None, None)
        assert stack.env() == GIVEN
        assert _leashes() == before


def test_an_embedded_temporal_is_not_approached_with_the_credentials_of_another(tmp_path: Path) -> None:
    given = {
        **own_environment(),
        "DATABASE_URL": "x",
        "SMTP_URL": "x",
        "TEMPORAL_API_KEY": "k",
        "TEMPORAL_NAMESPACE": "n",
    }
    with Stack(tmp_path / "home", ui=False, fixed_ports=False, environ=given) as stack:
        stack.spawn("child", ["sh", "-c", 'echo "[$TEMPORAL_API_KEY]" "$TEMPORAL_NAMESPACE"']).wait(5)

    assert (tmp_path / "home" / "logs" / "child.log").read_text() == "[] default\n"


def test_mail_that_is_caught_does_not_leave_by_a_provider(tmp_path: Path) -> None:
    given = {**own_environment(), "DATABASE_URL": "x", "TEMPORAL_ADDRESS": "x", "RESEND_API_KEY": "k"}
    with Stack(tmp_path / "home", ui=False, fixed_ports=False, environ=given) as stack:
        stack.spawn("child", ["sh", "-c", 'echo "[$RESEND_API_KEY]"']).wait(5)

    assert (tmp_path / "home" / "logs" / "child.log").read_text() == "[]\n"


def test_when_one_server_fails_the_others_are_stopped(tmp_path: Path) -> None:
    before = _leashes()
    home = tmp_path / "home"
    (home / "temporal" / "temporal.db").mkdir(parents=True)

    with pytest.raises(ProcessFailed, match="Temporal ended with exit code"):
        a_stack(home).start()

    assert survivors(_leashes() - before, within_seconds=0) == set()
    (home / "temporal" / "temporal.db").rmdir()
    with a_stack(home):
        pass


def test_up_prints_the_environment_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://ledger.example/duewell",
        "SMTP_URL": "",
        "TEMPORAL_ADDRESS": "temporal.example:1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack", "up", "--home", str(tmp_path / "home")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=own_environment() | given,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(3)]
    assert lines[:2] == [f"export {key}={given[key]}" for key in ("DATABASE_URL", "TEMPORAL_ADDRESS")]
    assert lines[2].startswith("export SMTP_URL=smtp://127.0.0.1:")
    family = descendants(process.pid)
    assert family

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0
    assert survivors(family, within_seconds=0) == set()
    process.communicate()


def test_provisioning_is_quick_when_everything_is_there() -> None:
    command = [sys.executable, "-m", "devstack", "provision"]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=3600)

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10)

    assert done.returncode == 0
    assert [line.split("  ")[0] for line in done.stdout.splitlines()][:2] == ["PostgreSQL", "Temporal"]
    assert "\x1b" not in done.stdout


def _leashes() -> set[Seen]:
    """Return the leashes of all servers of this run; below them, processes come and go by themselves."""
    return {seen for seen in descendants(os.getpid()) if "leash.py" in seen.command}
