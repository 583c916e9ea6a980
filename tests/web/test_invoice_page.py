"""One invoice at its page: what it shows, who may see it, and what is ordered there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.db.book import Book
from tests.web.browser import ADMIN, MEMBER, Browser, place_of

HOSTILE = "<script>alert(1)</script>"


def today() -> Any:
    """Return today, far from midnight for a day that is only counted from."""
    return datetime.now(UTC).date()


def an_open_invoice(book: Book, number: str = "INV-1", **changed: Any) -> int:
    """Take an invoice in that is not due for two weeks."""
    due = today() + timedelta(days=14)
    return book.invoice(number, issued_on=due - timedelta(days=30), due_on=due, **changed)


def version_in(page: str) -> str:
    """Return the version that the forms of a page carry."""
    return page.split('name="version" value="', 1)[1].split('"', 1)[0]


async def seen(browser: Browser, invoice_id: int) -> tuple[str, dict[str, str]]:
    """Go to the invoice's page; return it, and what every form of it sends."""
    answer = await browser.get(f"/invoices/{invoice_id}")
    assert answer.status_code == 200
    return answer.text, {"version": version_in(answer.text)}


async def test_an_invoice_shows_what_it_owes_what_comes_next_and_why(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)

    page, _ = await seen(browser, invoice_id)

    assert "INV-1" in page
    assert "€1,000.00" in page
    assert "1000.00" not in page, "amounts of the timeline are written as all others"
    assert "Société Hélios" in page
    assert "upcoming" in page
    assert "call" in page
    assert "invoice created" in page


async def test_what_others_wrote_is_shown_and_never_runs(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book, customer_name=HOSTILE)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)

    await browser.post(f"/invoices/{invoice_id}/pause", {**form, "reason": HOSTILE})
    page, _ = await seen(browser, invoice_id)

    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2


async def test_a_pause_holds_the_invoice_and_is_in_the_audit_log(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)

    answer = await browser.post(f"/invoices/{invoice_id}/pause", {**form, "until": "", "reason": "they asked"})
    page, form = await seen(browser, invoice_id)

    assert place_of(answer) == f"/invoices/{invoice_id}"
    assert book.stage(invoice_id) == "held"
    assert "they asked" in page
    assert book.rows("SELECT actor, about_name FROM audit_log WHERE verb = 'invoice paused'") == [
        (MEMBER, "INV-1")
    ]

    await browser.post(f"/invoices/{invoice_id}/resume", form)
    assert book.stage(invoice_id) != "held"


async def test_whoever_saw_an_older_invoice_is_told_and_overwrites_nothing(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)
    book.pay(invoice_id, "400.00", f"{today()} 09:00")

    answer = await browser.post(f"/invoices/{invoice_id}/hide", form)

    assert answer.status_code == 409
    assert "changed it while you were looking at it" in answer.text
    assert "hidden" not in book.happened(invoice_id)


async def test_the_same_form_sent_twice_takes_effect_once(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)
    promised = {**form, "promised_for": str(today() + timedelta(days=3)), "amount": "250.5"}

    first = await browser.post(f"/invoices/{invoice_id}/promise", promised)
    second = await browser.post(f"/invoices/{invoice_id}/promise", promised)

    assert (first.status_code, second.status_code) == (303, 409)
    assert book.happened(invoice_id).count("promised") == 1


async def test_what_the_ledger_refuses_is_said_and_the_form_stays_open(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)

    answer = await browser.post(f"/invoices/{invoice_id}/pause", {**form, "until": "2020-01-01"})

    assert answer.status_code == 422
    assert "a pause ends after today" in answer.text
    assert '<details class="order" name="order" open>' in answer.text
    assert "paused" not in book.happened(invoice_id)


async def test_each_order_is_carried_out(book: Book, browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    for order, given, happened in (
        ("dispute", {"reason": "wrong price"}, "disputed"),
        ("payment-in-flight", {"until": str(today() + timedelta(days=2))}, "payment announced"),
        ("reassign", {"cadence": ""}, "reassigned"),
        ("restart", {}, "restarted"),
        ("hide", {}, "hidden"),
        ("contact", {"channel": "call", "step": "", "note": "spoke to Ana"}, "contacted"),
    ):
        invoice_id = an_open_invoice(book, f"INV-{order}")
        _, version = await seen(browser, invoice_id)
        answer = await browser.post(f"/invoices/{invoice_id}/{order}", {**version, **given})
        assert answer.status_code == 303, order
        assert happened in book.happened(invoice_id)


async def test_a_dispute_is_resolved_and_a_cadence_given_back_to_rules(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book, is_disputed=True)
    await browser.sign_in(MEMBER)

    _, form = await seen(browser, invoice_id)
    assert (await browser.post(f"/invoices/{invoice_id}/resolve", {**form, "then": "stop"})).status_code == 303
    _, form = await seen(browser, invoice_id)
    assert (
        await browser.post(f"/invoices/{invoice_id}/reassign", {**form, "cadence": "Standard"})
    ).status_code == 303
    page, form = await seen(browser, invoice_id)
    assert f"chosen by {MEMBER}" in page
    assert (await browser.post(f"/invoices/{invoice_id}/release", form)).status_code == 303
    assert {"dispute resolved", "reassigned", "released to rules"} <= set(book.happened(invoice_id))


async def test_nothing_is_offered_that_would_be_refused(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    book.pay(invoice_id, "1000.00", f"{today()} 09:00")
    await browser.sign_in(MEMBER)

    page, _ = await seen(browser, invoice_id)

    assert f"/invoices/{invoice_id}/promise" not in page
    assert f"/invoices/{invoice_id}/reassign" not in page
    assert "Nothing: the invoice is paid." in page


async def test_an_admin_writes_off_makes_void_and_reinstates_with_the_reason(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(ADMIN)

    for order, happened in (
        ("write-off", "written off"),
        ("reinstate", "reinstated"),
        ("void", "voided"),
        ("reinstate", "reinstated"),
    ):
        page, form = await seen(browser, invoice_id)
        assert f"/invoices/{invoice_id}/{order}" in page
        why = f"why {order}"
        answer = await browser.post(f"/invoices/{invoice_id}/{order}", {**form, "reason": why})
        assert answer.status_code == 303, order
        assert book.happened(invoice_id).count(happened) >= 1
        assert why in (await seen(browser, invoice_id))[0]

    assert book.rows(
        "SELECT verb, details ->> 'reason' FROM audit_log WHERE about_kind = 'invoice' ORDER BY id LIMIT 2"
    ) == [("invoice written off", "why write-off"), ("invoice reinstated", "why reinstate")]
    assert book.stage(invoice_id) == "waiting"


async def test_a_member_does_not_decide_whether_an_invoice_is_owed(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)

    page, form = await seen(browser, invoice_id)

    for order in ("write-off", "void", "reinstate"):
        assert f"/invoices/{invoice_id}/{order}" not in page
        assert (await browser.post(f"/invoices/{invoice_id}/{order}", form)).status_code == 403
    assert not {"written off", "voided"} & set(book.happened(invoice_id))


async def test_a_due_date_that_begins_the_cadence_anew_has_to_be_meant(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    await browser.sign_in(MEMBER)
    _, form = await seen(browser, invoice_id)
    near, far = (str(today() + timedelta(days=days)) for days in (16, 60))

    assert (await browser.post(f"/invoices/{invoice_id}/due-date", {**form, "due_on": near})).status_code == 303
    _, form = await seen(browser, invoice_id)
    asked = await browser.post(f"/invoices/{invoice_id}/due-date", {**form, "due_on": far})
    assert asked.status_code == 422
    assert "the cadence begins anew" in asked.text
    assert "cycle begun" not in book.happened(invoice_id)

    meant = {**form, "due_on": far, "anew": "true", "reason": "agreed by phone"}
    assert (await browser.post(f"/invoices/{invoice_id}/due-date", meant)).status_code == 303
    assert "cycle begun" in book.happened(invoice_id)
    assert "agreed by phone" in (await seen(browser, invoice_id))[0]


async def test_an_invoice_is_found_by_its_number(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book, "A/1 é")
    await browser.sign_in(MEMBER)

    assert place_of(await browser.get("/invoice?number=A/1%20%C3%A9")) == f"/invoices/{invoice_id}"
    assert (await browser.get("/invoice?number=%00")).status_code == 422
    assert (await browser.get("/invoice?number=nobody")).status_code == 404


async def test_an_id_that_is_none_shows_nothing(browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    for path in ("/invoices/999999", "/invoices/99999999999999999999", "/invoices/0"):
        assert (await browser.get(path)).status_code in (404, 422)
        assert (await browser.post(f"{path}/hide", {"version": "x"})).status_code in (404, 422)


async def test_somebody_who_is_not_signed_in_sees_and_orders_nothing(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)

    assert place_of(await browser.get(f"/invoices/{invoice_id}")).startswith("/sign-in")
    assert place_of(await browser.post(f"/invoices/{invoice_id}/hide", {"version": "x"})).startswith("/sign-in")
    assert "hidden" not in book.happened(invoice_id)


async def test_a_message_is_shown_as_it_went_out_where_it_does_no_harm(book: Book, browser: Browser) -> None:
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    other_id = book.invoice("INV-2")
    await browser.sign_in(MEMBER)
    (message_id,) = book.rows("SELECT id FROM messages")

    page, _ = await seen(browser, invoice_id)
    message = await browser.get(f"/invoices/{invoice_id}/messages/{message_id}")
    content = await browser.get(f"/invoices/{invoice_id}/messages/{message_id}/content")

    assert f'href="/invoices/{invoice_id}/messages/{message_id}"' in page
    assert 'sandbox=""' in message.text
    assert "ana@helios.example" in message.text
    assert "INV-1" in content.text
    policy = content.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert content.headers["x-frame-options"] == "SAMEORIGIN"
    assert message.headers["x-frame-options"] == "DENY"
    # It is no message about another invoice.
    assert (await browser.get(f"/invoices/{other_id}/messages/{message_id}")).status_code == 404


async def test_a_long_timeline_goes_on_page_by_page(book: Book, browser: Browser) -> None:
    invoice_id = an_open_invoice(book)
    for _ in range(20):
        book.pause(invoice_id, f"{today()} 09:00")
        book.resume(invoice_id, f"{today()} 09:01")
    await browser.sign_in(MEMBER)

    page, _ = await seen(browser, invoice_id)
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    behind = await browser.get(older, {"HX-Request": "true", "HX-Request-Type": "partial"})

    assert "invoice created" not in page
    assert "invoice created" in behind.text
    assert "<html" not in behind.text
