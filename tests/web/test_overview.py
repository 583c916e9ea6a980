"""Claims about the overview: figures of a moment with their lists, counted beside the page."""

import re
from datetime import UTC, datetime, timedelta

from console.web.definitions import DEFINITIONS
from db.operations.figures import keep_overview
from db.operations.one_at_a_time import KEEPING_FIGURES, alone
from db.queries.calendar import local_date
from db.queries.figures.overview import overview
from intake.figures_keeping import count_figures
from tests.db.book import Book
from tests.web.browser import HTMX, MEMBER, Browser

HOSTILE = "<script>alert(1)</script>"


def a_sent_invoice(book: Book) -> int:
    """Return an invoice, overdue for years by now, of which the first reminder went out."""
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-06-04 09:00")
    return invoice_id


def count(book: Book, ago: timedelta = timedelta()) -> datetime:
    """Count the figures some time ago, and return when."""
    now = datetime.now(UTC)
    # The day of the organization, which is another one than that of UTC for an hour or two each night.
    today = book.do(lambda session: local_date(session, now))
    assert keep_overview(book.engine, now - ago, today)
    return now - ago


def moment_of(book: Book) -> datetime:
    """Return when what is owed was counted."""
    return book.do(lambda session: overview(session).taken["balances"].at)  # type: ignore[no-any-return]


async def test_the_first_visit_waits_for_nothing_and_lets_the_figures_be_counted(
    browser: Browser, book: Book
) -> None:
    a_sent_invoice(book)
    await browser.sign_in(MEMBER)

    first = await browser.get("/overview")
    second = await browser.get("/overview")

    assert first.status_code == 200
    assert "being counted for the first time" in first.text
    assert 'hx-trigger="every 2s"' in first.text
    assert "€1,000.00" in second.text
    assert "hx-trigger" not in second.text


async def test_old_figures_are_shown_with_their_moment_while_they_are_counted_anew(
    browser: Browser, book: Book
) -> None:
    taken = count(book, timedelta(minutes=5))
    await browser.sign_in(MEMBER)

    with alone(book.engine, KEEPING_FIGURES):
        old = await browser.get("/overview")
        polled = re.findall(r'hx-get="([^"]+seen=[^"]+)"', old.text)
        still = await browser.get(polled[0], HTMX)
    assert moment_of(book) == taken
    await browser.get(polled[0], HTMX)
    new = await browser.get(polled[0], HTMX)

    assert taken.isoformat() in old.text
    assert "being counted anew" in old.text
    assert (still.status_code, still.text) == (204, "")
    assert new.status_code == 200
    assert "<html" not in new.text
    assert "hx-trigger" not in new.text
    assert moment_of(book) > taken


async def test_each_figure_leads_to_a_list_that_has_it(browser: Browser, book: Book) -> None:
    invoice_id = a_sent_invoice(book)
    book.run(
        "INSERT INTO promises (invoice_id, promised_for, outstanding_before, outcome, made_by, made_at)"
        " SELECT id, current_date + 3, 1000, 'open', 'ana', now() FROM invoices WHERE id = :id",
        id=invoice_id,
    )
    count(book)
    await browser.sign_in(MEMBER)

    shown = (await browser.get("/overview")).text
    links = {
        link.replace("&amp;", "&")
        for link in re.findall(r'href="(/(?:invoices\?|overview/promises)[^"]*)"', shown)
    }

    assert any("risks=old" in link for link in links)
    assert any("overview/promises" in link for link in links)
    for link in links:
        listed = await browser.get(link)
        assert listed.status_code == 200, link
        if "risks=old" in link or "aging=91" in link or "promises" in link:
            assert "INV-1" in listed.text, link


async def test_every_figure_is_defined_one_click_away(browser: Browser, book: Book) -> None:
    count(book)
    await browser.sign_in(MEMBER)

    shown = (await browser.get("/overview")).text
    defined = (await browser.get("/overview/definitions")).text

    asked = set(re.findall(r'href="/overview/definitions#([\w-]+)"', shown))
    assert len(asked) >= 6
    assert asked <= set(re.findall(r'<section id="([\w-]+)"', defined))
    assert len(re.findall(r"<section id=", defined)) == len(DEFINITIONS)


async def test_names_of_others_are_only_shown(browser: Browser, book: Book) -> None:
    a_sent_invoice(book)
    book.run("UPDATE cadences SET name = :name", name=HOSTILE)
    count(book)
    await browser.sign_in(MEMBER)

    shown = (await browser.get("/overview")).text

    assert "&lt;script&gt;alert(1)" in shown
    assert HOSTILE not in shown


async def test_an_empty_book_has_an_overview(browser: Browser, book: Book) -> None:
    count(book)
    await browser.sign_in(MEMBER)

    shown = (await browser.get("/overview")).text

    assert "Nothing is outstanding." in shown
    assert "Nothing is at risk." in shown
    assert "No step was carried out" in shown


async def test_charts_speak_the_readers_language(browser: Browser, book: Book) -> None:
    a_sent_invoice(book)
    count(book)
    await browser.sign_in(MEMBER)
    await browser.post("/account/profile", {"name": "Max Doe", "locale": "fr_FR"})

    shown = (await browser.get("/overview")).text

    assert "1\N{NARROW NO-BREAK SPACE}000,00\N{NO-BREAK SPACE}€" in shown
    assert "Non échu" in shown
    for english in ("Not due", "outstanding</title>", "to-dos", "paid within", "Over 90"):
        assert english not in shown


async def test_promises_are_listed_page_by_page_and_asked_for_by_empty_fields(
    browser: Browser, book: Book
) -> None:
    for number in range(52):
        book.invoice(f"INV-{number}")
    book.run(
        "INSERT INTO promises (invoice_id, promised_for, outstanding_before, outcome, made_by, made_at)"
        " SELECT id, date '2026-07-01' + id::int, 1000, 'open', 'ana', now() FROM invoices"
    )
    await browser.sign_in(MEMBER)

    first = await browser.get("/overview/promises?currency=&first=&last=")
    (further,) = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = await browser.get(further.replace("&amp;", "&"))
    none = await browser.get("/overview/promises?currency=USD")

    assert first.text.count('href="/invoice?') == 50
    assert second.text.count('href="/invoice?') == 2
    assert 'rel="first"' in second.text
    assert "No such promise stands" in none.text
    wrong = ("currency=eur", "currency=%3Cb", "first=x", "after_day=2026-01-01&after=-1", f"after={10**40}")
    assert [(await browser.get(f"/overview/promises?{one}")).status_code for one in wrong] == [422] * 5
    assert (await browser.get(f"/overview?seen={'x' * 300}")).status_code == 422


def test_the_worker_keeps_figures_of_the_organizations_day(book: Book) -> None:
    now = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)
    book.run("UPDATE organization SET time_zone = 'Europe/Paris'")

    assert count_figures(book.engine, now)

    kept = book.do(lambda session: overview(session).taken)
    assert {str(taken.on_day) for taken in kept.values()} == {"2026-06-16"}
