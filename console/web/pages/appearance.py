"""Light or dark: what the browser keeps of how the pages look."""

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from console.web.cookies import YEAR_SECONDS, drop_cookie, keep_cookie
from console.web.guard import open_to_all, page_router
from console.web.local_paths import local_path
from console.web.visit import THEMES, Visiting

router = page_router()


@router.post("/appearance", **open_to_all())
def appearance(visit: Visiting, theme: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:  # noqa: A002
    """Keep the choice, and show the same page again."""
    response = visit.go(local_path(next))
    is_https = visit.web.is_https(visit.request)
    if theme in THEMES and theme != "auto":
        keep_cookie(response, "theme", theme, is_https, YEAR_SECONDS)
    else:
        drop_cookie(response, "theme", is_https)
    return response
