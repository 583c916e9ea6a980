"""A page that is left open, in a browser: what others do appears on it, and never under somebody's hands."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from db.engine import Engine
from tests.db.book import Book
from tests.web.browser import MEMBER, PASSWORD, make_team
from tests.web.todos import a_todo, lay_down, pages_served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MINUTE_MS = 60_000


@contextmanager
def an_open_page(engine: Engine, path: str) -> Iterator[Page]:
    """Open a page as a member, in a browser whose clock is ours."""
    with pages_served(engine) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(locale="en-GB")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.clock.install()
        page.goto(f"{url}/sign-in?next={path}")
        page.fill("[name=email]", MEMBER)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#watched-list")).to_be_visible()
        page.wait_for_load_state("load")
        yield page
        browser.close()
        assert complaints == []


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
def test_what_others_do_appears_on_an_open_page_and_nothing_typed_is_lost(book: Book, engine: Engine) -> None:
    make_team(engine)
    lay_down(book)
    first = a_todo(book, "INV-ONE", "900.00")
    a_todo(book, "INV-TWO", "800.00")
    with an_open_page(engine, "/actions") as page:
        rows, news, count = page.locator(".row"), page.locator("#news"), page.locator(".tabs .count").first
        page.keyboard.press("j")
        focused = page.locator(f"[data-row='{first}']")
        expect(focused).to_be_focused()

        # A third to-do comes: it is there, the focus stays, and it is said politely.
        a_todo(book, "INV-THREE", "700.00")
        page.clock.run_for(MINUTE_MS)
        expect(rows).to_have_count(3)
        expect(count).to_have_text("3")
        expect(focused).to_be_focused()
        page.clock.run_for(200)
        expect(page.locator("#renewed")).to_have_text("This list has changed.")
        expect(news).to_be_empty()

        # One is ticked, and a fourth comes: the list stays as it is, and says so.
        page.keyboard.press("x")
        a_todo(book, "INV-FOUR", "600.00")
        page.clock.run_for(MINUTE_MS)
        expect(news).to_contain_text("This list has changed.")
        expect(rows).to_have_count(3)
        expect(rows.first.get_by_role("checkbox")).to_be_checked()
        expect(count).to_have_text("4")
        page.get_by_role("button", name="Show it anew").click()
        expect(rows).to_have_count(4)
        expect(news).to_be_empty()

        # Somebody writes, and another one ends the to-do: what is typed stays until they say otherwise.
        focused.click()
        text = page.locator("textarea[name=body]")
        text.fill("my own words")
        book.run("UPDATE invoices SET total = total + 50 WHERE number = 'INV-ONE'")
        page.clock.run_for(MINUTE_MS)
        expect(news).to_contain_text("This action has changed. What you typed is still here")
        expect(text).to_have_value("my own words")
        expect(text).to_be_focused()
        expect(focused).to_contain_text("€950.00")

        # The session is over: the page says so, and keeps the text.
        book.run("DELETE FROM sessions")
        page.clock.run_for(MINUTE_MS)
        expect(news).to_contain_text("You were signed out. What you typed is still here.")
        expect(text).to_have_value("my own words")
        assert page.get_by_role("link", name="Sign in again").get_attribute("target") == "_blank"
