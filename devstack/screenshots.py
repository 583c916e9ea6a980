"""Pictures of every page with the demo's book, in both widths and both themes: `make screenshots`."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from db.engine import make_engine
from devstack.demo import HOME, Demo, DemoFailed
from devstack.demo_console import DemoConsole
from devstack.home_lock import HomeInUse
from devstack.leashed_process import ProcessFailed
from devstack.parent import end_with_make
from devstack.postgres_pid_file import ServerRuns
from devstack.provision import progress
from devstack.stack import Stack
from devstack.tool import ToolMissing

FOLDER = Path(".duewell/screenshots")
WIDTHS = (360, 1600)
THEMES = ("light", "dark")
HEIGHT = 900
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Where something is written: nothing on a list leads there.
EDITORS = ("/overview/definitions", "/actions/all", "/cadences/1/edit", "/rules/new", "/templates/reminder/en")
# A page may be as long as its list: a picture of all of it would show nothing.
HEIGHT_MAX = 2400
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures go, and who shows the pages."""

    folder: Path
    served: DemoConsole
    console: Console

    def take_all(self, browser: Browser, locale: str) -> int:
        """Take a picture of every page in each width and theme; return how many."""
        count = 0
        for width in WIDTHS:
            for theme in THEMES:
                context = browser.new_context(
                    viewport={"width": width, "height": HEIGHT},
                    color_scheme="dark" if theme == "dark" else "light",
                    locale=locale,
                )
                page = context.new_page()
                for name in self._walk(page):
                    self._take(page, self.folder / f"{name}-{width}-{theme}.png")
                    count += 1
                context.close()
        return count

    def _walk(self, page: Page) -> Iterator[str]:
        """Go from page to page: each of the menu, and below each list its first entry."""
        page.goto(self.served.url)
        yield "sign-in"
        page.locator("input[name=email]").fill(self.served.email)
        page.locator("input[type=password]").fill(self.served.password)
        page.keyboard.press("Enter")
        page.wait_for_selector("header.bar")
        menu = [*self._paths(page, "header.bar nav a"), "/account"]
        for path in menu:
            self._go(page, path)
            yield _name(path)
            for below in self._below(page, path):
                self._go(page, below)
                yield f"{_name(path)}-one"
            for section in self._paths(page, "nav.sections a") if path == "/settings" else ():
                self._go(page, section)
                yield _name(section)
        for path in EDITORS:
            self._go(page, path)
            yield _name(path)
        self._go(page, "/nowhere")
        yield "not-found"

    def _below(self, page: Page, path: str) -> list[str]:
        """Return the first of what the page lists; where that opens beside the list, there."""
        links = self._links(page, "main table a, main :is(ul, ol):not(nav *) a")
        found = [one for one in links if one.startswith((f"{path}/", f"{path}?"))]
        return found[:1]

    def _paths(self, page: Page, selector: str) -> list[str]:
        return [urlsplit(link).path for link in self._links(page, selector)]

    def _links(self, page: Page, selector: str) -> list[str]:
        return [link.get_attribute("href") or "" for link in page.locator(selector).all()]

    def _go(self, page: Page, path: str) -> None:
        page.goto(self.served.url.rstrip("/") + path)
        page.wait_for_load_state("load")

    def _take(self, page: Page, path: Path) -> None:
        tall = int(page.evaluate("document.documentElement.scrollHeight"))
        size = page.viewport_size
        assert size is not None, "the window has a size"
        page.set_viewport_size({"width": size["width"], "height": max(HEIGHT, min(tall, HEIGHT_MAX))})
        page.screenshot(path=path)
        page.set_viewport_size(size)
        self.console.print(f"  {path}", highlight=False)


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-") or "home"


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; return 0, or 1 if the demo or the browser cannot run."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument(
        "--to", type=Path, default=FOLDER, help="the folder for the pictures (default: %(default)s)"
    )
    parser.add_argument("--locale", default="en-GB", help="the reader's locale (default: %(default)s)")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        console.print(f"screenshots need one of {', '.join(PROGRAMS)} on PATH", style="red", highlight=False)
        return 1
    end_with_make()
    options.to.mkdir(parents=True, exist_ok=True)
    try:
        count = _take(console, program, options.to, options.locale)
    except (DemoFailed, HomeInUse, ProcessFailed, ServerRuns, ToolMissing) as problem:
        console.print(str(problem), style="red", markup=False, highlight=False)
        return 1
    console.print(f"{count} pictures in {options.to}", highlight=False)
    return 0


def _take(console: Console, program: str, folder: Path, locale: str) -> int:
    """Run the demo until its first round is over, and take the pictures."""
    with Stack(HOME, report=progress(console)) as stack:
        demo = Demo(stack, make_engine(stack.database_url), console)
        try:
            demo.prepare()
            served = demo.serve()
            demo.start_processes()
            demo.first_round()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
                return Pictures(folder, served, console).take_all(browser, locale)
        finally:
            demo.engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
