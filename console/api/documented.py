"""What the OpenAPI document says of each operation: its scope, its answers and its problems."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from console.api.guard import SCHEME
from console.api.problems import KINDS, MEDIA_TYPE, TYPE, ProblemBody

# Where our own notes stand until they become answers.
_NOTE = "x-answers"
_ALWAYS = ("not-authenticated", "scope-missing", "invalid", "too-many-requests", "failed", "ledger-away")
_CHANGES = ("refused", "in-progress", "has-changed", "key-reused")
_BODY = ("not-json", "too-large")
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The state of the resource, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where the new resource is.", "schema": {"type": "string"}},
    "Duewell-Outcome": {
        "description": "What the statement did.",
        "schema": {"type": "string", "enum": ["created", "changed", "unchanged"]},
    },
    "Duewell-Told": {
        "description": "Whether the processes know already; if not, they will in a moment, and nothing is lost.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "Idempotency-Replayed": {
        "description": "The answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit": {
        "description": "What is left, as in draft-ietf-httpapi-ratelimit-headers.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": "What a key may ask for.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
}
_OF_READING = ("RateLimit", "RateLimit-Policy")
_OF_CHANGING = (*_OF_READING, "Duewell-Told", "Idempotency-Replayed")


def listing(scope: str, shown: type[BaseModel], operation_id: str, *problems: str) -> dict[str, Any]:
    """Return how a list is documented."""
    return _documented(scope, operation_id, {200: (shown, _OF_READING)}, problems)


def reading(scope: str, shown: type[BaseModel], operation_id: str) -> dict[str, Any]:
    """Return how one thing is documented."""
    of_one = {200: (shown, (*_OF_READING, "ETag")), 304: (None, (*_OF_READING, "ETag"))}
    return _documented(scope, operation_id, of_one, ("not-found",))


def changing(scope: str, shown: type[BaseModel], operation_id: str, *, body: bool = True) -> dict[str, Any]:
    """Return how a change of something that is there is documented."""
    return _documented(
        scope,
        operation_id,
        {200: (shown, (*_OF_CHANGING, "ETag"))},
        ("not-found", *_CHANGES, *(_BODY if body else ())),
    )


def upserting(scope: str, shown: type[BaseModel], operation_id: str, *problems: str) -> dict[str, Any]:
    """Return how a statement is documented that creates or changes."""
    headers = (*_OF_CHANGING, "ETag", "Duewell-Outcome")
    answers = {200: (shown, headers), 201: (shown, (*headers, "Location"))}
    return _documented(scope, operation_id, answers, (*_CHANGES, *_BODY, *problems))


def creating(scope: str, shown: type[BaseModel], operation_id: str, *, body: bool = True) -> dict[str, Any]:
    """Return how it is documented that something new is made."""
    problems = ("refused", "in-progress", "key-reused", *(_BODY if body else ()))
    return _documented(scope, operation_id, {201: (shown, (*_OF_CHANGING, "ETag", "Location"))}, problems)


def ordering(scope: str, shown: type[BaseModel], foretold: type[BaseModel], operation_id: str) -> dict[str, Any]:
    """Return how it is documented that work is ordered, which is done later, or foretold."""
    answers = {200: (foretold, _OF_READING), 202: (shown, (*_OF_CHANGING, "ETag", "Location"))}
    return _documented(scope, operation_id, answers, ("refused", "in-progress", "key-reused", *_BODY))


def batching(scope: str, shown: type[BaseModel], operation_id: str) -> dict[str, Any]:
    """Return how a batch is documented."""
    problems = ("refused", "in-progress", "key-reused", *_BODY)
    return _documented(scope, operation_id, {200: (shown, _OF_CHANGING)}, problems)


def deleting(scope: str, operation_id: str) -> dict[str, Any]:
    """Return how it is documented that something goes."""
    return _documented(scope, operation_id, {204: (None, _OF_CHANGING)}, ("not-found", *_CHANGES))


class DocumentedApp(FastAPI):
    """An application whose document says all that can be answered."""

    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        if self.openapi_schema is None:
            self.openapi_schema = _document(self)
        return self.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _, of_problems = models_json_schema(
        [(ProblemBody, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update({name.removesuffix("Body"): schema for name, schema in of_problems["$defs"].items()})
    components["securitySchemes"] = {
        SCHEME: {"type": "http", "scheme": "bearer", "description": "A key, from `duewell api-key create`."}
    }
    components["headers"] = _HEADERS
    components["responses"] = _problem_responses()
    for operations in document["paths"].values():
        for operation in operations.values():
            _put_answers(operation)
    return document


def _documented(
    scope: str,
    operation_id: str,
    answers: Mapping[int, tuple[type[BaseModel] | None, tuple[str, ...]]],
    problems: tuple[str, ...],
) -> dict[str, Any]:
    responses: dict[int, dict[str, Any]] = {}
    for status, (model, headers) in answers.items():
        said = {"description": _SAID[status], "headers": {name: _ref("headers", name) for name in headers}}
        responses[status] = said if model is None else {**said, "model": model}
    return {
        "operation_id": operation_id,
        "responses": responses,
        "response_model": None,
        "status_code": min(answers),
        "openapi_extra": {"security": [{SCHEME: [scope]}], _NOTE: [*_ALWAYS, *problems]},
    }


_SAID = {
    200: "What it looks like.",
    201: "It is new; what it looks like.",
    202: "It is ordered; what it looks like.",
    204: "It is gone.",
    304: "It is as it was.",
}


def _put_answers(operation: dict[str, Any]) -> None:
    problems = operation.pop(_NOTE, None)
    if problems is None:
        return
    operation["responses"].pop("422", None)
    for status in sorted({KINDS[kind][0] for kind in problems}):
        operation["responses"][str(status)] = _ref("responses", f"problem-{status}")
    scopes = operation["security"][0][SCHEME]
    operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scopes[0]}`".strip()


def _problem_responses() -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for kind, (status, _) in KINDS.items():
        by_status.setdefault(status, []).append(kind)
    return {f"problem-{status}": _problem_response(status, kinds) for status, kinds in by_status.items()}


def _problem_response(status: int, kinds: list[str]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if any(kind in ("in-progress", "too-many-requests", "ledger-away") for kind in kinds):
        headers["Retry-After"] = _ref("headers", "Retry-After")
    example = {"type": TYPE + kinds[0], "title": KINDS[kinds[0]][1], "status": status, "detail": "…"}
    return {
        "description": " or ".join(f"{KINDS[kind][1]} (`{TYPE}{kind}`)" for kind in kinds),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": _ref("schemas", "Problem"), "example": example}},
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
