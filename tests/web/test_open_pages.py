"""Pages that stay open: they ask themselves whether what they show is still so."""

from datetime import UTC, datetime, timedelta

from console.web.watching import fingerprints_in
from db.operations.jobs import end_job
from tests.db.book import Book
from tests.db.rules import add_rule
from tests.web.browser import ADMIN, HTMX, MEMBER, Browser
from tests.web.test_invoice_page import an_open_invoice
from tests.web.test_jobs import a_job
from tests.web.test_overview import count
from tests.web.todos import a_todo, lay_down


def seen_on(page: str) -> dict[str, str]:
    """Return what a page says that shows this."""
    return {"Duewell-Seen": " ".join(fingerprints_in(page))}


async def is_so_still(browser: Browser, path: str, page: str) -> bool:
    """Say whether the page learns that it shows what is so."""
    answer = await browser.get(path, seen_on(page))
    assert answer.status_code in (200, 204)
    assert (answer.status_code == 200) is ("<html" in answer.text)
    return answer.status_code == 204


async def test_every_list_and_every_page_of_one_thing_learns_of_a_change(book: Book, browser: Browser) -> None:
    lay_down(book)
    action_id = a_todo(book, "INV-1")
    customer_id = book.one("SELECT id FROM customers")
    invoice_id = book.one("SELECT id FROM invoices")
    rule_id = add_rule(book, "always then hide", "Mine", is_active=False)
    job_id = a_job(book)
    count(book)
    await browser.sign_in(ADMIN)
    of_invoices = (
        "/actions?owner=@all",
        f"/actions?owner=@all&open={action_id}",
        "/actions/all",
        "/invoices",
        f"/invoices/{invoice_id}",
        "/customers",
        f"/customers/{customer_id}",
    )
    paths = (*of_invoices, "/jobs", "/overview", "/overview/promises", "/rules", f"/rules/{rule_id}", "/audit")
    pages = {path: (await browser.get(path)).text for path in paths}
    for path in paths:
        assert fingerprints_in(pages[path]), path
        assert await is_so_still(browser, path, pages[path]), path

    book.run("UPDATE invoices SET total = total + 500")
    book.run("UPDATE smart_rules SET name = 'Ours'")
    book.do(lambda session: end_job(session, job_id, "done"))
    book.run("UPDATE kept_figures SET taken_at = taken_at - interval '2 hours'")
    count(book)
    await browser.post("/account/profile", {"name": "Ada B."})

    changed = {path for path in paths if not await is_so_still(browser, path, pages[path])}
    assert changed == {*of_invoices, "/jobs", "/overview", "/rules", f"/rules/{rule_id}", "/audit"}


async def test_a_part_that_was_fetched_alone_is_known_on_the_whole_page(book: Book, browser: Browser) -> None:
    lay_down(book)
    action_id = a_todo(book, "INV-1")
    await browser.sign_in(MEMBER)

    # The list of one page, and beside it what was opened later by itself.
    alone = (await browser.get("/actions")).text
    pane = (await browser.get(f"/actions/{action_id}/pane?back=/actions", HTMX)).text
    lines = (await browser.get("/invoices?words=inv", HTMX)).text

    assert await is_so_still(browser, f"/actions?open={action_id}", alone + pane)
    assert await is_so_still(browser, "/invoices?words=inv", lines)


async def test_only_the_parts_that_changed_have_another_fingerprint(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    before = fingerprints_in((await browser.get(f"/invoices/{invoice_id}")).text)

    add_rule(book, "always then hide", is_active=False)
    after = fingerprints_in((await browser.get(f"/invoices/{invoice_id}")).text)

    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


async def test_a_page_that_looks_by_itself_keeps_nobody_signed_in(book: Book, browser: Browser) -> None:
    await browser.sign_in(MEMBER)
    page = (await browser.get("/invoices")).text
    long_ago = datetime.now(UTC) - timedelta(hours=11)
    book.run("UPDATE sessions SET last_seen_at = :at, created_at = :at", at=long_ago)

    assert await is_so_still(browser, "/invoices", page)
    assert book.one("SELECT last_seen_at FROM sessions") == long_ago
    book.run("UPDATE sessions SET last_seen_at = :at, created_at = :at", at=long_ago - timedelta(hours=2))
    over = await browser.get("/invoices", seen_on(page))

    # Nobody is led away from what they have typed there.
    assert over.status_code == 401
    assert "location" not in over.headers
    assert "hx-redirect" not in over.headers


async def test_a_page_that_looks_takes_no_message_away_and_lets_nothing_be_counted(
    book: Book, browser: Browser
) -> None:
    taken = count(book, timedelta(minutes=30))
    await browser.sign_in(MEMBER)
    await browser.post("/account/profile", {"name": "Max D."})
    assert "said" in " ".join(browser.cookies)

    looked = await browser.get("/overview", {"Duewell-Seen": "0"})

    assert looked.status_code == 200
    assert "being counted" not in looked.text
    assert book.one("SELECT min(taken_at) FROM kept_figures") == taken
    assert "Your account is saved." in (await browser.get("/account")).text


async def test_a_page_that_is_not_there_any_more_or_not_for_its_reader_says_so(
    book: Book, browser: Browser
) -> None:
    rule_id = add_rule(book, "always then hide", "Mine", is_active=False)
    await browser.sign_in(ADMIN)
    rule, jobs = (await browser.get(f"/rules/{rule_id}")).text, (await browser.get("/jobs")).text

    book.run("UPDATE smart_rules SET deleted_at = now(), position = NULL")
    book.run("UPDATE users SET role = 'member'")

    assert (await browser.get(f"/rules/{rule_id}", seen_on(rule))).status_code == 404
    assert (await browser.get("/jobs", seen_on(jobs))).status_code == 403


async def test_a_page_that_answers_a_form_does_not_look(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)

    read = await browser.get(f"/invoices/{invoice_id}")
    refused = await browser.post(f"/invoices/{invoice_id}/pause", {"version": "old"})

    assert "watching.js" in read.text
    assert refused.status_code == 409
    assert "watching.js" not in refused.text
