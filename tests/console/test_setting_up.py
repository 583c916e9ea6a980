"""migrate and doctor: a ledger from nothing, and what is missing with the command that mends it."""

import asyncio
from typing import Any

from sqlalchemy import text
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from console.doctor.temporal_checks import QUEUES
from db.engine import Engine
from tests.console.conftest import RunHere
from tests.console.program import AWAY, duewell
from tests.installation import ROOT, Installation

NEWEST = max(path.stem.partition("_")[0] for path in (ROOT / "db/migrations/versions").glob("0*.py"))


async def test_migrate_sets_a_new_ledger_up_and_says_so(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    env = {**AWAY, "DATABASE_URL": database_url}

    first = await duewell(env, "migrate", "--name", "Acme SAS", "--email", "ar@acme.example")
    second = await duewell(env, "migrate", "--name", "Other", "--json")

    assert (first.code, first.err) == (0, "")
    assert f"the schema is set up at revision {NEWEST}" in first.out
    assert "New organization: Acme SAS writes as ar@acme.example." in first.out
    assert (second.code, second.err) == (0, "")
    assert (second.data["is_new_organization"], second.data["organization"]) == (False, "Acme SAS")
    assert second.data["revision_before"] == second.data["revision"]


def test_migrate_leaves_what_exists(here: RunHere) -> None:
    ran = here("migrate", "--name", "Other")

    assert ran.code == 0
    assert f"the schema is at revision {NEWEST} already" in ran.out
    assert "The organization was left as it is: Duewell Test writes as" in ran.out
    assert "--name and --email are for a new organization; they changed nothing." in ran.out


def by_name(checks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the checks by what they are about."""
    return {check["what"]: check for check in checks}


async def work_is_asked_for(client: Client) -> bool:
    """Return whether the server has heard from a worker on every queue: a new one asks soon after its start."""
    for name, kind, _ in QUEUES:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
        )
        if not (await client.workflow_service.describe_task_queue(request)).pollers:
            return False
    return True


async def test_doctor_finds_a_working_installation_well(installation: Installation, there: RunHere) -> None:
    installation.invoice(due_in_days=20)

    async with installation.working():
        await installation.until_true(lambda: work_is_asked_for(installation.client))
        ran = await asyncio.to_thread(there, "doctor", "--json")
        for_people = await duewell(installation.env, "doctor")

    checks = by_name(ran.data["checks"])
    assert {name: check for name, check in checks.items() if check["state"] == "missing"} == {}
    assert (ran.code, ran.err) == (0, "")
    needed = ("PostgreSQL", "schema", "Temporal", "search attributes", "mail", "outbox", "collections")
    assert {name: checks[name]["state"] for name in needed} == dict.fromkeys(needed, "ok")
    assert {checks[f"worker {work}"]["state"] for work in ("processes", "planning", "sending")} == {"ok"}
    assert ", server 1" in checks["PostgreSQL"]["found"]
    assert installation.client.namespace in checks["Temporal"]["found"]
    assert (for_people.code, for_people.err) == (0, "")
    assert "missing" not in for_people.out


def test_doctor_says_what_mends_an_installation_without_a_worker(
    installation: Installation, there: RunHere
) -> None:
    installation.invoice(due_in_days=20)

    ran = there("doctor", "--json")

    assert (ran.code, ran.err) == (1, "")
    checks = by_name(ran.data["checks"])
    assert checks["worker sending"]["state"] == "missing"
    assert checks["worker sending"]["mend"] == "python -m worker"
    assert checks["outbox"]["found"].startswith("1 signal")
    assert checks["processes"]["mend"] == "python -m starter"


async def test_doctor_names_all_servers_that_are_away_and_no_password() -> None:
    ran = await duewell(AWAY, "doctor")

    assert (ran.code, ran.err) == (1, "")
    assert "geheim" not in ran.out
    for place in ("127.0.0.1:2/duewell", "127.0.0.1:3", "127.0.0.1:4"):
        assert place in ran.out
    assert ran.out.count("mend: ") >= 3
    assert ran.out.splitlines()[-1].startswith("3 missing")


def test_doctor_tells_an_empty_ledger_and_a_namespace_that_is_not_there(
    here: RunHere, engine: Engine, stack_address: str, monkeypatch: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")

    checks = by_name(here("doctor", "--json").data["checks"])

    assert checks["schema"]["mend"] == "duewell migrate"
    assert checks["namespace"]["found"] == "there is no namespace nowhere"
