"""The log of the worker and of the API, as somebody reads or collects it: by the output of a real process."""

import json
import os
import subprocess
import sys

import pytest

from tests.installation import ROOT

_PROGRAM = """
import logging, sys, warnings
import structlog
from logs import configure_logs

configure_logs(sys.argv[1])
log = structlog.get_logger()

def remind(customer, password):
    raise LookupError("no template")

log.debug("nobody asked for this")
log.info("worker is up", build="1.2")
logging.getLogger("a.library").info("nobody asked for this either")
try:
    remind("Secret Ltd", "hunter2")
except LookupError:
    log.exception("collection parked", invoice_id=7)
    logging.getLogger("a.library").warning("activity %s failed", "send", exc_info=True)
warnings.warn("a warning of Python")
"""


def _said(style: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, style], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == ""
    return ran.stdout


def test_each_json_line_is_one_event_of_ours_or_of_a_library() -> None:
    lines = [json.loads(line) for line in _said("json").splitlines()]

    assert [(line["level"], line["event"].partition("\n")[0][-19:]) for line in lines] == [
        ("info", "worker is up"),
        ("error", "collection parked"),
        ("warning", "activity send failed"[-19:]),
        ("warning", "a warning of Python"),
    ]
    up, parked, failed, _ = lines
    assert up["build"] == "1.2"
    assert parked["invoice_id"] == 7
    assert failed["logger"] == "a.library"
    assert "LookupError: no template" in parked["exception"]
    assert "LookupError: no template" in failed["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_text_is_for_people() -> None:
    said = _said("text")

    assert "worker is up" in said
    assert "build=1.2" in said
    assert said.count("LookupError: no template") == 2
    assert "nobody asked" not in said


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_shows_no_values_of_variables(style: str) -> None:
    said = _said(style)

    # What the program itself says in its source is not in there either: it was given by `-c`.
    assert "Secret Ltd" not in said
    assert "hunter2" not in said
