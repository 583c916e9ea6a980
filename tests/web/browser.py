"""A browser as far as requests go: it keeps cookies, and says where its requests come from."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient, Response

from console.api.service import Processes
from console.web.app import Site, make_web
from console.web.assets import Assets
from console.web.provider import Provider
from console.web.service import Web
from console.web.templating import Templates
from db.engine import Engine, transaction
from db.operations.access import set_password_hash, set_role
from db.operations.people import add_user
from db.queries.access import Role, account_named
from intake import passwords
from tests.api.temporal_away import nowhere

PASSWORD = "three small words"
OWNER, ADMIN, MEMBER = "ana@duewell.example", "ada@duewell.example", "max@duewell.example"
TEAM = {OWNER: ("Ana Lima", Role.OWNER), ADMIN: ("Ada Boss", Role.ADMIN), MEMBER: ("Max Doe", Role.MEMBER)}
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass(frozen=True)
class Browser:
    """Goes to pages and sends forms as browsers do."""

    client: AsyncClient
    web: Web

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """Go to a page."""
        return await self.client.get(path, headers=dict(headers or {}))

    async def post(
        self,
        path: str,
        form: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a form from a page of the same site."""
        given = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
        return await self.client.post(path, data=dict(form or {}), headers=given)

    async def sign_in(self, email: str = OWNER, password: str = PASSWORD, then: str = "/") -> Response:
        """Sign in."""
        return await self.post("/sign-in", {"email": email, "password": password, "next": then})

    @property
    def cookies(self) -> Mapping[str, str]:
        """Return what the browser keeps."""
        return dict(self.client.cookies)


# Read and compiled once for all tests of a process, which change neither.
TEMPLATES, ASSETS = Templates(), Assets()


@cache
def _kept_by(hasher: PasswordHasher) -> str:
    # Some tests keep passwords at their full price, and some at a thousandth of it.
    assert hasher is passwords._HASHER
    return passwords.hash_of(PASSWORD)


def make_team(engine: Engine) -> None:
    """Add the three users, who all have the same password."""
    with transaction(engine) as session:
        for email, (name, role) in TEAM.items():
            add_user(session, email, name)
            set_role(session, email, role)
            account = account_named(session, email)
            assert account is not None
            set_password_hash(session, account.id, _kept_by(passwords._HASHER))


@asynccontextmanager
async def browsing(
    engine: Engine,
    provider: Provider | None = None,
    public_url: str | None = None,
    base_url: str = "http://pages.example",
    web: Web | None = None,
) -> AsyncIterator[Browser]:
    """Open the pages to a browser."""
    web = web or Web(engine, Processes(nowhere), provider, public_url, assets=ASSETS, templates=TEMPLATES)

    async def no_api(scope: object, receive: object, send: object) -> None:
        raise AssertionError("this path is the API's")

    transport = ASGITransport(app=Site(no_api, make_web(web)), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=base_url) as client:
        yield Browser(client, web)


def place_of(response: Response) -> str:
    """Return where an answer sends the browser: path and query."""
    parts = urlsplit(response.headers["location"])
    assert not parts.netloc, response.headers["location"]
    return parts.path + (f"?{parts.query}" if parts.query else "")
