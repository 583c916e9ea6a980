"""Writing to a customer from an invoice's page, outside the cadence (rule 4.8)."""

from datetime import timedelta

from dunning.writing import MESSAGE
from tests.db.book import Book
from tests.web.browser import MEMBER, Browser, place_of
from tests.web.test_invoice_page import an_open_invoice, seen, today, version_in

WORDS = {"subject": "Our call, {{ invoice.number }}", "body": "You owe **{{ invoice.outstanding }}**.", "step": ""}


async def form_of(browser: Browser, invoice_id: int) -> dict[str, str]:
    """Go to the form for writing; return what it sends beside the words."""
    answer = await browser.get(f"/invoices/{invoice_id}/write")
    assert answer.status_code == 200
    return {"version": version_in(answer.text)}


async def test_a_member_writes_a_message_and_the_ledger_has_it_to_send(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)

    page, _ = await seen(browser, invoice_id)
    assert f'href="/invoices/{invoice_id}/write"' in page
    form = await form_of(browser, invoice_id)
    first = await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS, "step": "upcoming"})
    second = await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS})

    assert place_of(first) == f"/invoices/{invoice_id}"
    assert second.status_code == 409
    assert "Our call, {{ invoice.number }}" in second.text
    assert book.rows("SELECT step_id, draft_subject, draft_body, approved_by, as_step, owner FROM actions") == [
        (MESSAGE, "Our call, INV-1", "You owe **€1,000.00**.\n", MEMBER, "upcoming", MEMBER)
    ]
    assert book.stage(invoice_id) == "due"
    assert book.rows("SELECT actor, about_name FROM audit_log WHERE verb = 'message written'") == [
        (MEMBER, "INV-1")
    ]
    assert "message written" in (await seen(browser, invoice_id))[0]


async def test_the_preview_says_what_goes_out_to_whom_and_runs_nothing(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    preview = f"/invoices/{invoice_id}/write/preview"
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}

    shown = await browser.post(preview, {**WORDS, "body": f"{WORDS['body']} <script>alert(1)</script>"}, partial)
    wrong = await browser.post(preview, {**WORDS, "body": "{{ invoice.nothing }}"}, partial)

    assert "ana@helios.example" in shown.text
    assert "Our call, INV-1" in shown.text
    assert "<strong>€1,000.00</strong>" in shown.text
    assert "<script" not in shown.text
    assert "It cannot be written:" in wrong.text
    assert "invoice.nothing" in wrong.text
    assert book.rows("SELECT id FROM actions") == []


async def test_a_message_begins_with_a_template_and_its_tags_filled_in(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)

    begun = await browser.get(f"/invoices/{invoice_id}/write?template=reminder")

    assert begun.status_code == 200
    assert begun.text.count("INV-1") > 3
    assert "{{ invoice.number }}" not in begun.text


async def test_what_is_refused_is_said_beside_what_was_written(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    form = await form_of(browser, invoice_id)

    bad = await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS, "body": "Hello {{ nobody }}"})
    book.pause(invoice_id, f"{today()} 00:01")
    page, _ = await seen(browser, invoice_id)
    held = await browser.get(f"/invoices/{invoice_id}/write")
    form = {"version": version_in(held.text)}
    refused = await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS})

    assert bad.status_code == 422
    assert "Hello {{ nobody }}" in bad.text
    assert f"/invoices/{invoice_id}/write" not in page
    assert "It would be refused now: nothing goes out: pause" in held.text
    assert refused.status_code == 422
    assert "nothing goes out: pause" in refused.text
    assert "Our call, {{ invoice.number }}" in refused.text
    assert book.rows("SELECT id FROM actions") == []


async def test_whoever_writes_soon_after_a_contact_is_told_of_it_and_may(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    yesterday = today() - timedelta(days=1)
    book.run("UPDATE collections SET last_contact_on = :day", day=yesterday)
    await browser.sign_in(MEMBER)

    page = await browser.get(f"/invoices/{invoice_id}/write")
    form = {"version": version_in(page.text)}

    assert "The customer was last contacted on" in page.text
    assert (await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS})).status_code == 303


async def test_a_message_that_was_stopped_is_sent_again_from_the_list_of_actions(
    book: Book, browser: Browser
) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    form = await form_of(browser, invoice_id)
    await browser.post(f"/invoices/{invoice_id}/write", {**form, **WORDS})
    _, form = await seen(browser, invoice_id)
    await browser.post(f"/invoices/{invoice_id}/pause", form)
    todo = book.one("SELECT id FROM actions WHERE state = 'open' AND approved_by IS NULL")

    pane = await browser.get(f"/actions/{todo}")
    _, form = await seen(browser, invoice_id)
    await browser.post(f"/invoices/{invoice_id}/resume", form)
    again = await browser.get(place_of(pane) if pane.status_code == 303 else f"/actions/{todo}")
    words = {"subject": "Once more", "body": "Please pay.", "do": "send", "version": version_in(again.text)}
    await browser.post(f"/actions/{todo}/message", words)

    assert book.rows("SELECT draft_subject, approved_by FROM actions") == [("Once more", MEMBER)]
