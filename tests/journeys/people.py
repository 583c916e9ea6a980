"""People at the pages: each has a browser of their own, and notes what it complains of."""

import shutil
from dataclasses import dataclass, field

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.web.browser import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
WINDOW = {"width": 1280, "height": 900}


@dataclass
class Person:
    """Somebody at a tab of their browser. An answer that is an error by design is no complaint."""

    page: Page
    url: str
    email: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note what the browser complains of."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        """Go to a page, and wait until all of it is there: the keys are, too, then."""
        await self.page.goto(self.url + path)

    async def sign_in(self) -> None:
        """Sign in by keyboard alone, on the page that asks for it."""
        await expect(self.page.get_by_label("E-mail address")).to_be_focused()
        await self.page.keyboard.type(self.email)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("navigation", name="Pages")).to_be_visible()
        await self.page.wait_for_load_state()

    async def press(self, *keys: str) -> None:
        """Press one key after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def hear(self, text: str) -> None:
        """Wait until the page says the text of what was done."""
        await expect(self.page.locator("#said")).to_contain_text(text)

    async def new_tab(self) -> "Person":
        """Open another tab of the same browser, in which one is signed in as in this one."""
        beside = Person(await self.page.context.new_page(), self.url, self.email, self.complaints)
        beside.listen()
        return beside

    async def linked(self) -> list[str]:
        """Return the paths of our own pages to which this one has links, without what they ask for there."""
        found = await self.page.locator("a[href^='/']").evaluate_all("links => links.map(link => link.pathname)")
        return sorted(set(found))

    def button(self, name: str) -> Locator:
        """Return the button of exactly this name, or the link that looks like one."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """Return the link of exactly this name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def unfold(self, name: str) -> Locator:
        """Return what is clicked to unfold what has this name."""
        return self.page.locator("summary").get_by_text(name, exact=True)

    def figure(self, name: str) -> Locator:
        """Return the figure that stands under this name."""
        named = self.page.locator("dt").get_by_text(name, exact=True)
        return self.page.locator("dl > div").filter(has=named).locator("dd")


async def a_person(chromium: Browser, url: str, email: str) -> Person:
    """Return somebody at a browser that knows nobody yet."""
    context = await chromium.new_context(locale="en-GB", viewport=WINDOW)  # type: ignore[arg-type]
    person = Person(await context.new_page(), url, email)
    person.listen()
    return person
