"""Leashed children end with their owner, whatever ends the owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devstack.leashed_process import LeashedProcess, ProcessFailed
from tests.devstack.owners import Seen, descendants, first_line, kill_9, owner, survivors

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

OWNER = """
import sys, time
from pathlib import Path
from devstack.leashed_process import LeashedProcess
process = LeashedProcess("child", sys.argv[2:], log=Path(sys.argv[1]), grace_seconds=1).start()
process.wait_until_ready(lambda: "ready" in process.log_tail())
print("ready", flush=True)
time.sleep(600)
"""

# A shell with a child in its own process group, and one that has left the group and its session.
FAMILY = "sleep 600 & setsid sleep 601 & sleep 0.2; echo ready; wait"
STUBBORN = "trap '' TERM INT HUP; echo ready; while true; do sleep 1; done"


@pytest.mark.parametrize("script", [FAMILY, STUBBORN])
def test_child_and_grandchildren_end_when_the_owner_is_killed(tmp_path: Path, script: str) -> None:
    with owner(OWNER, tmp_path / "log", "sh", "-c", script) as process:
        assert first_line(process) == "ready"
        family = descendants(process.pid)
        assert len(family) >= 3

        kill_9(process)

        assert survivors(family, within_seconds=5) == set()


def test_child_ends_when_the_leash_is_killed(tmp_path: Path) -> None:
    process = LeashedProcess("child", ["sleep", "600"], log=tmp_path / "log").start()
    family = descendants(os.getpid())

    os.kill(process.leash_pid, signal.SIGKILL)

    assert survivors(_with_pid(family, process.pid), within_seconds=5) == set()
    assert process.stop() == -signal.SIGKILL


def test_a_thread_that_ends_does_not_take_its_child_along(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    process = LeashedProcess("child", ["sleep", "600"], log=tmp_path / "log")
    with ThreadPoolExecutor(1) as threads:
        threads.submit(process.start).result()

    time.sleep(0.2)

    assert process.is_running
    process.stop()


def test_a_forked_copy_of_the_owner_does_not_hold_the_leash(tmp_path: Path) -> None:
    script = OWNER.replace("time.sleep(600)", "import os; os.fork(); time.sleep(2.5)")
    with owner(script, tmp_path / "log", "sh", "-c", "echo ready; sleep 600") as process:
        assert first_line(process) == "ready"
        sleepers = {seen for seen in descendants(process.pid) if seen.command == "sleep 600"}
        assert sleepers

        kill_9(process)

        assert survivors(sleepers, within_seconds=2) == set()


def test_stop_is_orderly_and_returns_the_exit_code(tmp_path: Path) -> None:
    script = "trap 'echo tidied; exit 7' INT; echo ready; while true; do sleep 0.05; done"
    process = LeashedProcess("child", ["sh", "-c", script], log=tmp_path / "log", stop_signal=signal.SIGINT)
    process.start().wait_until_ready(lambda: "ready" in process.log_tail())

    assert process.stop() == 7

    assert "tidied" in process.log_tail()
    assert not process.is_running


def test_a_stop_right_after_the_start_is_not_lost(tmp_path: Path) -> None:
    for _ in range(20):
        process = LeashedProcess("child", ["sleep", "600"], log=tmp_path / "log", grace_seconds=60).start()

        assert process.stop() == 128 + signal.SIGTERM


def test_grace_given_at_the_stop_overrides_the_usual_one(tmp_path: Path) -> None:
    process = LeashedProcess("child", ["sh", "-c", STUBBORN], log=tmp_path / "log", grace_seconds=60)
    process.start().wait_until_ready(lambda: "ready" in process.log_tail())
    started = time.monotonic()

    assert process.stop(grace_seconds=0.2) == 128 + signal.SIGKILL

    assert time.monotonic() - started < 3


def test_stop_gives_grandchildren_their_grace_too(tmp_path: Path) -> None:
    slow = "trap 'sleep 0.5; echo grandchild tidied; exit' TERM; echo ready; while true; do sleep 0.05; done"
    process = LeashedProcess("child", ["sh", "-c", f'sh -c "{slow}" & wait'], log=tmp_path / "log")
    process.start().wait_until_ready(lambda: "ready" in process.log_tail())

    process.stop()

    assert "grandchild tidied" in process.log_tail()


def test_ctrl_c_in_a_terminal_reaches_neither_leash_nor_child(tmp_path: Path) -> None:
    process = LeashedProcess("child", ["sleep", "600"], log=tmp_path / "log").start()

    os.kill(process.leash_pid, signal.SIGINT)
    time.sleep(0.2)

    assert process.is_running
    assert os.getpgid(process.leash_pid) != os.getpgid(0)
    process.stop()


def test_failure_to_become_ready_shows_the_log(tmp_path: Path) -> None:
    process = LeashedProcess("The server", ["sh", "-c", "echo port is taken; exit 3"], log=tmp_path / "log")

    with pytest.raises(ProcessFailed, match=r"The server ended with exit code 3\.\nport is taken"):
        process.start().wait_until_ready(lambda: False)


def test_waiting_for_readiness_has_an_end(tmp_path: Path) -> None:
    process = LeashedProcess("The server", ["sleep", "600"], log=tmp_path / "log").start()

    with pytest.raises(ProcessFailed, match="not ready after"):
        process.wait_until_ready(lambda: False, timeout_seconds=0.1)

    assert not process.is_running


def test_an_unknown_command_is_named(tmp_path: Path) -> None:
    process = LeashedProcess("child", ["/no/such/program"], log=tmp_path / "log").start()

    assert process.wait(5) == 127
    assert "cannot run /no/such/program: No such file" in process.log_tail()
    process.stop()


def test_leash_can_be_used_from_a_shell() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack.leash", "--signal", "INT", "--", "sh", "-c", "exit 5"],
        stdin=subprocess.PIPE,
    )

    assert process.wait(10) == 5
    process.communicate()


def _with_pid(processes: set[Seen], pid: int) -> set[Seen]:
    found = {seen for seen in processes if seen.pid == pid}
    assert found
    return found
