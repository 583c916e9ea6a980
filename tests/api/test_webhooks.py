"""Webhooks over HTTP: a secret is shown once, nothing goes into private networks, and what failed goes again."""

from typing import Any

import pytest

from tests.api.caller import Caller, problem
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
    assert book.rows("SELECT id FROM webhook_deliveries") == []


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


async def test_a_repeat_adds_no_second_webhook_and_a_reader_adds_none(api: Caller) -> None:
    first = await api.post("/v1/webhooks", {"url": PUBLIC}, Idempotency_Key="k1")
    repeat = await api.post("/v1/webhooks", {"url": PUBLIC}, Idempotency_Key="k1")
    reader = api.with_key("a reader", "webhooks:read")

    assert repeat.json() == first.json()
    problem(await reader.post("/v1/webhooks", {"url": PUBLIC}), 403, "scope-missing")
    assert len((await reader.get("/v1/webhooks")).json()["items"]) == 1
    problem(await api.post("/v1/webhooks", {"url": PUBLIC, "kinds": ["payments"]}), 422, "invalid")
