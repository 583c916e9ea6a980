"""Who may pass: keys with scopes, how often they may ask, and what a body must be."""

import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from console.api.buckets import Taken
from console.api.json_body import ExactRequest
from console.api.problems import Problem, problem_of
from console.api.service import Service
from db.engine import transaction
from db.operations.api_keys import note_use
from db.queries.api_keys import KeyLine, key_of_digest
from intake.api_keys import digest_of

TOKEN_CHARACTERS_MAX = 200
SCHEME = "key"


class GuardedRoute(APIRoute):
    """A route that lets requests pass which bear a key with the scope that its `security` names."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers requests."""
        answer = super().get_route_handler()
        ((scope,),) = (requirement[SCHEME] for requirement in (self.openapi_extra or {})["security"])
        takes_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            service: Service = request.app.state.service
            key, taken = await _admitted(request, service, scope)
            try:
                if takes_body:
                    _require_json(request)
                exact = ExactRequest(request.scope, request.receive)
                exact.state.key = key
                response = await answer(exact)
            except Exception as error:
                problem = problem_of(error)
                if problem.kind == "failed":
                    # It is logged with its trace on its way out.
                    raise
                response = problem.response
            response.headers.update(_rate(service, taken))
            return response

        return guarded


async def _admitted(request: Request, service: Service, scope: str) -> tuple[KeyLine, Taken]:
    """Return the key of the request, and what is left of its rate. Raises Problem."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    key = None
    now = datetime.now(UTC)
    if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_CHARACTERS_MAX:
        key = await service.run(lambda: _key_of(service, token, now))
    if key is None:
        address = request.client.host if request.client is not None else ""
        failed = service.by_address.take(address)
        if not failed.had:
            headers = {"Retry-After": str(math.ceil(failed.wait_seconds))}
            raise Problem("too-many-requests", "too many requests without a valid key", headers=headers)
        headers = {"WWW-Authenticate": 'Bearer realm="duewell"'}
        raise Problem(
            "not-authenticated", "send Authorization: Bearer KEY with a key that is valid", headers=headers
        )
    taken = service.by_key.take(key.id)
    if not taken.had:
        headers = {**_rate(service, taken), "Retry-After": str(math.ceil(taken.wait_seconds))}
        raise Problem("too-many-requests", f"the key {key.name} asks too often", headers=headers)
    if scope not in key.scopes:
        raise Problem("scope-missing", f"this needs the scope {scope}", headers=_rate(service, taken))
    return key, taken


def _key_of(service: Service, token: str, now: datetime) -> KeyLine | None:
    """Return the valid key with this token, which is looked up by its digest: no timing helps to guess."""
    with transaction(service.engine) as session:
        key = key_of_digest(session, digest_of(token))
        if key is None or not key.is_valid(now):
            return None
        if key.needs_note(now):
            note_use(session, key.id, now)
        return key


def _rate(service: Service, taken: Taken) -> dict[str, str]:
    """Return the header fields of the IETF's draft about rates."""
    limit = service.by_key
    return {
        "RateLimit-Policy": f'"key";q={limit.size};w={limit.seconds:.0f}',
        "RateLimit": f'"key";r={taken.left};t={math.ceil(taken.wait_seconds)}',
    }


def _require_json(request: Request) -> None:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "application/octet-stream")
    charset = message.get_content_charset("utf-8")
    if message.get_content_type() != "application/json" or charset != "utf-8":
        raise Problem("not-json", "send Content-Type: application/json, in UTF-8")
