"""What people see when a page is not there, not for them, or not to be had now."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.web.guard import Forged, NotAllowed
from console.web.visit import Visit, visit_by, visit_of
from console.web.words import N_
from db.engine import LedgerUnavailable
from db.operations.refusal import Refused

AWAY_SECONDS = 5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no page: its status, a title, what it means, and what may be done."""

    status: int
    title: str
    text: str
    detail: str = ""


FORGED = Fault(
    403,
    N_("This was not done"),
    N_("The request came from another page, or the browser did not say from which. Open the page and try again."),
)
NOT_ALLOWED = Fault(
    403,
    N_("This page is not for your role"),
    N_("Your role does not include it. An owner can give you another role."),
)
NOT_FOUND = Fault(404, N_("There is nothing here"), N_("The address may be mistyped, or what was here is gone."))
NOT_SO = Fault(405, N_("This cannot be done here"), N_("Go back and use the buttons of the page."))
UNREADABLE = Fault(
    422,
    N_("This could not be read"),
    N_("Something in the form or the address has no meaning here. Go back and try again."),
)
TOO_LARGE = Fault(413, N_("This is too large"), N_("The form or file is larger than this page takes."))
REFUSED = Fault(409, N_("This was not done"), N_("Nothing was changed, because:"))
AWAY = Fault(503, N_("The ledger is away for a moment"), N_("Nothing was changed. Try again in a few seconds."))
FAILED = Fault(
    500, N_("Something went wrong here"), N_("Nothing more was done. The log has the reason, under this number:")
)
_BY_STATUS = {403: NOT_ALLOWED, 404: NOT_FOUND, 405: NOT_SO, 413: TOO_LARGE, 400: UNREADABLE, 422: UNREADABLE}


def fault_of(error: Exception) -> Fault:
    """Return what is shown of an error."""
    match error:
        case Forged():
            return FORGED
        case NotAllowed():
            return NOT_ALLOWED
        case Refused():
            return Fault(REFUSED.status, REFUSED.title, REFUSED.text, error.said)
        case LedgerUnavailable():
            return AWAY
        case RequestValidationError():
            return UNREADABLE
        case HTTPException(status_code=status) if status in _BY_STATUS:
            return _BY_STATUS[status]
    return Fault(FAILED.status, FAILED.title, FAILED.text, secrets.token_hex(4))


def answer_with(visit: Visit, fault: Fault) -> Response:
    """Show a fault as a page; htmx gets it as a message above the page, which stays as it is."""
    if visit.is_partial or "hx-request" in visit.request.headers:
        response = visit.page("fault_said.html", status=fault.status, fault=fault)
        response.headers["HX-Retarget"] = "#said"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    return visit.page("fault.html", status=fault.status, fault=fault)


def install(app: FastAPI) -> None:
    """Let every error be answered by a page."""
    handler = _handler()
    for kind in (Forged, NotAllowed, Refused, LedgerUnavailable, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handler)


def _handler() -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        fault = fault_of(error)
        if fault.status == FAILED.status:
            log.error(
                "a page failed", number=fault.detail, method=request.method, path=request.url.path, exc_info=error
            )
        try:
            response = answer_with(await _visit(request), fault)
        except Exception as another:  # What fails while a failure is shown must not hide it.
            log.error("an error page failed", exc_info=another)
            response = PlainTextResponse(f"{fault.title} {fault.detail}".strip(), fault.status)
        if isinstance(error, LedgerUnavailable):
            response.headers["Retry-After"] = str(AWAY_SECONDS)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    return answer


async def _visit(request: Request) -> Visit:
    try:
        return await visit_of(request)
    except LedgerUnavailable:
        return visit_by(request, None)
