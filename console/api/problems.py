"""What the API answers when it does not do what it was asked: one problem, as in RFC 9457."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from db.engine import LedgerUnavailable
from db.operations.idempotent_requests import InProgress
from db.operations.refusal import Refused

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:duewell:problem:"
AWAY_SECONDS = 5
FAULTS_MAX = 50
log = structlog.get_logger()
# What each kind of problem is called; programs may rely on these words.
KINDS: dict[str, tuple[int, str]] = {
    "not-authenticated": (401, "The request bears no valid key"),
    "scope-missing": (403, "The key may not do this"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This cannot be done here"),
    "refused": (409, "The ledger refuses this"),
    "in-progress": (409, "The same request is being carried out"),
    "has-changed": (412, "It is not any more what you saw"),
    "too-large": (413, "The request is too large"),
    "not-json": (415, "The body is not JSON"),
    "invalid": (422, "The request cannot be read"),
    "key-reused": (422, "The Idempotency-Key belongs to another request"),
    "too-many-requests": (429, "Too many requests"),
    "failed": (500, "Something went wrong here"),
    "ledger-away": (503, "The ledger is away"),
}


class Fault(BaseModel):
    """One thing that is wrong in a request: in its body at a JSON Pointer, or in a parameter."""

    detail: str
    pointer: str | None = Field(None, examples=["/total"])
    parameter: str | None = Field(None, examples=["limit"])


class ProblemBody(BaseModel):
    """A problem, as RFC 9457 has it. `type` never changes its meaning; the texts may."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=[f"{TYPE}refused"])
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class Problem(Exception):
    """The request ends here, with an answer of one of the kinds."""

    def __init__(
        self, kind: str, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.faults = faults
        self.headers = headers or {}

    @property
    def body(self) -> ProblemBody:
        """Return what is said of it."""
        status, title = KINDS[self.kind]
        return ProblemBody(
            type=TYPE + self.kind, title=title, status=status, detail=str(self), errors=list(self.faults)
        )

    @property
    def response(self) -> Response:
        """Return the answer."""
        content = self.body.model_dump_json(exclude_none=True)
        return Response(content, KINDS[self.kind][0], dict(self.headers), MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return what is answered to an error."""
    match error:
        case Problem():
            return error
        case InProgress():
            return Problem("in-progress", str(error), headers={"Retry-After": "1"})
        case Refused():
            return Problem("refused", str(error))
        case LedgerUnavailable():
            # Without its own words: they name servers.
            detail = "nothing was changed; try again in a moment"
            return Problem("ledger-away", detail, headers={"Retry-After": str(AWAY_SECONDS)})
        case RequestValidationError():
            return Problem("invalid", "see the errors", faults_of(error.errors()))
        case HTTPException():
            return _of_status(error)
    return Problem("failed", "the request was not carried out, and the log says why")


def faults_of(errors: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return what the validation found, without the values: they may be long, secret or no text at all."""
    return [_fault(error) for error in errors[:FAULTS_MAX]]


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Let every error be answered by a problem."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.kind == "failed":
            log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
        response = problem.response
        if problem.kind == "method-not-allowed":
            # Each route of a path knows of its own method only.
            response.headers["Allow"] = ", ".join(_methods(routes, request.scope))
        return response

    for kind in (Problem, Refused, LedgerUnavailable, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods of all routes of a path."""
    matching = [one for one in routes if isinstance(one, Route) and one.matches(scope)[0] is not Match.NONE]
    # `/invoices/batch` is a place of its own before it is an invoice of that name.
    exact = [one for one in matching if one.path == scope["path"]]
    return sorted({method for one in exact or matching for method in one.methods or ()})


def _fault(error: Mapping[str, Any]) -> Fault:
    place, *path = error["loc"]
    detail = str(error["msg"]).removeprefix("Value error, ")
    if place != "body":
        return Fault(detail=detail, parameter=str(path[0]) if path else str(place), pointer=None)
    if error["type"] == "json_invalid":
        return Fault(detail=f"no JSON: {error['ctx']['error']}", pointer="", parameter=None)
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return Fault(detail=detail, pointer="".join(f"/{part}" for part in escaped), parameter=None)


def _of_status(error: HTTPException) -> Problem:
    kinds = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "invalid", 422: "invalid"}
    kind = kinds.get(error.status_code, "failed")
    detail = {
        "not-found": "no such address",
        "too-large": "a request has at most 4 MiB; send several",
        "invalid": "the body cannot be read",
    }.get(kind, HTTPStatus(error.status_code).phrase.lower())
    return Problem(kind, detail, headers=error.headers)
