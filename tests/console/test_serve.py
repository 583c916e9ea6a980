"""`duewell serve` as a program of its own, on all the real servers: processes follow, and kills lose nothing."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from httpx import AsyncClient, HTTPError
from temporalio.client import Client

from devstack.leashed_process import LeashedProcess
from devstack.ports import lease_port
from intake.api_keys import make_key
from tests.api.caller import Caller, an_invoice, calling
from tests.console.conftest import RunHere
from tests.installation import PATIENCE_SECONDS, Installation


@asynccontextmanager
async def serving(installation: Installation, **env: str) -> AsyncIterator[tuple[Caller, LeashedProcess]]:
    """Start the program, and a caller with a key of its own."""
    lease = lease_port()
    lease.release()
    port = str(lease.number)
    program = installation.spawn(f"api-{port}", "-m", "console.main", "serve", "--port", port, env=env)
    try:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await _answers(client):
                    assert program.is_running, program.log_tail()
                    await asyncio.sleep(0.05)
            yield Caller(client, installation.engine), program
    finally:
        program.stop()


async def _answers(client: AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except HTTPError:
        return False


async def killed_during(sent: "asyncio.Task[object]", program: LeashedProcess) -> None:
    """Kill the program, and claim that it had not answered."""
    assert not sent.done()
    program.kill()
    (error,) = await asyncio.gather(sent, return_exceptions=True)
    assert isinstance(error, HTTPError)


async def test_a_change_takes_effect_once_wherever_the_server_is_killed(installation: Installation) -> None:
    key = make_key(installation.engine, "the books", ["*"], None, "ana")
    books = {"Authorization": f"Bearer {key}"}
    pause = ("/v1/invoices/INV-1/pause", {"reason": "they asked"})

    # Behind the commit: a Temporal that takes calls and never answers keeps the request waiting.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_address = f"127.0.0.1:{silent.getsockname()[1]}"
        async with serving(installation, TEMPORAL_ADDRESS=silent_address) as (api, program):
            first = replace(api, headers=books)
            sent = asyncio.create_task(first.put("/v1/invoices/INV-1", an_invoice(), Idempotency_Key="k1"))
            await installation.until(lambda: bool(installation.rows("SELECT 1 FROM invoices")))
            await killed_during(sent, program)

    async with serving(installation) as (api, program), installation.working(relaying=False):
        second = replace(api, headers=books)
        repeated = await second.put("/v1/invoices/INV-1", an_invoice(), Idempotency_Key="k1")
        assert (repeated.status_code, repeated.headers["idempotency-replayed"]) == (201, "true")
        # A new statement is told at once, and starts the process that the killed server did not.
        told = await second.put("/v1/invoices/INV-1", an_invoice(total="900.00"))
        assert told.headers["duewell-told"] == "true"
        (invoice_id,) = installation.rows("SELECT id FROM invoices")[0]
        assert (await installation.settled(invoice_id)).outstanding == 900

        # Before the commit: somebody keeps the answer from being written, behind the effect.
        with installation.engine.connect() as other:
            other.begin()
            other.exec_driver_sql("LOCK TABLE idempotent_requests IN SHARE ROW EXCLUSIVE MODE")
            sent = asyncio.create_task(second.post(*pause, Idempotency_Key="k2"))
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'idempotent_requests'::regclass"
            await installation.until(lambda: bool(installation.rows(waiting)))
            await killed_during(sent, program)
    await installation.until(
        lambda: not installation.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'relation'")
    )
    assert installation.happened().count("paused") == 0

    async def connected() -> Client:
        return installation.client

    async with (
        calling(installation.engine, connected, name="another") as api,
        installation.working(relaying=False),
    ):
        third = replace(api, headers=books)
        paused = [await third.post(*pause, Idempotency_Key="k2") for _ in range(2)]
        assert [one.status_code for one in paused] == [200, 200]
        assert paused[0].headers["duewell-told"] == "true"
        assert (await installation.planned(invoice_id, stage="held")).sentence
    assert installation.happened().count("paused") == 1
    assert installation.happened().count("invoice created") == 1


def test_keys_are_made_shown_once_listed_and_revoked(here: RunHere) -> None:
    made = here("api-key", "create", "books", "--scope", "invoices:*", "--scope", "rules:read", "--json")
    again = here("api-key", "create", "books", "--scope", "*")
    wrong = here("api-key", "create", "other", "--scope", "invoices:all")
    listed = here("api-key", "list", "--json")
    revoked = here("api-key", "revoke", "books")

    assert made.data["scopes"] == ["invoices:read", "invoices:write", "rules:read"]
    again.failed(2, "another name")
    wrong.failed(2, "invoices:all", "no scope")
    assert made.data["key"] not in json.dumps(listed.data)
    assert revoked.out == "books is revoked.\n"
    assert "revoked" in here("api-key", "list").out


def test_a_port_that_is_taken_is_one_line(here: RunHere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = here("serve", "--port", str(taken.getsockname()[1]))

    ran.failed(1, "cannot listen on 127.0.0.1")
