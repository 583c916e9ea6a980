"""Signing in by the organization's own provider."""

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.cookies import drop_cookie, keep_cookie, read_cookie
from console.web.guard import open_to_all, page_router
from console.web.local_paths import HOME, local_path
from console.web.pages.sign_in import let_in, show
from console.web.provider import NotSignedIn, Pending, Provider
from console.web.visit import Visit, Visiting
from intake.sign_in import by_provider

AT_PROVIDER_SECONDS = 600
CALLBACK = "/sign-in/provider/back"
router = page_router()
log = structlog.get_logger()


@router.get("/sign-in/provider", **open_to_all())
def to_provider(visit: Visiting, next: str = HOME) -> Response:  # noqa: A002
    """Send the browser to the provider."""
    provider = _provider(visit)
    try:
        url, pending = provider.begin(visit.web.url_of(visit.request, CALLBACK), local_path(next))
    except NotSignedIn as error:
        return _failed(visit, error, next)
    response = visit.go(url)
    is_https = visit.web.is_https(visit.request)
    keep_cookie(response, "provider", pending.kept(), is_https, AT_PROVIDER_SECONDS)
    return response


@router.get(CALLBACK, **open_to_all())
def from_provider(visit: Visiting, code: str = "", state: str = "", error: str = "") -> Response:
    """Let in whom the provider vouches for, if they are one of us."""
    provider = _provider(visit)
    is_https = visit.web.is_https(visit.request)
    then = HOME
    try:
        pending = Pending.read(read_cookie(visit.request, "provider", is_https))
        then = pending.next
        if error or not code:
            raise NotSignedIn(f"the provider answered {error[:100]!r}")
        redirect_uri = visit.web.url_of(visit.request, CALLBACK)
        email = provider.finish(code, state, pending, redirect_uri, visit.now)
        signed_in = by_provider(visit.web.engine, email, visit.browser, visit.now)
        if signed_in is None:
            raise NotSignedIn("there is no active user with the address that the provider has verified")
    except NotSignedIn as problem:
        response = _failed(visit, problem, then)
    else:
        response = let_in(visit, signed_in, then)
    drop_cookie(response, "provider", is_https)
    return response


def _provider(visit: Visit) -> Provider:
    if visit.web.provider is None:
        raise HTTPException(404)
    return visit.web.provider


def _failed(visit: Visit, error: NotSignedIn, then: str) -> Response:
    # People are told nothing that would help to guess who is a user here; the log has the reason.
    log.warning("a sign-in by the provider failed", address=visit.address, reason=str(error))
    said = visit.text("The provider did not sign you in, or you are no user here. Ask an owner to add you.")
    return show(visit, then, problem=said, status=403)
