"""A real browser at a real server: what requests alone do not show."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from httpx import AsyncClient
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

from db.engine import make_engine
from devstack.postgres import EmbeddedPostgres
from intake.commands import Desk
from tests.db.databases import a_copy_of
from tests.web.browser import ADMIN, MEMBER, OWNER, PASSWORD, make_team
from tests.web.served import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NARROW, WIDE = 360, 1600
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
    pytest.mark.timeout(180),
]


@dataclass
class Opened:
    """A page of a browser, where the server is, and what the browser complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note what the browser complains of; an answer that is an error by design is none."""

        def heard(message: ConsoleMessage) -> None:
            if (
                message.type in ("error", "warning")
                and "the server responded with a status of" not in message.text
            ):
                self.complaints.append(message.text)

        self.page.on("console", heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def sign_in(self, email: str = OWNER) -> None:
        """Sign in by keyboard alone, on the page that asks for it."""
        await expect(self.page.get_by_label("E-mail address")).to_be_focused()
        await self.page.keyboard.type(email)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")

    async def overflow(self) -> int:
        """Return how many pixels the page is wider than the window."""
        found: int = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return found


@pytest.fixture(scope="module")
def served(template: str, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of `duewell serve` as a process of its own, on a ledger with a team."""
    del postgres
    with a_copy_of(template) as database_url:
        engine = make_engine(database_url)
        make_team(engine)
        Desk(engine, "setup").set_role(MEMBER, "admin")
        Desk(engine, "setup").set_role(MEMBER, "member")
        Desk(engine, "setup").set_locale(MEMBER, "fr-FR")
        engine.dispose()
        with serving(database_url, tmp_path_factory.mktemp("served")) as url:
            yield url


@pytest.fixture(params=[NARROW, WIDE], ids=["360", "1600"])
async def opened(request: pytest.FixtureRequest, served: str) -> AsyncIterator[Opened]:
    """A browser window, narrow or wide, that complains of nothing."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        size = {"width": request.param, "height": 900}
        page = await chromium.new_page(viewport=size, locale="en-GB")  # type: ignore[arg-type]
        window = Opened(page, served)
        window.listen()
        yield window
        await chromium.close()
        assert window.complaints == []


async def test_the_pages_work_in_a_narrow_and_in_a_wide_window(opened: Opened) -> None:
    page = opened.page
    await page.goto(f"{opened.url}/audit?who=setup")
    assert await opened.overflow() <= 0
    await opened.sign_in()

    await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    assert page.url.endswith("/audit?who=setup")
    await expect(page.locator("#entries tbody tr")).to_have_count(3)
    assert await opened.overflow() <= 0
    await page.get_by_label("What").select_option("role changed")
    await expect(page.locator("#entries tbody tr")).to_have_count(2)
    await page.wait_for_url("**/audit?who=setup&what=role+changed")
    await page.go_back()
    await expect(page.locator("#entries tbody tr")).to_have_count(3)

    menu = page.get_by_role("button", name="Menu")
    if await menu.is_visible():
        await expect(page.get_by_role("link", name="Audit log")).to_be_hidden()
        await menu.click()
    await page.locator("details.user summary").click()
    await page.get_by_role("link", name="My account").click()
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    assert await opened.overflow() <= 0
    await page.get_by_label("Name").fill("Ana Maria Lima")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#said")).to_have_text("Your account is saved.")


async def test_the_keyboard_gets_everywhere_and_dark_stays_dark(opened: Opened) -> None:
    page = opened.page
    await page.emulate_media(color_scheme="light")
    await page.goto(f"{opened.url}/account")
    await opened.sign_in(ADMIN)
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    menu = page.get_by_role("button", name="Menu")
    if await menu.is_visible():
        await menu.focus()
        await page.keyboard.press("Enter")
        await expect(menu).to_have_attribute("aria-expanded", "true")
    await page.locator("details.user summary").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Dark").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    background = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert max(int(float(part)) for part in background.strip("rgba()").split(",")[:3]) < 60


async def test_a_part_that_is_being_fetched_keeps_its_lines_and_its_links(opened: Opened, served: str) -> None:
    page = opened.page
    await page.goto(f"{served}/overview")
    await opened.sign_in(ADMIN)
    figures = page.locator("#figures")
    await figures.evaluate("""part => {
        part.prepend(Object.assign(document.createElement("p"), {textContent: "so many words ".repeat(20)}));
        part.setAttribute("aria-busy", "true");  // as it is while htmx asks
    }""")

    assert await opened.overflow() <= 0
    assert await figures.evaluate("part => getComputedStyle(part).pointerEvents") == "auto"


async def test_a_tab_whose_session_is_over_is_led_to_sign_in(opened: Opened, served: str) -> None:
    page = opened.page
    await page.goto(f"{served}/audit")
    await opened.sign_in(ADMIN)
    await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    await page.context.clear_cookies()

    await page.get_by_label("What").select_option("signed in")

    await expect(page.get_by_text("You were signed out.")).to_be_visible()
    await opened.sign_in(ADMIN)
    await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()


async def test_what_is_typed_stays_when_the_session_is_over_or_nobody_answers(opened: Opened, served: str) -> None:
    page = opened.page
    await page.goto(f"{served}/rules/new")
    await opened.sign_in(ADMIN)
    text, said = page.locator("#text"), page.locator("#said")
    await text.fill("outstanding > 5000 EUR then hide")
    await page.get_by_label("Name").fill("Big ones")
    save = page.get_by_role("button", name="Save")
    (session,) = [cookie for cookie in await page.context.cookies() if "session" in cookie["name"]]
    await page.context.clear_cookies(name=session["name"])
    await save.click()

    await expect(said).to_have_text("You were signed out. What you typed is still here. Sign in again")
    await expect(said).to_be_in_viewport()
    async with page.context.expect_page() as opening:
        await said.get_by_role("link", name="Sign in again").click()
    beside = await opening.value
    await Opened(beside, served).sign_in(ADMIN)
    await expect(beside.locator("details.user")).to_have_count(1)
    await beside.close()

    await page.route("**/signed-in", lambda route: route.fulfill(status=503))
    await save.click()
    await expect(said).to_have_text("Duewell cannot be reached. Nothing was changed; try again.")
    await expect(text).to_have_value("outstanding > 5000 EUR then hide")

    await page.unroute("**/signed-in")
    await save.dblclick()
    await expect(page.get_by_role("heading", name="Big ones")).to_be_visible()
    await page.goto(f"{served}/rules")
    await expect(page.get_by_role("link", name="Big ones")).to_have_count(1)
    await page.get_by_role("link", name="Big ones").click()
    await page.get_by_text("Delete…").click()
    await page.get_by_role("button", name="Delete the rule").click()
    await expect(page.get_by_role("link", name="Big ones")).to_have_count(0)


async def test_api_and_pages_share_an_address_and_nothing_else(served: str) -> None:
    async with AsyncClient(base_url=served) as client:
        health, api, wrong, page = await asyncio.gather(
            *(client.get(path) for path in ("/healthz", "/v1/customers", "/v1x", "/sign-in"))
        )

    assert health.json() == {"status": "ok"}
    assert (api.status_code, api.headers["content-type"]) == (401, "application/problem+json")
    assert "content-security-policy" not in api.headers
    assert (wrong.status_code, wrong.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.status_code == 200
    assert "server" not in page.headers
