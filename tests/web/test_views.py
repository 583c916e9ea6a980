"""Views: lists kept under a name, by people for themselves and by admins for everybody."""

import re
from html import unescape

from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, browsing, place_of

BIG = "/invoices?state=paid&outstanding_min=500&order=newest"


def bar(page: str) -> dict[str, tuple[str, bool]]:
    """Return the saved views of a list's bar: where each leads, and whether the list is there."""
    found = re.findall(r'<li><a href="([^"]+)" class="saved"( aria-current="page")?>([^<]+)', page)
    return {unescape(name).strip(): (unescape(address), bool(here)) for address, here, name in found}


async def saved(browser: Browser, name: str, address: str, **more: str) -> int:
    """Save a view, and return the status of the answer."""
    return (await browser.post("/views", {"name": name, "address": address, **more})).status_code


def ids(book: Book) -> list[int]:
    """Return the ids of the saved views, the oldest first."""
    return book.rows("SELECT id FROM saved_views ORDER BY id")


async def test_a_filter_is_saved_shown_beside_the_fixed_ones_renamed_and_deleted(
    book: Book, browser: Browser
) -> None:
    await browser.sign_in(MEMBER)
    assert "Save as a view" not in (await browser.get("/invoices")).text
    assert "Save as a view" in (await browser.get(BIG)).text

    kept = await browser.post("/views", {"name": " My <big> ones ", "address": f"{BIG}&after=0.7.500&no=thing"})
    listed = await browser.get(place_of(kept))
    elsewhere = (await browser.get("/invoices")).text

    assert "The view is saved." in listed.text
    assert bar(listed.text) == {"My <big> ones": (place_of(kept), True)}
    assert bar(elsewhere) == {"My <big> ones": (place_of(kept), False)}
    assert "after" not in place_of(kept)
    assert "Save as a view" not in listed.text

    (view_id,) = ids(book)
    renamed = await browser.post(f"/views/{view_id}/rename", {"name": "Big"})
    assert bar((await browser.get(place_of(renamed))).text) == {"Big": (place_of(kept), True)}
    gone = await browser.post(f"/views/{view_id}/delete")
    assert bar((await browser.get(place_of(gone))).text) == {}

    told = book.rows("SELECT verb || ' ' || about_name FROM audit_log WHERE about_kind = 'view' ORDER BY id")
    assert told == ["view saved My <big> ones", "view renamed Big", "view deleted Big"]


async def test_lists_of_actions_have_views_of_their_own(book: Book, browser: Browser) -> None:
    await browser.sign_in(MEMBER)
    await saved(browser, "Calls", "/actions?channel=call&open=7")
    await saved(browser, "Ignored", "/actions/all?status=ignored")

    todo, every = (await browser.get("/actions?channel=call")).text, (await browser.get("/actions/all")).text

    assert bar(todo) == {
        "Calls": ("/actions?channel=call", True),
        "Ignored": ("/actions/all?status=ignored", False),
    }
    assert "Save as a view" not in every
    assert bar((await browser.get("/invoices")).text) == {}


async def test_ones_own_views_are_nobody_elses_and_shared_ones_are_everybodys(
    book: Book, browser: Browser
) -> None:
    await browser.sign_in(ADMIN)
    await saved(browser, "Mine", BIG)
    await saved(browser, "Ours", "/invoices?currency=EUR", shared="true")
    mine, ours = ids(book)
    async with browsing(book.engine) as other:
        await other.sign_in(MEMBER)

        page = (await other.get("/invoices?currency=EUR")).text
        answers = [
            await other.post(f"/views/{ours}/rename", {"name": "x"}),
            await other.post(f"/views/{ours}/delete"),
            await other.post("/views", {"name": "x", "address": "/invoices", "shared": "true"}),
            await other.post(f"/views/{mine}/rename", {"name": "x"}),
            await other.post(f"/views/{mine}/delete"),
        ]

    assert bar(page) == {"Ours": ("/invoices?currency=EUR", True)}
    assert "Change this view" not in page
    assert [answer.status_code for answer in answers] == [403, 403, 403, 404, 404]
    assert ids(book) == [mine, ours]
    async with browsing(book.engine) as owner:
        await owner.sign_in(OWNER)
        assert (await owner.post(f"/views/{ours}/delete")).status_code == 303
    assert ids(book) == [mine]


async def test_a_name_is_taken_once_for_each_list_and_person(book: Book, browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    assert await saved(browser, "Big", BIG) == 303
    assert await saved(browser, "big", "/invoices?currency=EUR") == 409
    assert await saved(browser, "Big", "/actions?channel=call") == 303
    assert await saved(browser, "Big", BIG, shared="true") == 303
    assert await saved(browser, "BIG", BIG, shared="true") == 409
    assert await saved(browser, " ", BIG) == 409
    assert await saved(browser, "x" * 61, BIG) == 409

    assert len(ids(book)) == 3
    await saved(browser, "Small", "/invoices?outstanding_max=5")
    refused = await browser.post(f"/views/{ids(book)[-1]}/rename", {"name": "BIG"})
    assert refused.status_code == 409
    assert "there is a view" in refused.text
    assert "5" in re.findall(r'name="outstanding_max"[^>]*value="([^"]*)"', refused.text)


async def test_only_lists_can_be_saved_and_only_so_many(book: Book, browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    for address in ("/rules", "https://evil.example/invoices", "//evil.example", "/invoices/7", "javascript:x"):
        assert await saved(browser, "x", address) == 422, address
    for number in range(40):
        assert await saved(browser, f"View {number}", f"/invoices?words={number}") == 303
    assert await saved(browser, "One more", BIG) == 409
    assert len(ids(book)) == 40


async def test_the_bar_follows_a_filter_that_is_fetched_alone(browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    part = (await browser.get(BIG, HTMX)).text
    fixed = (await browser.get("/invoices?aging=31-60&aging=61-90", HTMX)).text

    assert 'id="views" class="view-bar" hx-swap-oob="true"' in part
    assert "Save as a view" in part
    assert "<html" not in fixed
