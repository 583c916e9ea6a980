"""Who may ask, how often, and what is answered when something is wrong."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from console.api.buckets import Buckets
from console.api.service import Limits
from db.engine import Engine, transaction
from db.operations.api_keys import revoke_key
from db.operations.refusal import Refused
from intake.api_keys import digest_of, granted, make_key
from tests.api.caller import Caller, an_invoice, calling, problem
from tests.api.temporal_away import nowhere
from tests.db.book import Book


async def test_a_key_may_do_what_its_scopes_say(api: Caller) -> None:
    reader = api.with_key("reader", "customers:read")

    assert (await reader.get("/v1/customers")).status_code == 200
    said = problem(await reader.put("/v1/customers/C-1", {"name": "x"}), 403, "scope-missing")
    assert "customers:write" in said["detail"]
    problem(await reader.get("/v1/invoices"), 403, "scope-missing")


async def test_no_key_a_wrong_one_a_revoked_and_an_expired_one_are_refused_alike(api: Caller, book: Book) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    expired = make_key(api.engine, "expired", ["*"], soon, "ana")
    book.run("UPDATE api_keys SET expires_at = now() WHERE name = 'expired'")
    revoked = make_key(api.engine, "revoked", ["*"], None, "ana")
    with transaction(api.engine) as session:
        revoke_key(session, "revoked", datetime.now(UTC))

    answers = [
        await api.with_headers(Authorization=header).get("/v1/customers")
        for header in (
            "",
            "Basic YTpi",
            "Bearer ",
            f"Bearer {'x' * 500}",
            f"Bearer {expired}",
            f"Bearer {revoked}",
        )
    ]

    assert len({answer.text for answer in answers}) == 1
    for answer in answers:
        problem(answer, 401, "not-authenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_ledger_keeps_the_digest_of_a_key_and_when_it_was_used(api: Caller, book: Book) -> None:
    token = api.headers["Authorization"].removeprefix("Bearer ")

    await api.get("/v1/customers")
    first = book.one("SELECT last_used_at FROM api_keys")
    await api.get("/v1/customers")

    digest, prefix, second = book.one("SELECT digest, prefix, last_used_at FROM api_keys")
    assert digest == digest_of(token)
    assert token not in str(book.rows("SELECT to_jsonb(k) FROM api_keys k"))
    assert token.startswith(prefix)
    assert first is not None
    assert second == first, "it is noted once a minute"


def test_scopes_are_spelled_out() -> None:
    assert granted(["invoices:*", "rules:read"]) == ["invoices:read", "invoices:write", "rules:read"]
    assert "webhooks:write" in granted(["*"])
    for wrong in (["invoices"], ["invoice:read"], ["invoices:delete"], []):
        with pytest.raises(Refused):
            granted(wrong)


async def test_a_key_that_asks_too_often_waits(engine: Engine) -> None:
    async with calling(engine, nowhere, limits=Limits(requests_per_minute=2)) as api:
        answers = [await api.get("/v1/customers") for _ in range(3)]
        other = await api.with_key("other", "*").get("/v1/customers")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith('"key";r=1')
    problem(answers[2], 429, "too-many-requests")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert other.status_code == 200


async def test_who_guesses_keys_waits_and_who_has_one_does_not(engine: Engine) -> None:
    async with calling(engine, nowhere, limits=Limits(refusals_per_minute=2)) as api:
        guesses = [await api.with_headers(Authorization="Bearer x").get("/v1/customers") for _ in range(3)]
        right = await api.get("/v1/customers")

    assert [guess.status_code for guess in guesses] == [401, 401, 429]
    assert right.status_code == 200


def test_a_bucket_fills_again() -> None:
    buckets = Buckets(2, 60.0)

    taken = [buckets.take("a", now=now).had for now in (0.0, 0.0, 1.0, 31.0, 32.0)]

    assert taken == [True, True, False, True, False]
    assert buckets.take("a", now=40.0).wait_seconds == pytest.approx(20.0)


async def test_every_answer_that_is_no_success_is_a_problem(api: Caller) -> None:
    await api.put("/v1/customers/C-1", {"name": "x"})
    headers = dict(api.headers)
    client = api.client

    problem(await api.get("/v2/nothing"), 404, "not-found")
    not_allowed = await client.delete("/v1/customers/C-1", headers=headers)
    problem(not_allowed, 405, "method-not-allowed")
    assert set(not_allowed.headers["allow"].split(", ")) == {"GET", "PUT"}
    form = await client.put("/v1/customers/C-1", headers=headers, data={"name": "x"})
    problem(form, 415, "not-json")
    large = await client.put("/v1/customers/C-1", headers=headers, json={"name": "x" * 5_000_000})
    problem(large, 413, "too-large")
    for body in (b"{", b"\xff", b"[" * 100_000, b'{"name": NaN}', b"1" * 5000, b'{"name": "\\ud800"}', b"", b"[]"):
        as_json = {**headers, "Content-Type": "application/json"}
        problem(await client.put("/v1/customers/C-1", headers=as_json, content=body), 422, "invalid")
    problem(await api.get("/v1/customers", limit=201), 422, "invalid")
    problem(await api.get("/v1/customers", cursor="../1"), 422, "invalid")


async def test_what_fails_here_says_nothing_of_itself(api: Caller, book: Book) -> None:
    book.run("ALTER TABLE custom_values RENAME TO elsewhere")
    try:
        said = problem(await api.get("/v1/customers/C-1"), 500, "failed")
    finally:
        book.run("ALTER TABLE elsewhere RENAME TO custom_values")
    assert "custom_values" not in json.dumps(said)


async def test_a_repeat_gets_the_same_answer_and_does_nothing(api: Caller, book: Book) -> None:
    await api.invoice()
    first = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    await api.post("/v1/invoices/INV-1/resume")

    again = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    other = await api.post("/v1/invoices/INV-1/pause", {"reason": "x"}, Idempotency_Key="k1")
    of_another_key = await api.with_key("another", "*").post(
        "/v1/invoices/INV-1/dispute", {}, Idempotency_Key="k1"
    )

    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    problem(other, 422, "key-reused")
    assert of_another_key.status_code == 200
    assert [one["kind"] for one in (await api.get("/v1/invoices/INV-1")).json()["holds"]] == ["dispute"]


async def test_a_key_is_forgotten_after_a_day_and_never_kept_for_what_was_refused(api: Caller, book: Book) -> None:
    missing = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    await api.invoice()
    paused = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    book.run("UPDATE idempotent_requests SET created_at = now() - interval '25 hours'")

    late = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    await api.post("/v1/invoices/INV-1/resume", Idempotency_Key="k2")

    problem(missing, 404, "not-found")
    assert paused.status_code == 200
    problem(late, 409, "refused")
    assert book.rows("SELECT key FROM idempotent_requests") == ["k2"]


async def test_two_requests_with_one_key_at_once_are_one(api: Caller, book: Book) -> None:
    await api.invoice()
    locked = api.engine.connect()
    locked.begin()
    locked.exec_driver_sql("SELECT id FROM invoices FOR UPDATE")

    waiting = asyncio.create_task(api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1"))
    async with asyncio.timeout(10):
        while not book.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            await asyncio.sleep(0.01)
    second = await api.post("/v1/invoices/INV-1/pause", {}, Idempotency_Key="k1")
    locked.close()

    problem(second, 409, "in-progress")
    assert (await waiting).status_code == 200


async def test_two_that_create_the_same_at_once_both_succeed(api: Caller, book: Book) -> None:
    answers = await asyncio.gather(*(api.put("/v1/invoices/INV-1", an_invoice()) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert book.one("SELECT count(*) FROM invoices") == 1


async def test_it_says_whether_it_works(api: Caller) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
