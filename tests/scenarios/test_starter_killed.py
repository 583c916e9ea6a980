"""The starter as people run it: killed half-way and run again, without its servers, and for a dry run."""

import asyncio
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest
from temporalio.service import RPCError, RPCStatusCode

from devstack.ports import HOST, lease_port
from intake.import_invoices import import_invoices
from tests.installation import ROOT, Installation
from tests.scenarios.books import book
from workflows.client import process_of, workflow_id

INVOICES = 120
EVERYTHING = ""


@dataclass(frozen=True)
class Ended:
    """How a run of the starter ended, and what it said."""

    code: int
    out: str
    err: str


async def _begin(installation: Installation, *options: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "starter.py"),
        *options,
        env={**os.environ, **installation.env, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _run(installation: Installation, *options: str, **env: str) -> Ended:
    process = await _begin(installation, *options, **env)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def _is_started(installation: Installation, invoice_id: int) -> bool:
    try:
        await process_of(installation.client, invoice_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


def _ids(installation: Installation) -> list[int]:
    rows = installation.rows("SELECT invoice_id FROM collections WHERE closed_at IS NULL ORDER BY invoice_id")
    return [invoice_id for (invoice_id,) in rows]


async def _listed(installation: Installation, count: int) -> list[str]:
    """Return the ids of all runs of all processes there ever were, as soon as that many are listed."""
    listed: list[str] = []

    async def is_complete() -> bool:
        listed[:] = await installation.processes(EVERYTHING)
        return len(listed) >= count

    await installation.until_true(is_complete)
    return listed


@pytest.mark.parametrize("seed", [20261122])
async def test_a_starter_killed_half_way_leaves_nothing_out_when_it_runs_again(
    installation: Installation, seed: int
) -> None:
    import_invoices(installation.engine, book(range(INVOICES), installation.today, due_in_days=20))
    ids = _ids(installation)
    reached = Random(seed).randint(20, 80)

    killed = await _begin(installation, "--concurrency", "4")
    await installation.until_true(lambda: _is_started(installation, ids[reached]))
    killed.kill()
    assert await killed.wait() == -9
    is_complete = await _is_started(installation, ids[-1])
    again = await _run(installation, "--json")
    listed = await _listed(installation, INVOICES)

    assert not is_complete, "the kill came too late to prove anything"
    summary = json.loads(again.out)
    assert again.code == 0
    assert summary["already_running"] > reached // 2
    assert summary == {
        "started": INVOICES - summary["already_running"],
        "already_running": summary["already_running"],
        "not_eligible": 0,
        "failed": 0,
    }
    assert Counter(listed) == Counter(workflow_id(invoice_id) for invoice_id in ids)
    assert len(await installation.processes()) == INVOICES


async def test_a_dry_run_counts_and_starts_nothing(installation: Installation) -> None:
    import_invoices(installation.engine, book(range(12), installation.today, due_in_days=20))

    ended = await _run(installation, "--dry-run", "--json")
    # Nobody needs a Temporal to ask what there would be to start.
    said = await _run(installation, "--dry-run", TEMPORAL_ADDRESS="127.0.0.1:1")

    assert (ended.code, json.loads(ended.out)) == (0, {"open": 12, "not_eligible": 0})
    assert said.code == 0
    assert said.out == "12 open invoices would get a process; 0 are not eligible.\n"
    assert not any([await _is_started(installation, invoice_id) for invoice_id in _ids(installation)])


@pytest.mark.parametrize("away", ["TEMPORAL_ADDRESS", "DATABASE_URL"])
async def test_without_its_servers_the_starter_says_so_in_one_line(installation: Installation, away: str) -> None:
    lease = lease_port()
    nobody = f"{HOST}:{lease.number}"
    address = nobody if away == "TEMPORAL_ADDRESS" else f"postgresql://nobody@{nobody}/none"

    ended = await _run(installation, "--json", **{away: address})
    lease.release()

    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("starter: ")
    assert str(lease.number) in ended.err
    assert "Traceback" not in ended.err
    assert ended.err.count("\n") == 1
