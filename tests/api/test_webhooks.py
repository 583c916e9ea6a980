"""Webhooks over HTTP: a secret is shown once, nothing goes into private networks, and what failed goes again."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from db.engine import Engine
from mailer.public_addresses import NotFound
from tests.api.caller import Caller, calling, problem
from tests.api.temporal_away import nowhere
from tests.db.book import Book

PUBLIC = "https://8.8.8.8/hook"


async def a_webhook(api: Caller, **stated: Any) -> dict[str, Any]:
    """Add a webhook, and return what was answered."""
    answer = await api.post("/v1/webhooks", {"url": PUBLIC, **stated})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_webhook_lives_its_life_and_shows_each_secret_once(api: Caller, book: Book) -> None:
    added = await api.post("/v1/webhooks", {"url": PUBLIC, "kinds": ["payment.*", "invoice.created"]})
    path = added.headers["location"]
    secret = added.json()["secret"]

    seen = await api.get(path)
    changed = await api.patch(path, {"kinds": ["invoice.*"]}, If_Match=added.headers["etag"])
    overtaken = await api.patch(path, {"kinds": []}, If_Match=added.headers["etag"])
    rotated = await api.post(f"{path}/rotate", If_Match=changed.headers["etag"])
    stopped = await api.post(f"{path}/stop")
    unheard = await api.post(f"{path}/ping")
    started = await api.post(f"{path}/start")
    listed = await api.get("/v1/webhooks")

    assert path == "/v1/webhooks/1"
    assert (seen.json(), seen.headers["etag"]) == (added.json()["webhook"], added.headers["etag"])
    assert changed.json()["kinds"] == ["invoice.*"]
    problem(overtaken, 412, "has-changed")
    assert rotated.json()["secret"] != secret
    assert rotated.json()["webhook"]["two_secrets_until"] is not None
    assert (stopped.json()["state"], stopped.json()["stopped_because"]) == ("stopped", "by api: the books")
    problem(unheard, 409, "refused")
    assert started.json()["state"] == "well"
    assert [one["id"] for one in listed.json()["items"]] == [1]
    for later in (seen, changed, stopped, started, listed):
        assert secret not in later.text
        assert rotated.json()["secret"] not in later.text
    assert (await api.delete(path)).status_code == 204
    problem(await api.get(path), 404, "not-found")


@pytest.mark.parametrize(
    "url",
    ["http://8.8.8.8/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://8.8.8.8:22/", "hook"],
)
async def test_no_key_sends_anything_into_the_servers_own_network(api: Caller, book: Book, url: str) -> None:
    await a_webhook(api)
    # Whoever runs the server allowed this one to be where it is.
    book.run("UPDATE webhook_endpoints SET allows_private = true, url = 'http://10.0.0.7/hook'")

    problem(await api.post("/v1/webhooks", {"url": url}), 409, "refused")
    problem(await api.patch("/v1/webhooks/1", {"url": url}), 409, "refused")

    assert book.rows("SELECT url FROM webhook_endpoints") == ["http://10.0.0.7/hook"]
    moved = await api.patch("/v1/webhooks/1", {"url": PUBLIC})
    assert (moved.json()["url"], moved.json()["allows_private"]) == (PUBLIC, False)


async def test_deliveries_are_paged_and_made_once_more(api: Caller, book: Book) -> None:
    await a_webhook(api, kinds=["invoice.created"])
    other = await api.post("/v1/webhooks", {"url": PUBLIC, "kinds": ["payment.*"]})
    for number in range(1, 4):
        await api.invoice(f"INV-{number}")
    ping = (await api.post("/v1/webhooks/1/ping")).json()
    book.run(
        "UPDATE webhook_deliveries SET state = 'given up', ended_at = now(), attempts = 24 WHERE id = :id", id=2
    )

    first = (await api.get("/v1/webhooks/1/deliveries", limit=3)).json()
    rest = (await api.get("/v1/webhooks/1/deliveries", cursor=first["next_cursor"])).json()
    failed = (await api.get("/v1/webhooks/1/deliveries", failed="true")).json()["items"]
    again = await api.post(f"/v1/webhooks/1/deliveries/{failed[0]['id']}/redeliver")

    assert [one["invoice"] for one in first["items"] + rest["items"]] == [None, "INV-3", "INV-2", "INV-1"]
    assert (first["items"][0], rest["next_cursor"]) == (ping, None)
    assert [one["invoice"] for one in failed] == ["INV-2"]
    assert (again.json()["state"], again.json()["attempts"]) == ("owed", 0)
    assert again.json() == (await api.get("/v1/webhooks/1/deliveries/2")).json()
    place = other.headers["location"]
    assert (await api.get(f"{place}/deliveries")).json()["items"] == []
    problem(await api.post(f"{place}/deliveries/2/redeliver"), 404, "not-found")
    problem(await api.get("/v1/webhooks/9/deliveries"), 404, "not-found")


async def test_a_removal_takes_as_long_for_many_deliveries_as_for_none(api: Caller, book: Book) -> None:
    for _ in range(2):
        await a_webhook(api, kinds=["invoice.created"])
    await api.invoice()
    book.run(_MANY)

    answer = await api.delete("/v1/webhooks/1")

    # The worker forgets them in pages.
    assert answer.status_code == 204
    assert book.one("SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = 1") == 20_001
    assert [one["id"] for one in (await api.get("/v1/webhooks")).json()["items"]] == [2]
    problem(await api.get("/v1/webhooks/1/deliveries"), 404, "not-found")
    problem(await api.get("/v1/webhooks/1/deliveries/1"), 404, "not-found")
    problem(await api.post("/v1/webhooks/1/deliveries/1/redeliver"), 404, "not-found")
    problem(await api.delete("/v1/webhooks/1"), 404, "not-found")


_MANY = """
INSERT INTO webhook_deliveries (endpoint_id, event_id, kind, payload)
SELECT 1, 'evt_' || n, 'invoice.created', '{}' FROM generate_series(1, 20000) n
"""


async def test_a_repeat_adds_no_second_webhook_and_a_reader_adds_none(api: Caller) -> None:
    first = await api.post("/v1/webhooks", {"url": PUBLIC}, Idempotency_Key="k1")
    repeat = await api.post("/v1/webhooks", {"url": PUBLIC}, Idempotency_Key="k1")
    reader = api.with_key("a reader", "webhooks:read")

    assert repeat.json() == first.json()
    problem(await reader.post("/v1/webhooks", {"url": PUBLIC}), 403, "scope-missing")
    assert len((await reader.get("/v1/webhooks")).json()["items"]) == 1
    problem(await api.post("/v1/webhooks", {"url": PUBLIC, "kinds": ["payments"]}), 422, "invalid")


class SlowNames:
    """A name server that answers once it may: a name is on the public internet, or nowhere."""

    def __init__(self) -> None:
        self.asked, self.answers, self.knows = threading.Event(), threading.Event(), True

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.set()
        assert self.answers.wait(20), "nobody let it answer"
        if not self.knows:
            raise NotFound(f"{host} has no address")
        return ["8.8.8.8"]

    def sleep(self) -> None:
        """Answer nothing from now on."""
        self.asked.clear()
        self.answers.clear()


@pytest.mark.parametrize("moves", [False, True])
async def test_no_transaction_waits_for_a_name_server(engine: Engine, book: Book, moves: bool) -> None:
    names = SlowNames()
    async with calling(engine, nowhere, resolver=names) as api:
        names.answers.set()
        await a_webhook(api)
        names.sleep()
        stated = {"url": "https://slow.example/hook"}

        ordered = asyncio.create_task(
            api.patch("/v1/webhooks/1", stated) if moves else api.post("/v1/webhooks", stated)
        )
        assert await asyncio.to_thread(names.asked.wait, 10)
        held = engine.pool.status(), book.rows(_OPEN_TRANSACTIONS)
        listed = await api.get("/v1/webhooks")
        names.answers.set()
        answer = await ordered

    assert held[1] == []
    assert "Current Checked out connections: 0" in held[0]
    assert [one["url"] for one in listed.json()["items"]] == [PUBLIC]
    assert answer.status_code == (200 if moves else 201)


_OPEN_TRANSACTIONS = """
SELECT query FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
"""


async def test_what_counts_first_counts_before_what_names_lead_to(engine: Engine) -> None:
    names = SlowNames()
    names.answers.set()
    async with calling(engine, nowhere, resolver=names) as api:
        first = await api.post("/v1/webhooks", {"url": "https://here.example/"}, Idempotency_Key="k1")
        names.knows = False
        repeat = await api.post("/v1/webhooks", {"url": "https://here.example/"}, Idempotency_Key="k1")
        refused = await api.post("/v1/webhooks", {"url": "https://here.example/"})
        missing = await api.patch("/v1/webhooks/7", {"url": "https://here.example/"})

    assert (repeat.status_code, repeat.json()) == (201, first.json())
    assert problem(refused, 409, "refused")["detail"] == "here.example has no address"
    problem(missing, 404, "not-found")
