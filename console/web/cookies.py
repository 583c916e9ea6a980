"""The cookies: which there are, what they are called, and that no script and no other site gets at them."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

Name = Literal["session", "said", "browser", "provider", "theme"]
YEAR_SECONDS = 365 * 24 * 3600


def name_of(name: Name, is_https: bool) -> str:
    """Return what a cookie is called: with https, by a name that no other host of the domain can set."""
    return f"__Host-duewell-{name}" if is_https else f"duewell-{name}"


def read_cookie(request: Request, name: Name, is_https: bool) -> str | None:
    """Return what the browser has kept."""
    return request.cookies.get(name_of(name, is_https))


def keep_cookie(response: Response, name: Name, value: str, is_https: bool, seconds: int | None = None) -> None:
    """Let the browser keep a value, until it is closed or for so long."""
    response.set_cookie(
        name_of(name, is_https), value, max_age=seconds, path="/", secure=is_https, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: Name, is_https: bool) -> None:
    """Let the browser forget a value."""
    response.delete_cookie(name_of(name, is_https), path="/", secure=is_https, httponly=True, samesite="lax")
