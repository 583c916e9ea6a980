"""Claims about the pages of smart rules."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

from httpx import Response

from intake.jobs.driver import drive
from tests.db.book import Book
from tests.db.rules import add_rule, cadence_of
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, browsing, place_of

PATIENCE_SECONDS = 60
Ask = Callable[..., Awaitable[Response]]
TO_STANDARD = "currency is EUR then assign Standard"


def version_in(page: Response) -> str:
    return hidden(page, "version")


def hidden(page: Response, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


async def counted(ask: Ask, *asked: Any) -> Response:
    """Ask again and again, as the page does, until what is counted beside it is there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await ask(*asked, headers=HTMX)
            if answer.status_code != 204:
                return answer


def names(book: Book) -> list[str]:
    return book.rows("SELECT name FROM smart_rules WHERE deleted_at IS NULL ORDER BY position")


async def test_a_rule_is_added_edited_activated_applied_and_deleted(browser: Browser, book: Book) -> None:
    invoice_id = book.invoice("INV-1")
    book.reassign(invoice_id, None, "2026-05-05 09:00")
    book.run("UPDATE invoices SET cadence_locked_at = NULL, cadence_locked_by = NULL")
    await browser.sign_in(ADMIN)

    added = place_of(await browser.post("/rules/new", {"text": "always then hide", "name": "Mine"}))
    editor = await browser.get(f"{added}/edit")
    form = {"text": TO_STANDARD, "name": "Ours", "version": version_in(editor)}
    edited = await browser.post(f"{added}/edit", form)
    asked = await browser.get(f"{added}/activate")
    applied = await browser.post(f"{added}/activate", {"version": version_in(asked), "applies": "true"})
    drive(book.engine, int(place_of(applied).rpartition("/")[2]))
    reach = await counted(browser.get, f"{added}/reach")
    log = await browser.get("/rules/log?invoice=INV-1")
    explained = await browser.get("/rules/explain?invoice=INV-1")

    assert edited.status_code == 303
    assert "1 would be changed" in asked.text
    assert cadence_of(book, invoice_id) == "Standard"
    assert "INV-1" in reach.text
    assert "<html" not in reach.text
    assert "Ours" in log.text
    assert ">wins<" in explained.text

    shown = await browser.get(added)
    await browser.post(f"{added}/deactivate", {"version": version_in(shown)})
    shown = await browser.get(added)
    gone = await browser.post(f"{added}/delete", {"version": version_in(shown)})

    assert place_of(gone) == "/rules"
    assert names(book) == []
    assert (await browser.get(added)).status_code == 404
    assert book.rows("SELECT verb FROM audit_log WHERE about_kind = 'rule' ORDER BY id") == [
        "rule added",
        "rule changed",
        "rule activated",
        "rule deactivated",
        "rule deleted",
    ]


async def test_rules_are_moved_and_a_second_mover_sees_the_new_order_first(browser: Browser, book: Book) -> None:
    ids = [add_rule(book, "always then hide", name) for name in ("a", "b", "c")]
    await browser.sign_in(ADMIN)
    page = await browser.get("/rules")
    order = hidden(page, "order")

    moved = await browser.post(f"/rules/{ids[2]}/move", {"order": order, "to": "1"})
    late = await browser.post(f"/rules/{ids[0]}/move", {"order": order, "to": "3"})

    assert moved.status_code == 303
    assert late.status_code == 409
    assert "Somebody changed the order" in late.text
    assert names(book) == ["c", "a", "b"]
    last = await browser.post(f"/rules/{ids[2]}/move", {"order": hidden(late, "order"), "to": "3"})
    assert last.status_code == 303
    assert names(book) == ["a", "b", "c"]


async def test_whoever_saves_second_overwrites_nothing_and_sees_what_it_says_now(
    browser: Browser, book: Book
) -> None:
    rule_id = add_rule(book, "always then hide", "a", is_active=False)
    await browser.sign_in(ADMIN)
    version = version_in(await browser.get(f"/rules/{rule_id}/edit"))
    async with browsing(book.engine) as other:
        await other.sign_in(OWNER)
        saved = {"text": "always then show", "name": "a", "version": version}
        assert (await other.post(f"/rules/{rule_id}/edit", saved)).status_code == 303

    mine = {"text": "status is overdue then hide", "name": "a", "version": version}
    late = await browser.post(f"/rules/{rule_id}/edit", mine)
    stale = [
        await browser.post(f"/rules/{rule_id}/{what}", {"version": version, "applies": "true"})
        for what in ("activate", "deactivate", "delete")
    ]

    assert late.status_code == 409
    assert f"{OWNER} changed this rule" in late.text
    assert "always then show" in late.text
    assert "status is overdue then hide</textarea>" in late.text
    assert [one.status_code for one in stale] == [409] * 3
    assert book.one("SELECT definition->'action'->>'visible' FROM smart_rules") == "true"
    again = await browser.post(f"/rules/{rule_id}/edit", {**mine, "version": version_in(late)})
    assert again.status_code == 303


async def test_a_text_is_checked_as_one_types(browser: Browser, book: Book) -> None:
    book.invoice("INV-1")
    book.invoice("INV-2", currency="CHF")
    above = add_rule(book, "currency is CHF then assign Standard", "Swiss")
    await browser.sign_in(ADMIN)

    misread = await browser.post("/rules/check", {"text": "status is <b>blue</b>"}, HTMX)
    unknown = await browser.post("/rules/check", {"text": 'always then assign "<i>none such</i>"'}, HTMX)
    good = await browser.post("/rules/check", {"text": "total > 5 then assign Standard"}, HTMX)
    count = await counted(browser.post, "/rules/count", {"text": "total > 5 then assign Standard"})
    worse = await browser.post("/rules/count", {"text": "status is <b>blue</b>"}, HTMX)
    nothing = await browser.post("/rules/check", {"text": " "}, HTMX)

    assert above
    assert "Column 11" in misread.text
    assert "<b>blue" not in misread.text
    assert "<i>none such" not in unknown.text
    assert 'hx-post="/rules/count" hx-trigger="load' in good.text
    assert 'id="builder" hx-swap-oob="true"' in good.text
    assert "Match now</dt><dd>2<" in count.text
    assert "1 are decided by Swiss, which stands above" in count.text
    assert "Column 11" in worse.text
    assert nothing.status_code == 200


async def test_the_form_has_the_operators_of_the_fields_type_and_writes_the_text(browser: Browser) -> None:
    await browser.sign_in(ADMIN)
    form = {
        "b.count": "3",
        "b.0.field": "due date",
        "b.0.operator": "in last",
        "b.0.low": "7",
        "b.1.field": "outstanding",
        "b.1.operator": ">",
        "b.1.low": "5000",
        "b.1.currency": "eur",
        "b.2.field": "status",
        "b.2.operator": "is any of",
        "b.2.values": "overdue",
        "b.action": "assign",
        "b.cadence": "Standard",
    }

    built = await browser.post("/rules/build", form, HTMX)
    other_field = await browser.post("/rules/build", {**form, "b.0.field": "currency"}, HTMX)
    more = await browser.post("/rules/build", {**form, "do": "add"}, HTMX)
    fewer = await browser.post("/rules/build", {**form, "do": "remove-0"}, HTMX)
    whole_page = await browser.post("/rules/build", form)

    written = "due date in last 7 days and outstanding &gt; 5000 EUR and status is overdue then assign Standard"
    assert written in built.text
    assert '<option value="is none of">' in other_field.text
    assert "Say with what it is compared" in other_field.text
    assert 'name="b.3.field"' in more.text
    assert "due date in last" not in fewer.text
    assert "<html" in whole_page.text
    assert written in whole_page.text


async def test_a_form_of_nonsense_is_answered(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    forms: list[dict[str, str]] = [
        {"b.count": "99999999999999999999", "b.0.field": "x"},
        {"b.count": "-1", "b.action": "explode", "b.trigger": "never", "do": "remove-x"},
        {"b.count": "1", "b.0.field": "total", "b.0.operator": "between", "b.0.low": "9", "b.0.high": "1e999"},
        {"b.count": "1", "b.0.field": "due date", "b.0.operator": "on", "b.0.low": "tomorrow"},
        {"b.count": "0", "b.action": "notify", "b.channel": "pigeon", "text": "x" * 99_999},
        {"do": "remove-" + "9" * 30},
    ]
    for form in forms:
        assert (await browser.post("/rules/build", form, HTMX)).status_code == 200, form
    assert (await browser.post("/rules/check", {"text": "always then assign \0"}, HTMX)).status_code == 422
    assert (await browser.post("/rules/new", {"text": "x" * 100_001})).status_code == 422
    refused = await browser.post("/rules/new", {"text": "nonsense", "name": "<b>"})
    assert refused.status_code == 409
    assert "cannot be read" in refused.text
    assert "<b>" not in refused.text


async def test_members_read_rules_and_only_admins_change_them(browser: Browser, book: Book) -> None:
    rule_id = add_rule(book, "always then hide", "<b>bold</b>")
    await browser.sign_in(MEMBER)

    paths = ("/rules", f"/rules/{rule_id}", "/rules/explain", "/rules/log", "/rules/notifications")
    seen = [await browser.get(path) for path in paths]
    kept = [
        await browser.get(path) for path in ("/rules/new", f"/rules/{rule_id}/edit", f"/rules/{rule_id}/activate")
    ]
    ordered = [
        await browser.post(f"/rules/{rule_id}/{what}", {"version": "x", "order": "x", "to": "1"})
        for what in ("move", "activate", "deactivate", "delete", "edit")
    ]

    assert [one.status_code for one in seen] == [200] * 5
    assert all("<b>bold" not in one.text for one in seen)
    assert "/edit" not in seen[1].text
    assert {one.status_code for one in (*kept, *ordered)} == {403}
    assert names(book) == ["<b>bold</b>"]


async def test_logs_say_what_they_lack(browser: Browser) -> None:
    await browser.sign_in(MEMBER)

    empty = [await browser.get(path) for path in ("/rules", "/rules/log", "/rules/notifications")]
    unknown = [await browser.get(f"/rules/{page}?invoice=%3Cb%3E") for page in ("explain", "log", "notifications")]

    assert ["no rules yet" in empty[0].text, "nothing yet" in empty[1].text, "No rule told" in empty[2].text]
    assert all("There is no invoice" in one.text for one in unknown)
    assert all("<b>" not in one.text for one in unknown)
    assert (await browser.get("/rules/77")).status_code == 404
    assert (await browser.get(f"/rules/log?before={10**30}")).status_code == 422


async def test_notifications_are_listed_with_what_became_of_them(browser: Browser, book: Book) -> None:
    add_rule(book, f'always then notify {MEMBER} by email "<b>look</b> at {{{{ invoice.number }}}}"', "Tell Max")
    for number in range(1, 53):
        book.invoice(f"INV-{number}")
    await browser.sign_in(MEMBER)

    newest = await browser.get("/rules/notifications")
    older = re.search(r'href="(/rules/notifications\?before=\d+)"', newest.text)
    assert older is not None
    last = await browser.get(older[1])
    of_one = await browser.get("/rules/notifications?invoice=INV-7")

    assert "INV-52<" in newest.text
    assert "INV-2<" not in newest.text
    assert "INV-2<" in last.text
    assert "&lt;b&gt;look" in of_one.text
    assert "<b>look" not in of_one.text
    assert of_one.text.count("Tell Max") == 1
