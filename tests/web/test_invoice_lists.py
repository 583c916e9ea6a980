"""The list of invoices at its page: filters in the address, and the same done to many of them."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from console.web.pages.invoices import listing
from console.web.pages.invoices.filters import path_of_list, read
from db.queries.lists.choice import InvoiceChoice, Risk
from intake.jobs.driver import advance
from rules.fields import Aging
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, Browser, place_of
from tests.web.test_invoice_page import HOSTILE, an_open_invoice, today


def test_what_an_address_asks_is_what_it_was_made_of() -> None:
    choice = InvoiceChoice(
        state="any",
        stages=("held", "todo"),
        cadence_id=7,
        has_cadence=True,
        customer_id=9,
        currency="EUR",
        aging=(Aging.TO_30, Aging.ABOVE_90),
        words="Hélios & Cie",
        owners=("ana@duewell.example",),
        is_hidden=False,
        risks=(Risk.BROKEN_PROMISE,),
        next_from=today(),
        channels=("call",),
        execution="manual",
    )

    path, _, query = path_of_list(choice).partition("?")

    assert path == "/invoices"
    assert read(QueryParams(query)).choice == choice


NO_MEANING = (
    "state=nothing&stages=x&cadence_id=-1&customer_id=99999999999999999999&currency=eur&aging=x&risks=x",
    "outstanding_min=NaN&outstanding_max=1e99&next_from=2026-13-01&is_hidden=maybe&execution=x&order=x",
    "after=0.5.x%27;--&order=due",
    "after=1.1.Infinity",
    "after=9.9",
    "&".join(["aging=x"] * 800),
)


async def test_what_has_no_meaning_in_an_address_is_not_asked(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(MEMBER)

    for query in NO_MEANING:
        answer = await browser.get(f"/invoices?{query}")
        assert answer.status_code == 200, query
        assert "INV-1" in answer.text, query


async def test_a_huge_filter_is_answered(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(MEMBER)

    assert (await browser.get("/invoices?" + "&".join(["aging=1-30"] * 800))).status_code == 200
    assert (await browser.get("/invoices?words=" + "x" * 5000)).status_code == 200


async def test_the_list_shows_where_each_stands_and_is_searched(book: Book, browser: Browser) -> None:
    an_open_invoice(book, "INV-1", customer_name=HOSTILE)
    an_open_invoice(book, "INV-2", customer_id="C-2", customer_name="Ateliers Perrin")
    await browser.sign_in(MEMBER)

    whole = await browser.get("/invoices")
    part = await browser.get("/invoices?words=perrin", HTMX)

    assert HOSTILE not in whole.text
    assert "€1,000.00" in whole.text
    assert "INV-2" in part.text
    assert "INV-1<" not in part.text
    assert "<html" not in part.text
    assert "Nothing fits" in (await browser.get("/invoices?words=nobody")).text


async def test_pages_follow_each_other_without_a_gap(
    book: Book, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_LINES", 4)
    for number in range(7):
        an_open_invoice(book, f"N-{number:02}")
    await browser.sign_in(MEMBER)

    first = (await browser.get("/invoices?order=due")).text
    further = unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    second = (await browser.get(further)).text

    listed = [re.findall(r'">(N-\d\d)</a>', page) for page in (first, second)]
    assert len(listed[0]) == 4
    assert sorted(listed[0] + listed[1]) == [f"N-{number:02}" for number in range(7)]


def form_in(page: str) -> dict[str, str]:
    """Return the hidden fields of the form by which a preview is ordered."""
    form = page.split('action="/invoices/bulk/order"', 1)[1].split("</form>", 1)[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def work_off(browser: Browser, job_id: int) -> None:
    """Do the job as a worker does."""
    while not advance(browser.web.engine, job_id).job.is_over:
        pass


async def test_all_that_match_are_paused_after_a_preview_and_taken_back(book: Book, browser: Browser) -> None:
    ids = [an_open_invoice(book, f"INV-{number}") for number in range(1, 4)]
    other = an_open_invoice(book, "USD-1", currency="USD")
    await browser.sign_in(MEMBER)
    asked = {"kind": "bulk pause", "query": "currency=EUR", "whole": "true", "reason": "audit"}

    preview = await browser.post("/invoices/bulk", asked)
    assert "Do it to 3 invoices" in preview.text
    assert not book.rows("SELECT id FROM jobs WHERE kind = 'bulk pause'")

    ordered = await browser.post("/invoices/bulk/order", form_in(preview.text))
    again = await browser.post("/invoices/bulk/order", form_in(preview.text))
    place = place_of(ordered)
    assert place_of(again) == place
    job_id = int(place.rsplit("/", 1)[1])
    assert "under way" in (await browser.get(place)).text

    await asyncio.to_thread(work_off, browser, job_id)
    done = await browser.get(place, HTMX)
    assert [book.stage(one) for one in ids] == ["held"] * 3
    assert book.stage(other) != "held"
    assert "Take back what it changed" in done.text
    assert "hx-trigger" not in done.text

    back = await browser.post(f"{place}/undo")
    assert "Do it to 3 invoices" in back.text
    resumed = place_of(await browser.post("/invoices/bulk/order", form_in(back.text)))
    await asyncio.to_thread(work_off, browser, int(resumed.rsplit("/", 1)[1]))
    assert "held" not in [book.stage(one) for one in ids]
    assert book.rows("SELECT actor FROM audit_log WHERE verb = 'bulk work ordered'") == [MEMBER, MEMBER]


async def test_those_ticked_get_a_cadence_and_no_others(book: Book, browser: Browser) -> None:
    first, second = an_open_invoice(book, "INV-1"), an_open_invoice(book, "INV-2")
    await browser.sign_in(MEMBER)

    preview = await browser.post("/invoices/bulk", {"kind": "bulk assign", "cadence": "", "chosen": str(first)})
    place = place_of(await browser.post("/invoices/bulk/order", form_in(preview.text)))
    await asyncio.to_thread(work_off, browser, int(place.rsplit("/", 1)[1]))

    assert book.collections(first)[-1][1] == "stopped"
    assert book.collections(second)[-1][1] == "active"
    assert "not taken back at once" in (await browser.get(place)).text


async def test_bulk_work_that_makes_no_sense_is_refused_before_it_begins(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(MEMBER)

    for form, said in (
        ({"kind": "bulk hide"}, "no invoice is chosen"),
        ({"kind": "bulk hide", "chosen": "999999"}, "no invoice is chosen"),
        ({"kind": "bulk assign", "cadence": "Nowhere", "whole": "true"}, "Nowhere"),
        ({"kind": "bulk pause", "until": "2020-01-01", "whole": "true"}, "1 Jan 2020"),
    ):
        answer = await browser.post("/invoices/bulk", form)
        assert answer.status_code == 422
        assert said in answer.text


async def test_a_forged_order_opens_no_job(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(MEMBER)

    for conditions in ("", "{}", "[1]", "[" * 5000, '[{"kind": "text", "field": "x"}]'):
        answer = await browser.post("/invoices/bulk/order", {"kind": "bulk hide", "conditions": conditions})
        assert answer.status_code in (409, 422), conditions
    assert (await browser.post("/invoices/bulk/order", {"kind": "publish", "conditions": "[]"})).status_code == 422
    assert not book.rows("SELECT id FROM jobs WHERE kind = 'bulk hide'")


async def test_only_whoever_ordered_a_job_or_an_admin_cancels_it(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(ADMIN)
    preview = await browser.post("/invoices/bulk", {"kind": "bulk hide", "whole": "true"})
    place = place_of(await browser.post("/invoices/bulk/order", form_in(preview.text)))
    await browser.post("/sign-out")
    await browser.sign_in(MEMBER)

    assert (await browser.post(f"{place}/cancel")).status_code == 403
    assert "Cancel" not in (await browser.get(place, HTMX)).text
    assert (await browser.get("/invoices/bulk/999999")).status_code == 404


async def test_what_no_condition_can_say_is_said_by_numbers(book: Book, browser: Browser) -> None:
    held: Any = an_open_invoice(book, "INV-1")
    an_open_invoice(book, "INV-2")
    book.pause(held, f"{today() - timedelta(days=1)} 09:00")
    await browser.sign_in(MEMBER)

    preview = await browser.post(
        "/invoices/bulk", {"kind": "bulk resume", "query": "stages=held", "whole": "true"}
    )

    assert "Do it to 1 invoice" in preview.text
    assert "INV-1" in preview.text
    assert "INV-2" not in preview.text
