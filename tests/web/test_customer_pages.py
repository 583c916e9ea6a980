"""Customers at their pages: who owes what, and one customer whole."""

from tests.db.book import Book
from tests.web.browser import HTMX, MEMBER, Browser, place_of
from tests.web.test_invoice_page import HOSTILE, an_open_invoice, version_in


async def test_customers_are_listed_with_what_they_owe_and_searched(book: Book, browser: Browser) -> None:
    an_open_invoice(book, "INV-1", customer_name=HOSTILE)
    an_open_invoice(book, "INV-2", customer_id="C-2", customer_name="Ateliers Perrin")
    await browser.sign_in(MEMBER)

    whole = await browser.get("/customers?owing=yes")
    part = await browser.get("/customers?words=perrin", HTMX)

    assert HOSTILE not in whole.text
    assert whole.text.count("€1,000.00") == 2
    assert "Ateliers Perrin" in part.text
    assert "C-1" not in part.text
    assert "Nothing fits" in (await browser.get("/customers?words=%3Cnobody")).text
    assert (await browser.get("/customers?after_id=99999999999999999999")).status_code == 422


async def test_a_customer_shows_balance_people_invoices_messages_and_how_it_pays(
    book: Book, browser: Browser
) -> None:
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    an_open_invoice(book, "USD-1", currency="USD")
    await browser.sign_in(MEMBER)

    page = (await browser.get(place_of(await browser.get("/customer?number=C-1")))).text

    for shown in ("€1,000.00", "US$1,000.00", "ana@helios.example", "INV-1", "USD-1", "Société Hélios"):
        assert shown in page
    assert "No invoice was paid in the last 12 months." in page
    assert "sent" in page
    assert (await browser.get("/customers/999999")).status_code == 404
    assert (await browser.get("/customer?number=nobody")).status_code == 404


async def test_a_customer_is_paused_once_by_whoever_saw_it_as_it_is(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    path = place_of(await browser.get("/customer?number=C-1"))
    form = {"version": version_in((await browser.get(path)).text), "reason": "they asked"}

    first = await browser.post(f"{path}/pause", form)
    second = await browser.post(f"{path}/pause", form)

    assert (first.status_code, second.status_code) == (303, 409)
    assert book.stage(invoice_id) == "held"
    assert "they asked" in second.text
    form = {"version": version_in((await browser.get(path)).text)}
    assert (await browser.post(f"{path}/resume", form)).status_code == 303
    assert book.stage(invoice_id) != "held"
    assert book.rows("SELECT verb FROM audit_log WHERE about_kind = 'customer' ORDER BY id") == [
        "customer paused",
        "customer resumed",
    ]


async def test_a_customer_is_not_paused_until_a_day_that_is_over(book: Book, browser: Browser) -> None:
    an_open_invoice(book)
    await browser.sign_in(MEMBER)
    path = place_of(await browser.get("/customer?number=C-1"))
    form = {"version": version_in((await browser.get(path)).text), "until": "2020-01-01"}

    answer = await browser.post(f"{path}/pause", form)

    assert answer.status_code == 422
    assert "not on 1 Jan 2020" in answer.text
