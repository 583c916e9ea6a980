"""A program that calls the API, and what it is answered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from httpx import ASGITransport, AsyncClient, Response

from console.api.app import make_app
from console.api.service import Connect, Limits
from db.engine import Engine
from intake.api_keys import make_key
from mailer.public_addresses import Resolver, resolve


@dataclass(frozen=True)
class Caller:
    """Calls with a key; `headers` go with every request."""

    client: AsyncClient
    engine: Engine
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str) -> "Caller":
        """Return the same with further headers, whose names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    def with_key(self, name: str, *scopes: str) -> "Caller":
        """Return one that bears a new key."""
        return self.with_headers(Authorization=f"Bearer {make_key(self.engine, name, scopes, None, 'ana')}")

    async def get(self, path: str, **parameters: Any) -> Response:
        """Ask."""
        return await self.client.get(path, headers=dict(self.headers), params=parameters)

    async def put(self, path: str, body: Any, **headers: str) -> Response:
        """State."""
        return await self.client.put(path, json=body, headers=dict(self.with_headers(**headers).headers))

    async def post(self, path: str, body: Any = None, **headers: str) -> Response:
        """Order."""
        content = {} if body is None else {"json": body}
        return await self.client.post(path, headers=dict(self.with_headers(**headers).headers), **content)

    async def patch(self, path: str, body: Any, **headers: str) -> Response:
        """Edit."""
        return await self.client.patch(path, json=body, headers=dict(self.with_headers(**headers).headers))

    async def delete(self, path: str, **headers: str) -> Response:
        """Delete."""
        return await self.client.delete(path, headers=dict(self.with_headers(**headers).headers))

    async def invoice(self, external_id: str = "INV-1", **stated: Any) -> dict[str, Any]:
        """State an invoice of 1,000 EUR to C-1, which is new, and return it."""
        answer = await self.put(f"/v1/invoices/{external_id}", an_invoice(**stated))
        assert answer.status_code in (200, 201), answer.text
        shown: dict[str, Any] = answer.json()
        return shown


def an_invoice(**stated: Any) -> dict[str, Any]:
    """Return what may be stated of an invoice."""
    return {
        "customer": "C-1",
        "customer_name": "Société Hélios",
        "issued_on": "2026-05-02",
        "due_on": "2026-06-01",
        "currency": "EUR",
        "total": "1000.00",
        **stated,
    }


def problem(answer: Response, status: int, kind: str) -> dict[str, Any]:
    """Claim that the answer is this problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["status"] == status
    assert said["type"] == f"urn:duewell:problem:{kind}", said
    return said


@asynccontextmanager
async def calling(
    engine: Engine,
    connect: Connect,
    scopes: Sequence[str] = ("*",),
    limits: Limits | None = None,
    name: str = "the books",
    resolver: Resolver = resolve,
) -> AsyncIterator[Caller]:
    """Open the API on the ledger to a program with a key."""
    app = make_app(engine, connect, limits or Limits(requests_per_minute=100_000), resolver)
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield Caller(client, engine).with_key(name, *scopes)
