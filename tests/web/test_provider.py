"""Signing in by a provider, one that does what it should and ones that do not."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx import Response
from joserfc.jwk import RSAKey

from console.web.provider import Provider as OurSide
from db.engine import Engine
from tests.db.book import Book
from tests.web import provider_server
from tests.web.browser import MEMBER, Browser, browsing, make_team, place_of
from tests.web.provider_server import CLIENT_ID, CLIENT_SECRET, providing

BACK = "/sign-in/provider/back"


@pytest.fixture
def provider() -> Iterator[provider_server.Provider]:
    """A provider that listens."""
    with providing() as running:
        yield running


@pytest.fixture
async def browser(engine: Engine, provider: provider_server.Provider) -> AsyncIterator[Browser]:
    """A browser at pages that know the provider."""
    make_team(engine)
    async with browsing(engine, OurSide(provider.url, CLIENT_ID, CLIENT_SECRET)) as opened:
        yield opened


async def signed_in_by(browser: Browser, provider: provider_server.Provider, **changed: str) -> Response:
    """Go to the provider and back."""
    there = await browser.get("/sign-in/provider?next=/audit")
    assert there.status_code == 303
    assert there.headers["location"].startswith(f"{provider.url}/authorize?")
    brought = provider.authorize(there.headers["location"])
    return await browser.get(f"{BACK}?{urlencode({**brought, **changed})}")


async def test_whom_the_provider_vouches_for_is_let_in(
    browser: Browser, provider: provider_server.Provider, book: Book
) -> None:
    assert "Sign in with your organization" in (await browser.get("/sign-in")).text
    provider.email = "ANA@duewell.example"

    answer = await signed_in_by(browser, provider)

    assert place_of(answer) == "/audit"
    assert (await browser.get("/audit")).status_code == 200
    assert book.one("SELECT details ->> 'how' FROM audit_log") == "provider"
    assert "duewell-provider" not in browser.cookies


async def test_what_the_token_does_not_say_is_asked_for(
    browser: Browser, provider: provider_server.Provider
) -> None:
    provider.tells_by_userinfo = True

    assert place_of(await signed_in_by(browser, provider)) == "/audit"


@pytest.mark.parametrize(
    "said",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"email": "stranger@duewell.example"},
        {"email": ["ana@duewell.example"]},
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["duewell", "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
    ],
)
async def test_a_token_that_does_not_hold_lets_nobody_in(
    browser: Browser, provider: provider_server.Provider, said: dict[str, Any]
) -> None:
    provider.said = said

    _refused(browser, await signed_in_by(browser, provider))


async def test_a_token_of_another_key_or_of_none_lets_nobody_in(
    browser: Browser, provider: provider_server.Provider
) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "k1"})
    _refused(browser, await signed_in_by(browser, provider))
    provider.is_unsigned = True
    _refused(browser, await signed_in_by(browser, provider))


async def test_userinfo_of_somebody_else_lets_nobody_in(
    browser: Browser, provider: provider_server.Provider
) -> None:
    provider.tells_by_userinfo = True
    there = await browser.get("/sign-in/provider")
    brought = provider.authorize(there.headers["location"])
    original = provider.answer

    def of_another(path: str, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        status, said = original(path, form, authorization)
        return status, {**said, "sub": "43"} if path == "/userinfo" else said

    provider.answer = of_another  # type: ignore[method-assign]
    _refused(browser, await browser.get(f"{BACK}?{urlencode(brought)}"))


@pytest.mark.parametrize(
    "changed", [{"state": "x"}, {"state": ""}, {"code": "x"}, {"code": ""}, {"error": "denied"}]
)
async def test_an_answer_to_another_question_lets_nobody_in(
    browser: Browser, provider: provider_server.Provider, changed: dict[str, str]
) -> None:
    _refused(browser, await signed_in_by(browser, provider, **changed))


@pytest.mark.parametrize("kept", [None, "", "x", "bnVsbA==", "eyJzdGF0ZSI6IDF9"])
async def test_an_answer_in_a_browser_that_asked_nothing_lets_nobody_in(
    browser: Browser, provider: provider_server.Provider, kept: str | None
) -> None:
    there = await browser.get("/sign-in/provider")
    brought = provider.authorize(there.headers["location"])
    browser.client.cookies.clear()
    if kept is not None:
        browser.client.cookies.set("duewell-provider", kept)

    _refused(browser, await browser.get(f"{BACK}?{urlencode(brought)}"))


async def test_an_answer_counts_once(browser: Browser, provider: provider_server.Provider) -> None:
    there = await browser.get("/sign-in/provider")
    kept = browser.cookies["duewell-provider"]
    brought = urlencode(provider.authorize(there.headers["location"]))
    assert (await browser.get(f"{BACK}?{brought}")).status_code == 303
    browser.client.cookies.clear()
    browser.client.cookies.set("duewell-provider", kept)

    _refused(browser, await browser.get(f"{BACK}?{brought}"))


async def test_who_was_deactivated_is_not_let_in(
    browser: Browser, provider: provider_server.Provider, book: Book
) -> None:
    book.run("UPDATE users SET is_active = false WHERE email = :email", email=MEMBER)
    provider.email = MEMBER

    _refused(browser, await signed_in_by(browser, provider))


async def test_nobody_is_sent_elsewhere_by_way_of_the_provider(
    browser: Browser, provider: provider_server.Provider
) -> None:
    there = await browser.get("/sign-in/provider?next=//evil.example")
    brought = provider.authorize(there.headers["location"])

    assert place_of(await browser.get(f"{BACK}?{urlencode(brought)}")) == "/"


async def test_a_provider_that_is_away_is_said(engine: Engine) -> None:
    make_team(engine)
    async with browsing(engine, OurSide("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)) as browser:
        _refused(browser, await browser.get("/sign-in/provider"))
        assert (await browser.sign_in()).status_code == 303, "passwords go on working"


async def test_without_a_provider_there_is_no_way_to_it(engine: Engine) -> None:
    async with browsing(engine) as browser:
        assert (await browser.get("/sign-in/provider")).status_code == 404
        assert (await browser.get(f"{BACK}?code=x&state=y")).status_code == 404


async def test_the_way_back_is_the_public_address(engine: Engine, provider: provider_server.Provider) -> None:
    ours = OurSide(provider.url, CLIENT_ID, CLIENT_SECRET)
    async with browsing(engine, ours, public_url="https://duewell.example") as browser:
        there = await browser.get("/sign-in/provider")

    asked = parse_qs(urlsplit(there.headers["location"]).query)
    assert asked["redirect_uri"] == [f"https://duewell.example{BACK}"]


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "", "ftp://localhost", "file:///etc"])
def test_a_provider_whose_answers_anybody_could_write_is_none(issuer: str) -> None:
    with pytest.raises(ValueError, match="OIDC_ISSUER"):
        OurSide(issuer, CLIENT_ID, CLIENT_SECRET)


def _refused(browser: Browser, answer: Response) -> None:
    assert answer.status_code == 403
    assert "did not sign you in" in answer.text
    assert "duewell-session" not in browser.cookies
