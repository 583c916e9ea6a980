"""The page Actions in a browser: to-dos are worked off by the keyboard alone."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from db.engine import Engine
from tests.db.book import Book
from tests.web.browser import MEMBER, PASSWORD, make_team
from tests.web.todos import a_todo, lay_down, pages_served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
def test_two_to_dos_are_worked_off_by_keyboard(book: Book, engine: Engine) -> None:
    make_team(engine)
    lay_down(book)
    call = a_todo(book, "INV-CALL", "900.00", "By phone")
    mail = a_todo(book, "INV-MAIL", "800.00")
    a_todo(book, "INV-REST", "700.00")
    problems: list[str] = []
    with pages_served(engine) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="en-GB")
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{url}/sign-in?next=/actions")
        page.fill("[name=email]", MEMBER)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".rows")).to_be_visible()
        # The keys are there once the whole page is.
        page.wait_for_load_state("load")
        press = page.keyboard.press

        # The list of keys, and closed again.
        press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        press("Escape")

        # The call: there and back, opened, "no answer" chosen by an arrow, and carried out.
        for key in ("j", "j", "k", "Enter"):
            press(key)
        expect(page.locator("#pane-title")).to_be_focused()
        assert page.url.endswith(f"open={call}")
        press("c")
        press("ArrowDown")
        press("Enter")
        page.wait_for_url(f"**open={mail}")
        expect(page.locator("#said")).to_contain_text("INV-CALL")

        # The mail follows: edited, where keys are letters again, previewed, and sent.
        press("e")
        press("ControlOrMeta+a")
        page.keyboard.type("**just** kidding?")
        expect(page.locator("#preview strong")).to_have_text("just")
        press("Tab")
        press("Enter")
        page.wait_for_url(lambda address: f"open={mail}" not in address)
        expect(page.locator("#pane-title")).to_have_text("Customer of INV-REST")

        # On a narrow window the opened one takes the place of the list, and there is a way back.
        page.set_viewport_size({"width": 360, "height": 740})
        expect(page.locator(".list")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".list")).to_be_visible()
        browser.close()
    assert book.one("SELECT outcome FROM actions WHERE id = :id", id=call) == "no answer"
    assert book.one("SELECT draft_body FROM actions WHERE id = :id", id=mail) == "**just** kidding?\n"
    assert book.one("SELECT approved_by FROM actions WHERE id = :id", id=mail) == MEMBER
    assert problems == []
