"""Every page in a real browser: axe finds nothing, and nothing is wider than a telephone."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, FilePayload, Page, Response, expect, sync_playwright

from db.engine import make_engine
from devstack.postgres import EmbeddedPostgres
from tests.db.book import Book
from tests.db.databases import a_copy_of
from tests.web.browser import MEMBER, OWNER, PASSWORD, make_team
from tests.web.served import serving
from tests.web.small_book import FILE, fill
from tests.web.test_frame import routes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NARROW, WIDE = 360, 1600
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASKED = {"preload": False, "resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
# What is no page: ways to one, parts that a page fetches of itself later, files, and what another server answers.
NO_PAGES = {
    "/customer",
    "/invoice",
    "/actions/{action_id}/pane",
    "/cadences/{cadence_id}/jobs/{job_id}",
    "/invoices/count",
    "/jobs/{job_id}/progress",
    "/jobs/{job_id}/report.csv",
    "/intake/files/{token}/report.csv",
    "/settings/organization/logo",
    "/sign-in/provider",
    "/sign-in/provider/back",
}
# To look takes axe a second. So an ordinary run looks at each page once, at every other one wide in the light or
# narrow in the dark, and the long runs look at each in both ways. What there is in one width alone (menu, heads of
# tables, cards) is the same on all pages: these are looked at crosswise, too.
CROSSWISE = ("/account", "/invoices")
RUN_AXE = """async options => (await axe.run(document, options)).violations.map(one =>
    one.id + ": " + one.nodes.map(node => node.target.join(" ") + " " + node.html.slice(0, 160)
        + " (" + node.failureSummary.replaceAll("\\n", " ") + ")").join(" | "))"""
# Everything that opens is open at once, but for pop-ups, which would lie over the rest.
OPEN_ALL = """() => document.querySelectorAll("details:not([data-popup])").forEach(
    one => { one.removeAttribute("name"); one.open = true })"""
TOO_WIDE = """() => [
    ...(document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : []),
    ...[...document.querySelectorAll("main *")]
        .filter(one => one.scrollWidth > one.clientWidth && /auto|scroll/.test(getComputedStyle(one).overflowX))
        .filter(one => !one.matches("textarea, select, input"))
        .map(one => "scrolls sideways: " + one.outerHTML.slice(0, 120)),
    ...[...document.querySelectorAll("main *")].filter(one => one.checkVisibility())
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".unseen"))
        .map(one => "reaches beyond the window: " + one.outerHTML.slice(0, 120)),
]"""
# The heading that a cell repeats for narrow windows is that of its column.
MISLABELLED = """() => [...document.querySelectorAll("table")].flatMap(table => {
    const headings = [...table.tHead.rows[0].cells].map(one => one.matches(".tick") ? "" : one.textContent.trim());
    return [...table.tBodies[0].rows].flatMap(row => [...row.cells].map((cell, at) => [cell, headings[at]]))
        .filter(([cell, heading]) => cell.dataset.label !== heading || !cell.hasAttribute("role"))
        .map(([cell, heading]) => "a cell of " + heading + ": " + cell.outerHTML.slice(0, 120));
})"""

EACH_ONCE_OR_BOTH_WAYS = pytest.mark.parametrize(
    "walk", [False, pytest.param(True, marks=pytest.mark.soak)], indirect=True, ids=["each once", "both ways"]
)
pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"), pytest.mark.timeout(600)]


@dataclass
class Walk:
    """A browser that looks at pages in both widths and themes, and notes what is wrong."""

    page: Page
    url: str
    is_thorough: bool
    wrong: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    looks: int = 0

    def listen(self) -> None:
        """Note what the browser complains of, and where it was; an answer that is an error by design is none."""

        def answered(response: Response) -> None:
            if response.request.method == "GET":
                self.asked.add(urlsplit(response.url).path)

        self.page.on("response", answered)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "console",
            lambda one: None if "responded with a status of" in one.text else self.wrong.append(one.text),
        )

    def sign_in(self, email: str) -> None:
        """Sign in."""
        self.page.goto(f"{self.url}/sign-in")
        self.page.fill("[name=email]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("header.bar")

    def go(self, path: str, then: Callable[[Page], object] | None = None, status: int = 200) -> None:
        """Go to a page, do something there, and look at it."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == status, path
        self.page.evaluate(OPEN_ALL)
        if then is not None:
            then(self.page)
        self.look(path)

    def send(self, path: str, fields: dict[str, str], name: str = "") -> None:
        """Send a form, whatever page is open, and look at what answers it."""
        with self.page.expect_navigation():
            self.page.evaluate(
                """([path, fields]) => {
                    const form = document.createElement("form");
                    form.method = "post";
                    form.action = path;
                    for (const [name, value] of Object.entries(fields)) {
                        const field = document.createElement("input");
                        form.append(Object.assign(field, { type: "hidden", name, value }));
                    }
                    document.body.append(form);
                    form.submit();
                }""",
                [path, fields],
            )
        self.page.evaluate(OPEN_ALL)
        self.look(name or f"what answers {path}")

    def look(self, name: str) -> None:
        """Look at what is shown, as axe does and with a ruler."""
        self.looks += 1
        # What a page fetches as soon as it is there.
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        everything = self.is_thorough or name in CROSSWISE
        if everything or self.looks % 2:
            self._axe(name, WIDE, "light")
        if everything or not self.looks % 2:
            self._axe(name, NARROW, "dark")
        self.page.set_viewport_size({"width": NARROW, "height": 900})
        for script in (TOO_WIDE, MISLABELLED):
            self.wrong += [f"{name}: {one}" for one in self.page.evaluate(script)]
        if name in CROSSWISE:
            self._axe(name, NARROW, "light")
            self._axe(name, WIDE, "dark")
        self.page.set_viewport_size({"width": WIDE, "height": 900})

    def _axe(self, name: str, width: int, theme: Literal["light", "dark"]) -> None:
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.wrong += [f"{name} ({width}, {theme}): {one}" for one in self.page.evaluate(RUN_AXE, ASKED)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all walks."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=flags)


@pytest.fixture
def served_book(template: str, postgres: EmbeddedPostgres) -> Iterator[Book]:
    """A ledger in Paris with a team and no invoices."""
    del postgres
    with a_copy_of(template) as database_url:
        engine = make_engine(database_url)
        make_team(engine)
        book = Book(engine)
        book.set(time_zone="Europe/Paris", jitter_minutes=0)
        yield book
        engine.dispose()


@pytest.fixture
def walk(
    request: pytest.FixtureRequest, chromium: Browser, served_book: Book, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walk]:
    """A walk over the ledger's pages; at its end nothing was wrong."""
    url = served_book.engine.url.render_as_string(hide_password=False)
    with serving(url, tmp_path_factory.mktemp("served")) as address:
        # Colours that are on their way to others are none to judge.
        context = chromium.new_context(
            viewport={"width": WIDE, "height": 900}, locale="en-GB", reduced_motion="reduce", color_scheme="light"
        )
        # Not even this script is part of the page: the policy stays on.
        context.add_init_script(AXE_SCRIPT)
        walking = Walk(context.new_page(), address, is_thorough=request.param)
        walking.listen()
        yield walking
        context.close()
    assert not walking.wrong, "\n".join(walking.wrong)


@EACH_ONCE_OR_BOTH_WAYS
def test_pages_without_anything_on_them(walk: Walk) -> None:
    walk.sign_in(OWNER)
    for path in ("/overview", "/actions", "/actions/all", "/invoices", "/customers", "/rules", "/rules/log"):
        walk.go(path)
    for path in ("/rules/notifications", "/intake", "/jobs", "/overview/promises", "/settings/webhooks"):
        walk.go(path)


@EACH_ONCE_OR_BOTH_WAYS
def test_pages_of_a_book_with_something_of_everything(walk: Walk, served_book: Book) -> None:
    ids = fill(served_book)
    walk.go("/sign-in")
    walk.send("/sign-in", {"email": OWNER, "password": "wrong"}, "a wrong password")
    walk.sign_in(OWNER)
    _work(walk, ids)
    _setting_up(walk, ids)
    _intake(walk, ids)
    _settings(walk)
    _faults(walk, ids)

    asked_for = [route for route in routes() if "GET" in (route.methods or ())]
    unseen = {route.path for route in asked_for if not any(map(route.path_regex.match, walk.asked))}
    assert unseen - NO_PAGES == set()


def _work(walk: Walk, ids: dict[str, int]) -> None:
    """Walk where members work."""
    for path in ("/overview", "/overview/definitions", "/overview/promises"):
        walk.go(path)
    everybody = "/actions?owner=%40all"
    walk.go(everybody, lambda page: page.locator(".row input").first.check())
    walk.go(everybody, lambda page: page.get_by_role("button", name="Keys").click())
    for todo in served_todos(ids):
        walk.go(f"{everybody}&open={todo}", lambda page: page.locator("#pane[data-open]").wait_for())
    walk.go("/actions?customer=C-INV-201&owner=%40all")
    walk.go(f"/actions/{ids['call']}")
    walk.go("/actions/all")
    walk.go("/actions/all?status=coming")
    walk.send("/actions/bulk", {"do": "send", "everything": "1", "back": everybody}, "what would be sent")
    walk.go(f"/actions/bulk/{ids['job over to-dos']}")
    walk.go("/invoices", lambda page: page.locator("[name=chosen]").first.check())
    walk.go("/invoices", lambda page: page.locator("[data-bulk-kind]").select_option("bulk pause"))
    walk.go("/invoices?words=nothing-like-this")
    walk.send(
        "/views", {"address": "/invoices?currency=EUR", "name": "Euro alone", "shared": "true"}, "a saved view"
    )
    for kind in ("waiting", "held", "mail", "unreachable", "written to"):
        walk.go(f"/invoices/{ids[kind]}")
    walk.go(f"/invoices/{ids['waiting']}/write")
    walk.go(f"/invoices/{ids['written to']}/messages/{ids['message']}")
    walk.go(f"/invoices/{ids['written to']}/replies/{ids['reply']}")
    walk.send("/invoices/bulk", {"kind": "bulk assign", "whole": "true", "cadence": "Standard"})
    walk.go(f"/invoices/bulk/{ids['running job']}")
    walk.go("/customers")
    walk.go("/customers?words=nothing-like-this")
    walk.go(f"/customers/{ids['customer']}")
    walk.go("/account", _open_menus)


def served_todos(ids: dict[str, int]) -> tuple[int, ...]:
    """Return the to-dos: a mail, a call, and what could not be sent."""
    return ids["mail"], ids["call"], ids["unreachable"]


def _open_menus(page: Page) -> None:
    page.locator("details.user summary").click()
    page.evaluate("document.getElementById('menu').classList.add('open')")


def _setting_up(walk: Walk, ids: dict[str, int]) -> None:
    """Walk where admins say what is done and said."""
    cadence, rule = f"/cadences/{ids['cadence']}", f"/rules/{ids['rule']}"
    for path in ("/cadences", "/cadences/new", cadence, f"{cadence}/edit", f"{cadence}/publish"):
        walk.go(path)
    with walk.page.expect_navigation():
        walk.page.get_by_role("button", name="Publish version").click()
    walk.look("a version on its way to its collections")
    for path in ("/templates", "/templates/new", "/templates/reminder", "/templates/reminder/en"):
        walk.go(path)
    for path in ("/rules", "/rules/new", rule, f"{rule}/edit", f"{rule}/activate", f"{rule}/reach", "/rules/log"):
        walk.go(path)
    walk.go("/rules/notifications")
    walk.go("/rules/explain?invoice=INV-101")


def _intake(walk: Walk, ids: dict[str, int]) -> None:
    """Walk from a file to its job."""
    walk.go("/intake")
    file: FilePayload = {"name": "book.csv", "mimeType": "text/csv", "buffer": FILE}
    walk.page.locator("[name=file]").set_input_files(file)
    with walk.page.expect_navigation():
        walk.page.get_by_role("button", name="Upload").click()
    walk.page.evaluate(OPEN_ALL)
    walk.look("a file with errors")
    with walk.page.expect_navigation():
        walk.page.get_by_role("button", name="Save the profile").scroll_into_view_if_needed()
        walk.page.get_by_label("Name of the profile").fill("Our accounts")
        walk.page.get_by_role("button", name="Save the profile").click()
    with walk.page.expect_navigation():
        walk.page.get_by_role("button", name="Dry run").click()
    walk.look("a dry run")
    walk.go("/intake")
    walk.go("/jobs")
    walk.go("/jobs?only=running")
    walk.go(f"/jobs/{ids['ended job']}")
    walk.go(f"/jobs/{ids['running job']}")


def _settings(walk: Walk) -> None:
    """Walk over the settings."""
    for path in ("organization", "calendar", "senders", "users", "groups", "api-keys", "webhooks"):
        walk.go(f"/settings/{path}")
    walk.go(f"/settings/users/{MEMBER}")
    walk.go("/settings/groups/Cash%20Collectors")
    walk.send("/settings/senders", {"email": "ar@sender.example", "name": "Accounts", "user": "", "reply_to": ""})
    walk.go("/settings/senders/ar@sender.example")
    walk.send("/settings/api-keys", {"name": "Accounting", "scopes": "*"}, "a new key")
    walk.send("/settings/webhooks", {"url": "https://1.1.1.1/hook", "kinds": "payment.*"}, "a new webhook")
    walk.send("/settings/webhooks/1/ping", {}, "a webhook")
    walk.go("/settings/calendar")
    walk.send("/settings/calendar/sending", {"version": "old"}, "settings that somebody else changed")
    walk.go("/audit")


def _faults(walk: Walk, ids: dict[str, int]) -> None:
    """Walk to where there is nothing, or not for everybody."""
    walk.go("/nowhere", status=404)
    walk.go("/audit?before=x", status=422)
    walk.send(f"/jobs/{ids['ended job']}/cancel", {}, "what cannot be done any more")
    walk.page.context.clear_cookies()
    walk.sign_in(MEMBER)
    walk.go("/settings", status=403)
    walk.go("/invoices")
