"""What holds for every page: its headers, who may see it, from where it may be changed, and its faults."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from psycopg import OperationalError
from sqlalchemy import event

from console.web.app import PAGES
from console.web.guard import PageRoute, page_router
from console.web.languages import CATALOGUES
from console.web.local_paths import local_path
from console.web.navigation import ENTRIES
from console.web.security import CONTENT_SECURITY_POLICY, SAFE_METHODS
from db.engine import Engine
from db.queries.access import Role
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, browsing, make_team, place_of

OPEN = {"/sign-in", "/sign-in/provider", "/sign-in/provider/back", "/appearance"}


def routes() -> Iterator[PageRoute]:
    """Give every route of every page."""
    for page in PAGES:
        for route in page.router.routes:
            assert isinstance(route, PageRoute), route
            yield route


def test_every_route_says_which_role_it_needs() -> None:
    assert {route.path for route in routes() if route.needed is None} == OPEN
    assert all(isinstance(route.needed, Role) for route in routes() if route.path not in OPEN)


def test_every_module_of_pages_is_served() -> None:
    pages = CATALOGUES.parent / "pages"
    modules = {
        ".".join(path.relative_to(pages).with_suffix("").parts)
        for path in pages.rglob("*.py")
        if "page_router()" in path.read_text()
    }

    assert {route.endpoint.__module__.removeprefix("console.web.pages.") for route in routes()} == modules


def test_a_route_without_a_role_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        page_router().get("/anything")(lambda: None)


async def test_a_signed_out_visitor_gets_to_no_page_that_needs_a_role(browser: Browser) -> None:
    for route in routes():
        if route.needed is None:
            continue
        path = re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
        for method in route.methods or ():
            answer = await (browser.get(path) if method == "GET" else browser.post(path))
            assert answer.status_code == 303, path
            assert place_of(answer).startswith("/sign-in"), path


@pytest.mark.parametrize("email", [MEMBER, ADMIN, OWNER])
async def test_each_role_sees_its_pages_and_no_others(browser: Browser, email: str) -> None:
    role = {MEMBER: Role.MEMBER, ADMIN: Role.ADMIN, OWNER: Role.OWNER}[email]
    await browser.sign_in(email)

    for route in routes():
        if route.needed is None or "{" in route.path or route.methods != {"GET"}:
            continue
        answer = await browser.get(route.path)
        may = role.may_act_as(route.needed)
        # What a page must be told, an invoice perhaps, is asked for once it is known who asks.
        assert answer.status_code in ((200, 303, 422) if may else (403,)), route.path
    shown = (await browser.get("/account")).text
    for entry in ENTRIES:
        assert (f'href="{entry.path}"' in shown) == role.may_act_as(entry.role)


async def test_every_change_is_refused_unless_the_browser_says_it_comes_from_here(browser: Browser) -> None:
    await browser.sign_in()
    forgeries: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://pages.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://pages.example.evil.example"},
        {"Origin": "http://[bad"},
        {"Origin": "http://pages.example@evil.example"},
        {},
    ]
    for route in routes():
        if (route.methods or set()) <= SAFE_METHODS:
            continue
        path = re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
        # One guard stands before all of them: one route sees every forgery, the others see that it is there.
        for headers in forgeries if route.path == "/appearance" else forgeries[:1]:
            answer = await browser.client.post(path, data={"theme": "dark"}, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "This was not done" in answer.text
    assert (await browser.get("/account")).status_code == 200, "nobody was signed out by a forged form"


async def test_plain_http_browsers_are_known_by_their_origin(browser: Browser) -> None:
    answer = await browser.client.post(
        "/appearance", data={"theme": "dark"}, headers={"Origin": "http://pages.example"}
    )

    assert answer.status_code == 303


async def test_every_answer_bears_the_headers(engine: Engine, book: Book) -> None:
    make_team(engine)
    async with browsing(engine) as browser:
        answers = [await browser.get("/sign-in"), await browser.get("/"), await browser.get("/nothing")]
        answers += [await browser.client.post("/appearance"), await browser.client.put("/account")]
        await browser.sign_in()
        answers += [await browser.get("/account"), await browser.get("/audit?before=x")]
        style = re.findall(r'href="(/static/[^"]+\.css)"', answers[0].text)
        answers.append(await browser.get(style[0]))
        book.run("ALTER TABLE audit_log RENAME TO elsewhere")
        try:
            answers.append(await browser.get("/audit"))
        finally:
            book.run("ALTER TABLE elsewhere RENAME TO audit_log")

    assert [answer.status_code for answer in answers] == [200, 303, 404, 403, 405, 200, 422, 200, 500]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers if answer is not answers[7])
    assert "immutable" in answers[7].headers["cache-control"]
    assert "elsewhere" not in answers[-1].text
    assert "audit_log" not in answers[-1].text


async def test_with_https_cookies_are_for_this_host_alone(engine: Engine) -> None:
    make_team(engine)
    async with browsing(engine, public_url="https://pages.example", base_url="http://inside:8000") as browser:
        answer = await browser.sign_in()

    assert answer.headers["strict-transport-security"].startswith("max-age=")
    kept = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    assert len(kept) == 2
    for cookie in kept:
        assert cookie.startswith("__Host-duewell-")
        assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
        assert "Domain" not in cookie


def test_no_template_has_scripts_or_styles_of_its_own() -> None:
    """The policy would forbid them: a page would look broken, and only in a browser."""
    for path in (CATALOGUES.parent / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|hx-on|javascript:|\|safe", text), (
            path
        )
        assert not re.search(r"(?:src|href|action)=\"https?:", text), path


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/" + "a" * 3000,
        "/é",
        " /a",
    ],
)
async def test_nobody_is_sent_elsewhere(browser: Browser, address: str) -> None:
    assert local_path(address) == "/"
    shown = await browser.get(f"/sign-in?{urlencode({'next': address})}")
    assert 'name="next" value="/"' in shown.text
    answer = await browser.sign_in(then=address)
    assert place_of(answer) == "/"
    assert "x=1" not in str(answer.headers)
    assert place_of(await browser.get(f"/sign-in?{urlencode({'next': address})}")) == "/"
    assert place_of(await browser.post("/appearance", {"theme": "dark", "next": address})) == "/"


async def test_one_comes_back_to_where_one_wanted(browser: Browser) -> None:
    asked = await browser.get("/audit?who=ana%40duewell.example&what=signed+in")
    assert place_of(asked) == "/sign-in?next=%2Faudit%3Fwho%3Dana%2540duewell.example%26what%3Dsigned%2Bin"

    answer = await browser.sign_in(then="/audit?who=ana%40duewell.example&what=signed+in")

    assert place_of(answer) == "/audit?who=ana%40duewell.example&what=signed+in"
    assert (await browser.get(place_of(answer))).status_code == 200


async def test_a_part_of_a_signed_out_page_leads_the_whole_page_to_sign_in(browser: Browser) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://pages.example/audit?what=signed+in"}
    answer = await browser.get("/audit?what=x", headers)

    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Faudit%3Fwhat%3Dsigned%2Bin&ended=1"
    assert "You were signed out" in (await browser.get(answer.headers["hx-redirect"])).text
    elsewhere = await browser.get("/audit", {**HTMX, "HX-Current-URL": "http://evil.example//evil.example/x"})
    assert elsewhere.headers["hx-redirect"] == "/sign-in?ended=1"


async def test_who_sends_a_form_from_a_page_that_was_signed_out_is_told_so(browser: Browser) -> None:
    answer = await browser.post("/actions/7/complete", {}, {"Referer": "http://pages.example/actions?open=7"})

    assert place_of(answer) == "/sign-in?next=%2Factions%3Fopen%3D7&ended=1"


async def test_what_is_asked_while_one_writes_leaves_a_signed_out_page_and_what_is_written_in_place(
    browser: Browser,
) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://pages.example/actions?open=7"}
    answer = await browser.post("/actions/preview", {"body": "half a sentence"}, headers)

    assert answer.status_code == 401
    assert "hx-redirect" not in answer.headers
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#said", "innerMorph")
    assert "You were signed out" in answer.text
    assert 'href="/sign-in?next=%2Factions%3Fopen%3D7&amp;ended=1" target="_blank"' in answer.text
    assert "<html" not in answer.text


async def test_faults_of_parts_are_said_above_the_page(browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    answer = await browser.get("/audit", HTMX)

    assert answer.status_code == 403
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#said", "innerHTML")
    assert "<html" not in answer.text


async def test_what_is_too_large_is_refused(browser: Browser) -> None:
    answer = await browser.post("/sign-in", {"email": "x" * 400_000, "password": "x"})

    assert answer.status_code == 413


async def test_what_no_text_of_the_ledger_can_hold_is_refused(browser: Browser) -> None:
    assert (await browser.sign_in("a\0b@duewell.example")).status_code == 422
    await browser.sign_in()
    assert (await browser.get("/audit?who=%00")).status_code == 422
    assert (await browser.post("/account/profile", {"name": "a\0b"})).status_code == 422
    assert (await browser.get("/audit%00")).status_code == 404


async def test_while_the_ledger_is_away_a_page_says_so(engine: Engine) -> None:
    make_team(engine)
    async with browsing(engine) as browser:
        await browser.sign_in()

        def away(*_: object) -> None:
            raise OperationalError("connection refused at 10.0.0.7")

        event.listen(engine, "before_cursor_execute", away)
        try:
            answer = await browser.get("/audit")
        finally:
            event.remove(engine, "before_cursor_execute", away)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "10.0.0.7" not in answer.text


async def test_files_are_found_by_what_is_in_them(browser: Browser) -> None:
    path = browser.web.assets.path("duewell.js")
    answer = await browser.get(path)

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    for wrong in ("/static/0000000000000000/duewell.js", "/static/../app.py", "/static/", "/static/%2e%2e/app.py"):
        assert (await browser.get(wrong)).status_code == 404


def test_what_is_vendored_comes_with_its_licence() -> None:
    vendor = CATALOGUES.parent / "static" / "vendor"
    for file in vendor.glob("*.min.*"):
        name = file.name.partition("-")[0]
        assert list(vendor.glob(f"{name}-LICENSE*")), file


async def test_light_and_dark_stay_chosen(browser: Browser) -> None:
    await browser.post("/appearance", {"theme": "dark"})
    assert 'data-theme="dark"' in (await browser.get("/sign-in")).text
    await browser.post("/appearance", {"theme": '"><script>'})
    assert "data-theme" not in (await browser.get("/sign-in")).text
