"""The demo as a newcomer runs it: from nothing, again, and killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.devstack.owners import descendants, survivors

ROOT = Path(__file__).parent.parent.parent
OWN_SERVERS = ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "SMTP_URL", "MAKELEVEL")
PATIENCE_SECONDS = 200


def _demo(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start the demo with its data under `home`."""
    env = {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}
    return subprocess.Popen(
        [sys.executable, "-m", "devstack", "demo", *arguments],
        cwd=home,
        env={**env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.timeout(400)
def test_a_first_run_sends_a_second_goes_on_and_a_killed_one_leaves_nothing(tmp_path: Path) -> None:
    first = _demo(tmp_path, "--exit")
    said, _ = first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == 0, said
    summary = json.loads(said.splitlines()[-1])
    assert summary.keys() == {"collections", "sent", "todos", "waiting", "seconds"}
    assert summary["sent"] > 50
    assert summary["todos"] >= 2
    assert summary["collections"] == summary["waiting"] + summary["todos"]
    assert "Temporal Web UI" in said
    assert "Caught mails" in said
    assert "sign in with   owner@duewell-demo.example  demo-" in said
    assert not descendants(first.pid)

    second = _demo(tmp_path)
    assert second.stdout is not None
    seen = []
    for line in second.stdout:
        seen.append(line)
        if "duewell pause" in line:
            break
    assert f"Went out: {summary['sent']} messages" in "".join(seen)
    assert f"0 started, {summary['collections']} already running" in "".join(seen)

    family = descendants(second.pid)
    assert len(family) > 3
    os.kill(second.pid, signal.SIGKILL)
    second.wait(10)
    assert not survivors(family, within_seconds=60)
