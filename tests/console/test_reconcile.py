"""reconcile: what the last comparison of ledger and processes found, and one now."""

import asyncio

from tests.console.conftest import RunHere
from tests.installation import Installation


async def test_the_last_comparison_is_shown_and_doctor_knows_it(
    installation: Installation, there: RunHere
) -> None:
    none = await asyncio.to_thread(there, "reconcile")
    installation.invoice("A", due_in_days=20)
    installation.forget_owed()
    async with installation.working():
        now = await asyncio.to_thread(there, "reconcile", "--now")
    shown = await asyncio.to_thread(there, "reconcile", "--json")
    doctor = await asyncio.to_thread(there, "doctor", "--json")

    assert none.code == 1
    assert "were not compared yet" in none.err
    assert now.code == 0
    assert now.out.startswith("Compared 1 open collections with 0 running processes: 1 started.\nJob ")
    assert "A had no process, and one was started" in now.out
    assert shown.data["counts"]["started"] == 1
    (line,) = [check for check in doctor.data["checks"] if check["what"] == "reconcile"]
    assert line["state"] == "ok"
