"""A visit: one request to a page, who makes it, and how it is answered."""

import base64
import binascii
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.web.cookies import drop_cookie, keep_cookie, read_cookie
from console.web.languages import Reader, offered, reader_for
from console.web.navigation import entries_for
from console.web.phrases import in_words
from console.web.service import Web, web_of
from console.web.watching import fingerprints_in, seen_by
from console.web.work import Work, working
from db.operations.audit import Acting
from db.operations.refusal import Refused
from db.queries.access import Visitor
from intake.sign_in import Browser, visitor_with

THEMES = ("auto", "light", "dark")
_SAID_SECONDS = 60
_TOKEN_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One request; without a visitor, of somebody who is not signed in."""

    request: Request
    web: Web
    visitor: Visitor | None
    reader: Reader

    @property
    def user(self) -> Visitor:
        """Return who is signed in, on a page that only they get to."""
        assert self.visitor is not None, "the route needs a role"
        return self.visitor

    @property
    def now(self) -> datetime:
        """Return the moment."""
        return datetime.now(UTC)

    @property
    def is_partial(self) -> bool:
        """Say whether htmx asks for a part of the page."""
        return self.request.headers.get("hx-request-type") == "partial"

    @property
    def seen(self) -> list[str] | None:
        """Return what the open page shows that asks whether it is still so; None if a person asks."""
        return seen_by(self.request)

    @property
    def address(self) -> str:
        """Return where the request comes from."""
        return self.request.client.host if self.request.client is not None else ""

    @property
    def browser(self) -> Browser:
        """Return what makes the request."""
        return Browser(self.address or None, self.request.headers.get("user-agent"), token_of(self.request))

    def text(self, message: str, /, **values: object) -> str:
        """Return a message in the reader's language."""
        return self.reader.text(message, **values)

    def said(self, told: Exception | str) -> str:
        """Return in the reader's language why something was refused, or another line of the ledger."""
        return in_words(self.reader, told.said if isinstance(told, Refused) else str(told))

    def work(self) -> AbstractContextManager[Work]:
        """Open a transaction for orders of the visitor. Raises Refused and LedgerUnavailable."""
        acting = Acting(self.user.email, self.user.user_id, self.address or None)
        return working(self.web.engine, self.web.processes, acting)

    def page(self, template: str, part: str | None = None, status: int = 200, **values: Any) -> Response:
        """Answer with a page, or with its part if htmx asks for that; with nothing if it is as it was seen."""
        is_part = part is not None and self.is_partial
        seen = self.seen
        said = None if is_part or seen is not None else self._said()
        frame = self._frame(said)
        assert not frame.keys() & values.keys(), "the frame around all pages has these names"
        shown = self.web.templates.render(
            part if is_part and part is not None else template, self.reader, {**frame, **values}
        )
        if status == 200 and seen is not None and fingerprints_in(shown) == seen:
            return Response(status_code=204)
        response = HTMLResponse(shown, status, headers={"Vary": "HX-Request-Type, Cookie, Accept-Language"})
        if said is not None:
            drop_cookie(response, "said", self.web.is_https(self.request))
        return response

    def go(self, path: str, said: str | None = None) -> Response:
        """Send the browser on, where it shows what was said."""
        response: Response
        if "hx-request" in self.request.headers:
            response = Response(status_code=200, headers={"HX-Redirect": path})
        else:
            response = RedirectResponse(path, 303)
        if said is not None:
            self.say(response, said)
        return response

    def say(self, response: Response, said: str) -> None:
        """Let the next page show a message."""
        kept = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        keep_cookie(response, "said", kept, self.web.is_https(self.request), _SAID_SECONDS)

    def _frame(self, said: str | None) -> dict[str, Any]:
        path = self.request.url.path
        return {
            "visit": self,
            "visitor": self.visitor,
            "asset": self.web.assets.path,
            "menu": entries_for(self.visitor.role) if self.visitor is not None else (),
            "path": path,
            "here": path + (f"?{self.request.url.query}" if self.request.url.query else ""),
            "said": said,
            "theme": self.theme,
            "locales": offered(self.reader),
        }

    @property
    def theme(self) -> str:
        """Return how the pages look: light, dark, or as the system has it."""
        kept = read_cookie(self.request, "theme", self.web.is_https(self.request))
        return kept if kept in THEMES else "auto"

    def _said(self) -> str | None:
        kept = read_cookie(self.request, "said", self.web.is_https(self.request))
        if kept is None:
            return None
        try:
            said = json.loads(base64.urlsafe_b64decode(kept.encode()))
        except (ValueError, binascii.Error):
            return ""
        return said if isinstance(said, str) else ""


def token_of(request: Request) -> str | None:
    """Return the token of the session that the browser was in last."""
    token = read_cookie(request, "session", web_of(request).is_https(request))
    return token if token and len(token) <= _TOKEN_CHARACTERS_MAX and token.isascii() else None


async def visit_of(request: Request) -> Visit:
    """Return the visit, whoever makes it. Raises LedgerUnavailable."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known is None:
        web, token = web_of(request), token_of(request)
        visitor = None
        if token is not None:
            # A page that looks by itself keeps nobody signed in.
            is_person = seen_by(request) is None
            visitor = await run_in_threadpool(visitor_with, web.engine, token, datetime.now(UTC), is_person)
        known = request.state.visit = visit_by(request, visitor)
    return known


def visit_by(request: Request, visitor: Visitor | None) -> Visit:
    """Return the visit of a visitor."""
    accepted = request.headers.get("accept-language")
    if visitor is None:
        return Visit(request, web_of(request), None, reader_for(None, accepted, ZoneInfo("UTC")))
    return Visit(request, web_of(request), visitor, reader_for(visitor.locale, accepted, visitor.time_zone))


Visiting = Annotated[Visit, Depends(visit_of)]
