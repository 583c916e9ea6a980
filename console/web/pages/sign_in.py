"""Signing in by password, and out."""

import math
from typing import Annotated

import structlog
from fastapi import Form
from starlette.responses import Response

from console.web.cookies import YEAR_SECONDS, drop_cookie, keep_cookie, read_cookie
from console.web.guard import SIGN_IN, needs, open_to_all, page_router
from console.web.known_browsers import known_as, mark_of
from console.web.local_paths import HOME, local_path
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.queries.access import Role, account_named, somebody_has_a_password
from intake import sign_in as signing_in
from intake.sign_in import SignedIn

router = page_router()
log = structlog.get_logger()


@router.get(SIGN_IN, **open_to_all())
def sign_in_page(visit: Visiting, next: str = HOME, ended: str | None = None) -> Response:  # noqa: A002
    """Ask who it is."""
    if visit.visitor is not None:
        return visit.go(local_path(next))
    said = visit.text("You were signed out. Sign in to go on where you were.") if ended else None
    return show(visit, next, notice=said)


@router.post(SIGN_IN, **open_to_all())
def sign_in(
    visit: Visiting,
    email: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = HOME,  # noqa: A002
) -> Response:
    """Let in whoever has the password, and say of nobody else what was wrong."""
    web, named = visit.web, email.strip()
    with transaction(web.engine) as session:
        account = account_named(session, named)
    browser = known_as(read_cookie(visit.request, "browser", web.is_https(visit.request)), account)
    wait_seconds = web.attempts.begin(visit.address, named, browser)
    if wait_seconds is not None:
        log.warning("too many attempts to sign in", address=visit.address)
        minutes = math.ceil(wait_seconds / 60)
        said = visit.text("Too many attempts. Try again in %(minutes)s min.", minutes=minutes)
        response = show(visit, next, named, problem=said, status=429)
        response.headers["Retry-After"] = str(math.ceil(wait_seconds))
        return response
    signed_in = signing_in.by_password(web.engine, named, password, visit.browser, visit.now)
    if signed_in is None:
        log.warning("a sign-in failed", address=visit.address)
        said = visit.text("The address or the password is not right.")
        return show(visit, next, named, problem=said, status=422)
    web.attempts.succeeded(visit.address, named, browser)
    return let_in(visit, signed_in, next)


@router.post("/signed-in", **needs(Role.MEMBER))
def is_signed_in() -> Response:
    """Say that a form would be taken now; to anybody else its guard answers as to a form (`static/sending.js`)."""
    return Response(status_code=204)


@router.post("/sign-out", **needs(Role.MEMBER))
def sign_out(visit: Visiting) -> Response:
    """End the session, in the ledger and in the browser."""
    signing_in.sign_out(visit.web.engine, visit.user, visit.address or None)
    response = visit.go(SIGN_IN, said=visit.text("You are signed out."))
    drop_cookie(response, "session", visit.web.is_https(visit.request))
    return response


def let_in(visit: Visit, signed_in: SignedIn, then: str) -> Response:
    """Send the browser on, with the token by which it is known from now on."""
    response = visit.go(local_path(then))
    is_https = visit.web.is_https(visit.request)
    keep_cookie(response, "session", signed_in.token, is_https)
    if (mark := mark_of(signed_in.account)) is not None:
        keep_cookie(response, "browser", mark, is_https, YEAR_SECONDS)
    return response


def show(
    visit: Visit,
    then: str,
    email: str = "",
    *,
    notice: str | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """Show the form."""
    with transaction(visit.web.engine) as session:
        has_anybody = somebody_has_a_password(session)
    return visit.page(
        "pages/sign_in.html",
        status=status,
        next=local_path(then),
        email=email,
        notice=notice,
        problem=problem,
        has_anybody=has_anybody,
        has_provider=visit.web.provider is not None,
    )
