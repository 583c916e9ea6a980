"""Who may see which page: each route says in one place which role it needs, or that anybody may come."""

from collections.abc import Callable, Coroutine
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive

from console.web.local_paths import HOME, local_path, path_of
from console.web.security import SAFE_METHODS, is_forged
from console.web.visit import Visit, token_of, visit_of
from db.queries.access import Role

SIGN_IN = "/sign-in"
BODY_BYTES_MAX = 256 * 1024
_NEEDS = "needs"
_BODY = "body"


class Forged(Exception):
    """The request was caused by a page that is not ours."""


class NotAllowed(Exception):
    """The visitor's role may not do this."""

    def __init__(self, needed: Role) -> None:
        super().__init__(f"this needs the role {needed}")
        self.needed = needed


def needs(role: Role, body_bytes_max: int = BODY_BYTES_MAX) -> dict[str, Any]:
    """Declare that a route is for users with the role, or one that may do more."""
    return {"openapi_extra": {_NEEDS: role, _BODY: body_bytes_max}}


def open_to_all() -> dict[str, Any]:
    """Declare that a route is for anybody."""
    return {"openapi_extra": {_NEEDS: None, _BODY: BODY_BYTES_MAX}}


class PageRoute(APIRoute):
    """A route that lets pass who may."""

    @property
    def needed(self) -> Role | None:
        """Return the role that the route needs; None is for anybody. Raises KeyError if it does not say."""
        return cast(Role | None, (self.openapi_extra or {})[_NEEDS])

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers requests."""
        answer = super().get_route_handler()
        needed, bytes_max = self.needed, (self.openapi_extra or {})[_BODY]

        async def guarded(request: Request) -> Response:
            if is_forged(request.method, request.headers):
                raise Forged
            visit = await visit_of(request)
            if needed is not None:
                if visit.visitor is None:
                    return _to_sign_in(visit)
                if not visit.visitor.role.may_act_as(needed):
                    raise NotAllowed(needed)
            limited = Request(request.scope, _limited(request.receive, bytes_max))
            await _require_text(limited)
            return await answer(limited)

        return guarded


def page_router() -> APIRouter:
    """Return a router for the pages of one subject."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def _to_sign_in(visit: Visit) -> Response:
    """Send somebody to sign in, and from there back to where they wanted to go.

    What a page asks while somebody writes is answered above it, so that what is written stays.
    """
    request = visit.request
    if visit.seen is not None:
        # The page that asks says so itself: somebody may have typed something there.
        return Response(status_code=401)
    is_htmx = "hx-request" in request.headers
    is_looking = request.method in SAFE_METHODS
    if is_htmx:
        back = path_of(request.headers.get("hx-current-url"))
    elif is_looking:
        back = local_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    else:
        # A form cannot be sent again from the sign-in page; the page that it stood on can be shown again.
        back = path_of(request.headers.get("referer"))
    asked = {"next": back} if back != HOME else {}
    # Forms, and parts that htmx asks for, come from pages that somebody got to by signing in.
    if token_of(request) is not None or is_htmx or not is_looking:
        asked["ended"] = "1"
    path = f"{SIGN_IN}?{urlencode(asked)}" if asked else SIGN_IN
    response: Response
    if not is_htmx:
        response = RedirectResponse(path, 303)
    elif is_looking:
        # htmx would put the sign-in page where a part of this one was meant to be.
        response = Response(status_code=401, headers={"HX-Redirect": path})
    else:
        response = visit.page("signed_out_said.html", status=401, sign_in=path)
        # Said again at the next word, it is the same element, and is not read out again.
        response.headers.update({"HX-Retarget": "#said", "HX-Reswap": "innerMorph"})
    # The browser keeps its token, which opens nothing: to drop it here would drop the new one of somebody who has
    # signed in again in another tab meanwhile.
    return response


async def _require_text(request: Request) -> None:
    """Refuse what no text of the ledger can hold. Raises HTTPException."""
    given = [request.url.path, *request.query_params.values()]
    if request.method not in SAFE_METHODS:
        given += [value for _, value in (await request.form()).multi_items() if isinstance(value, str)]
    if any("\0" in text for text in given):
        raise HTTPException(422)


def _limited(receive: Receive, bytes_max: int) -> Receive:
    left = bytes_max

    async def limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return limited
