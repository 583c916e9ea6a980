"""Temporal's own command line, as an operator without Duewell uses it."""

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

from devstack.temporal_cli import find_temporal
from tests.installation import Installation
from workflows.client import workflow_id


class AlreadyCompleted(Exception):
    """The process has ended, and takes no signal any more."""


@cache
def _program() -> Path:
    return find_temporal().path


async def temporal_signal(installation: Installation, invoice_id: int, name: str, payload: Any = None) -> None:
    """Signal the invoice's process by `temporal workflow signal`. Raises AlreadyCompleted."""
    said = () if payload is None else ("--input", json.dumps(payload))
    await _workflow(installation, "signal", invoice_id, "--name", name, *said)


async def temporal_query(installation: Installation, invoice_id: int, name: str) -> Any:
    """Return what `temporal workflow query` prints of the invoice's process, read as JSON."""
    printed = await _workflow(installation, "query", invoice_id, "--name", name, "--output", "json")
    return json.loads(printed)["queryResult"][0]


async def _workflow(installation: Installation, command: str, invoice_id: int, *arguments: str) -> str:
    where = ("--address", installation.stack.temporal_address, "--namespace", installation.client.namespace)
    whose = ("--workflow-id", workflow_id(invoice_id))
    process = await asyncio.create_subprocess_exec(
        _program(),
        *("workflow", command, *where, *whose, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaint = await process.communicate()
    if b"workflow execution already completed" in complaint:
        raise AlreadyCompleted
    assert process.returncode == 0, complaint.decode()
    return printed.decode()
