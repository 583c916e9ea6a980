"""The page Actions: lists, what opens beside them, and what people do about a to-do."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from db.operations.invoice_states import end_invoice
from dunning.facts import InvoiceState
from tests.db.book import PARIS, Book, a_change
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, browsing, place_of
from tests.web.todos import GROUP, a_todo, lay_down, now

LOCKED = text("SELECT id FROM invoices WHERE number = :number FOR UPDATE NOWAIT")
HOSTILE = "<script>alert(1)</script> & Söhne"


@pytest.fixture
async def max_(book: Book, browser: Browser) -> Browser:
    """Max, a member and a Cash Collector, signed in."""
    lay_down(book)
    await browser.sign_in(MEMBER)
    return browser


def numbers(page: str) -> list[str]:
    """Return the invoices of the list, in its order."""
    return re.findall(r'<span class="facts"><span>(INV-[^<]+)</span>', page)


def version(page: str) -> str:
    """Return the version that the forms of the opened to-do carry."""
    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def opened(browser: Browser, todo: int) -> dict[str, str]:
    """Open the to-do and return what its forms carry."""
    page = await browser.get(f"/actions?open={todo}")
    assert page.status_code == 200
    return {"version": version(page.text), "back": "/actions"}


def state_of(book: Book, todo: int) -> str:
    """Return the state and the outcome."""
    return str(book.one("SELECT state || ' ' || COALESCE(outcome, '-') FROM actions WHERE id = :id", id=todo))


async def test_my_list_has_what_is_due_for_me_and_my_groups_most_valuable_first(book: Book, max_: Browser) -> None:
    a_todo(book, "INV-LOW", "100.00")
    a_todo(book, "INV-HIGH", "9000.00")
    a_todo(book, "INV-YEN", "20000", currency="JPY")
    theirs = a_todo(book, "INV-THEIRS", "5000.00")
    book.run("UPDATE actions SET owner = :owner WHERE id = :id", owner=OWNER, id=theirs)
    later = a_todo(book, "INV-LATER", "7000.00")
    book.run("UPDATE actions SET snoozed_until = due_on + 90 WHERE id = :id", id=later)

    mine = (await max_.get("/actions")).text
    everybody = (await max_.get("/actions?owner=@all")).text
    put_off = (await max_.get("/actions?status=later")).text

    assert numbers(mine) == ["INV-HIGH", "INV-YEN", "INV-LOW"]
    assert '<span class="count">3</span>' in mine
    assert numbers(everybody) == ["INV-HIGH", "INV-THEIRS", "INV-YEN", "INV-LOW"]
    assert numbers(put_off) == ["INV-LATER"]


async def test_filters_live_in_the_address(book: Book, max_: Browser) -> None:
    a_todo(book, "INV-MAIL", "100.00")
    a_todo(book, "INV-CALL", "9000.00", "By phone")
    fresh = datetime.now(UTC).astimezone(PARIS).date() - timedelta(days=2)
    a_todo(book, "INV-FRESH", "500.00", due_on=fresh)

    async def listed(query: str) -> list[str]:
        return numbers((await max_.get(f"/actions?{query}")).text)

    assert await listed("channel=call") == ["INV-CALL"]
    assert await listed("cadence=By+hand") == ["INV-FRESH", "INV-MAIL"]
    assert await listed("customer=C-INV-MAIL") == ["INV-MAIL"]
    assert await listed("min=400&max=1000") == ["INV-FRESH"]
    assert await listed("age=1-30") == ["INV-CALL", "INV-FRESH", "INV-MAIL"]
    assert await listed("age=31-60") == []
    assert await listed(f"owner={GROUP}&sort=due") == ["INV-MAIL", "INV-CALL", "INV-FRESH"]
    assert "There is no such customer" in (await max_.get("/actions?customer=nobody")).text
    part = await max_.get("/actions?channel=call", headers=HTMX)
    assert part.text.startswith('<div id="work"')
    assert numbers(part.text) == ["INV-CALL"]


async def test_an_address_without_a_meaning_is_no_error_of_ours(max_: Browser) -> None:
    far = "99999999999999999999"
    queries = ["channel=pigeon", "status=lost", "status=done", "sort=luck", "age=7", "min=NaN", "max=1e999"]
    queries += ["min=0x10", "open=-1", f"open={far}", "after=yesterday", "after=2026-01-01_1_x"]
    queries += [f"after=2026-01-01_{far}", "customer=%00", f"cadence={'x' * 301}"]

    statuses = {query: (await max_.get(f"/actions?{query}")).status_code for query in queries}

    assert statuses == dict.fromkeys(queries, 422)
    assert (await max_.get("/actions/all?status=later")).status_code == 422


async def test_pages_of_a_list_follow_each_other(
    book: Book, max_: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in range(5):
        a_todo(book, f"INV-{one}", f"{100 + one}.00")
    monkeypatch.setattr("console.web.pages.actions.PAGE_LINES", 2)
    for base in ("/actions", "/actions?sort=due", "/actions/all?cadence=By+hand&min=1", "/actions/all?sort=value"):
        seen: list[str] = []
        path: str | None = base
        while path is not None:
            page = (await max_.get(path)).text
            seen += numbers(page)
            older = re.search(r'<a href="([^"]+)" rel="next"', page)
            path = older[1].replace("&amp;", "&") if older else None
        assert sorted(seen) == [f"INV-{one}" for one in range(5)], base


async def test_what_is_planned_is_listed_as_coming(book: Book, max_: Browser) -> None:
    today = datetime.now(UTC).astimezone(PARIS).date()
    book.invoice("INV-SOON", now(), due_on=today + timedelta(days=20), issued_on=today)
    a_todo(book, "INV-MAIL")

    coming = (await max_.get("/actions/all?status=coming&customer=C-1&channel=email")).text

    assert numbers(coming) == ["INV-SOON"]
    assert numbers((await max_.get("/actions/all?status=coming&channel=call")).text) == []
    assert (await max_.get("/actions/all?status=coming&after=2026-01-01T00:00:00_5")).status_code == 422


async def test_a_call_opens_with_contact_balance_and_history_and_all_of_it_escaped(
    book: Book, max_: Browser
) -> None:
    todo = a_todo(book, "INV-CALL", "9000.00", "By phone", customer_name=HOSTILE, contact_first_name=HOSTILE)

    page = (await max_.get(f"/actions?open={todo}")).text
    part = (await max_.get(f"/actions/{todo}/pane?back=/actions", headers=HTMX)).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in part
    for shown in ("inv-call@customers.example", "€9,000.00", "History", "to-do opened", "no answer", "promised"):
        assert shown in part


async def test_an_outcome_ends_the_to_do_and_the_next_one_follows(book: Book, max_: Browser) -> None:
    first = a_todo(book, "INV-A", "300.00", "By phone")
    second = a_todo(book, "INV-B", "200.00", "By phone")
    friday = datetime.now(UTC).astimezone(PARIS).date() + timedelta(days=5)
    form = {
        **await opened(max_, first),
        "outcome": "promised",
        "promised_for": friday.isoformat(),
        "note": "in instalments",
    }

    answer = await max_.post(f"/actions/{first}/complete", form)

    assert answer.status_code == 303
    assert place_of(answer) == f"/actions?open={second}"
    assert state_of(book, first) == "done promised"
    assert book.one("SELECT promised_for FROM promises") == friday
    assert (
        book.one("SELECT actor || ' ' || verb FROM audit_log WHERE about_kind = 'to-do'")
        == f"{MEMBER} to-do completed"
    )
    assert "INV-A, Customer of INV-A: Done." in (await max_.get(place_of(answer))).text

    answer = await max_.post(f"/actions/{second}/complete", {**await opened(max_, second), "outcome": "ignored"})

    assert place_of(answer) == "/actions"
    assert "All done" in (await max_.get("/actions")).text


async def test_what_cannot_be_carried_out_changes_nothing(book: Book, max_: Browser) -> None:
    todo = a_todo(book, "INV-CALL", cadence="By phone")
    promised = {"outcome": "promised"}
    asked: list[tuple[int, Mapping[str, str]]] = [
        (409, promised),
        (422, {**promised, "promised_for": "soon"}),
        (422, {**promised, "promised_for": "2099-01-01", "amount": "NaN"}),
        (409, {**promised, "promised_for": "2099-01-01", "amount": "-5"}),
        (409, {**promised, "promised_for": "1999-01-01"}),
        (409, {"outcome": "eaten"}),
        (422, {"note": "\x00"}),
        (409, {"version": "forged"}),
    ]

    for status, form in asked:
        answer = await max_.post(f"/actions/{todo}/complete", {**await opened(max_, todo), **form})

        assert answer.status_code == status, form
        assert state_of(book, todo) == "open -"
        assert not book.rows("SELECT id FROM audit_log WHERE about_kind = 'to-do'")
    back = "https://evil.example/actions"
    done = await max_.post(f"/actions/{todo}/complete", {**await opened(max_, todo), "back": back})
    assert place_of(done) == "/actions"


async def test_a_to_do_is_put_off_and_handed_on(book: Book, max_: Browser) -> None:
    todo, other = a_todo(book, "INV-A"), a_todo(book, "INV-B")
    day = datetime.now(UTC).astimezone(PARIS).date() + timedelta(days=3)

    await max_.post(f"/actions/{todo}/snooze", {**await opened(max_, todo), "until": day.isoformat()})
    await max_.post(f"/actions/{other}/assign", {**await opened(max_, other), "owner": OWNER})
    past = await max_.post(f"/actions/{todo}/snooze", {**await opened(max_, todo), "until": "2020-01-01"})
    nobody = await max_.post(f"/actions/{other}/assign", {**await opened(max_, other), "owner": "nobody"})

    assert book.one("SELECT snoozed_until FROM actions WHERE id = :id", id=todo) == day
    assert book.one("SELECT owner FROM actions WHERE id = :id", id=other) == OWNER
    assert past.status_code == nobody.status_code == 409
    assert numbers((await max_.get("/actions")).text) == []


async def test_a_message_is_edited_previewed_and_sent(book: Book, max_: Browser) -> None:
    todo = a_todo(book, "INV-MAIL")
    text = "Hello **Ana**,\r\n\r\n<img src=x onerror=alert(1)> please pay."

    preview = await max_.post("/actions/preview", {"body": text}, headers=HTMX)
    saved = await max_.post(
        f"/actions/{todo}/message", {**await opened(max_, todo), "subject": "Your invoice", "body": text}
    )
    page = (await max_.get(f"/actions?open={todo}")).text
    form = {"version": version(page), "back": "/actions", "subject": "Another", "body": text, "do": "send"}
    sent = await max_.post(f"/actions/{todo}/message", form)

    assert "<strong>Ana</strong>" in preview.text
    assert "<img" not in preview.text
    assert place_of(saved) == f"/actions?open={todo}"
    assert "Your invoice" in page
    assert place_of(sent) == "/actions"
    subject, body, by = book.one(
        "SELECT draft_subject, draft_body, approved_by FROM actions WHERE id = :id", id=todo
    )
    assert (subject, by) == ("Another", MEMBER)
    assert body == text.replace("\r\n", "\n") + "\n"
    assert "about to be sent" in (await max_.get("/actions")).text


async def test_what_was_not_edited_goes_out_as_its_template_has_it(book: Book, max_: Browser) -> None:
    todo = a_todo(book, "INV-MAIL")
    page = (await max_.get(f"/actions?open={todo}")).text
    subject = re.search(r'name="subject" value="([^"]*)"', page)
    body = re.search(r'<textarea name="body"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert subject is not None
    assert body is not None
    form = {"version": version(page), "subject": subject[1], "body": body[1].replace("\n", "\r\n"), "do": "send"}

    answer = await max_.post(f"/actions/{todo}/message", form)

    assert answer.status_code == 303
    assert book.one("SELECT draft_subject, draft_body, approved_by FROM actions WHERE id = :id", id=todo) == (
        None,
        None,
        MEMBER,
    )


async def test_the_second_of_two_people_is_told_and_overwrites_nothing(book: Book, max_: Browser) -> None:
    todo = a_todo(book, "INV-MAIL")
    async with browsing(book.engine, web=max_.web) as ada:
        await ada.sign_in(ADMIN)
        mine, hers = await opened(max_, todo), await opened(ada, todo)
        await ada.post(f"/actions/{todo}/message", {**hers, "subject": "Hers", "body": "Her text"})

        second = await max_.post(f"/actions/{todo}/message", {**mine, "subject": "Mine", "body": "My text"})

        assert second.status_code == 409
        assert "Somebody changed this to-do" in second.text
        assert 'value="Mine"' in second.text, "what was typed is not lost"
        assert "Her text" in second.text, "and what is kept now is shown"
        assert book.one("SELECT draft_subject FROM actions WHERE id = :id", id=todo) == "Hers"

        mine, hers = await opened(max_, todo), await opened(ada, todo)
        done = await ada.post(f"/actions/{todo}/complete", hers)
        late = await max_.post(
            f"/actions/{todo}/message", {**mine, "subject": "Mine", "body": "My text", "do": "send"}
        )
        again = await ada.post(f"/actions/{todo}/complete", hers)

        assert done.status_code == 303
        assert late.status_code == again.status_code == 409
        assert f"Somebody was faster: {ADMIN} ended this to-do" in late.text
        assert "My text" in late.text
        assert state_of(book, todo) == "done done"
        assert book.one("SELECT count(*) FROM audit_log WHERE verb = 'to-do completed'") == 1


async def test_money_that_came_meanwhile_is_seen_before_a_message_about_it_goes_out(
    book: Book, max_: Browser
) -> None:
    todo = a_todo(book, "INV-MAIL")
    form = {**await opened(max_, todo), "subject": "Please pay", "body": "1,000 EUR", "do": "send"}
    book.pay(book.id_of("INV-MAIL"), "400.00", now())

    answer = await max_.post(f"/actions/{todo}/message", form)

    assert answer.status_code == 409
    assert book.one("SELECT approved_by FROM actions WHERE id = :id", id=todo) is None


async def test_many_are_done_at_once_with_a_result_for_each(book: Book, max_: Browser) -> None:
    todos = [a_todo(book, f"INV-{one}") for one in range(3)]
    book.do(lambda session: end_invoice(session, book.id_of("INV-2"), InvoiceState.VOID, a_change(now())))
    form = {"do": "ignored", "ids": [str(todo) for todo in todos]}

    answer = await max_.post("/actions/bulk", form)  # type: ignore[arg-type]  # a form may name one field often

    assert "2 of 3 done" in answer.text
    assert f"to-do {todos[2]} was canceled" in answer.text
    assert [state_of(book, todo) for todo in todos] == ["ignored ignored", "ignored ignored", "canceled -"]
    assert book.one("SELECT count(*) FROM audit_log WHERE verb = 'to-do ignored'") == 2


async def test_all_that_match_are_those_that_somebody_was_shown(book: Book, max_: Browser) -> None:
    todos = [a_todo(book, f"INV-{one}", f"{one}00.00") for one in (1, 2, 9)]
    day = (datetime.now(UTC).astimezone(PARIS).date() + timedelta(days=3)).isoformat()
    back = "/actions?max=500"
    form = {"do": "snooze", "until": day, "everything": "1", "back": back}

    changed = await max_.post("/actions/bulk", {**form, "expected": "3"})
    nothing = await max_.post("/actions/bulk", {"do": "done", "back": back})
    dayless = await max_.post("/actions/bulk", {**form, "until": "", "expected": "2"})
    done = await max_.post("/actions/bulk", {**form, "expected": "2"})

    assert changed.status_code == nothing.status_code == dayless.status_code == 409
    assert "other to-dos match" in changed.text
    assert "2 of 2 done" in done.text
    assert [book.one("SELECT snoozed_until FROM actions WHERE id = :id", id=todo) for todo in todos] == [
        date.fromisoformat(day),
        date.fromisoformat(day),
        None,
    ]


async def test_an_order_about_many_holds_no_invoice_while_it_waits_for_another(book: Book, max_: Browser) -> None:
    first, second = (a_todo(book, number) for number in ("INV-1", "INV-2"))
    form = {"do": "ignored", "ids": [str(first), str(second)], "back": "/actions"}

    with book.engine.begin() as somebody:
        somebody.execute(LOCKED, {"number": "INV-2"})
        under_way = asyncio.create_task(max_.post("/actions/bulk", form))  # type: ignore[arg-type]  # a field often
        while state_of(book, first) != "ignored ignored":
            assert not under_way.done()
            await asyncio.sleep(0.01)
        somebody.execute(LOCKED, {"number": "INV-1"})

    assert "2 of 2 done" in (await under_way).text


async def test_nobody_gets_at_it_without_a_role_or_from_elsewhere(book: Book, max_: Browser) -> None:
    todo = a_todo(book, "INV-MAIL")
    form = await opened(max_, todo)

    forged = await max_.post(f"/actions/{todo}/complete", form, headers={"Sec-Fetch-Site": "cross-site"})
    unknown = [
        (await max_.get(path)).status_code for path in ("/actions?open=12345", "/actions/999999999999999999999")
    ]
    missing = await max_.post("/actions/12345/complete", form)
    async with browsing(book.engine, web=max_.web) as stranger:
        asked = await stranger.get(f"/actions?open={todo}")
        ordered = await stranger.post(f"/actions/{todo}/complete", form)

    assert forged.status_code == 403
    assert unknown == [404, 422]
    assert missing.status_code == 404
    assert place_of(asked).startswith("/sign-in")
    assert place_of(ordered).startswith("/sign-in")
    assert state_of(book, todo) == "open -"


async def test_somebody_without_to_dos_is_shown_those_of_the_others(book: Book, max_: Browser) -> None:
    a_todo(book, "INV-MAIL")
    async with browsing(book.engine, web=max_.web) as ada:
        await ada.sign_in(ADMIN)

        page = (await ada.get("/actions")).text

    assert "All done" in page
    assert "/actions?owner=%40all" in page


async def test_why_a_to_do_is_here_is_said_in_the_readers_language(book: Book, max_: Browser) -> None:
    todo, why = a_todo(book, "INV-ONE"), "the customer has no e-mail address that can be written to"
    book.run("UPDATE actions SET obstacle = :why", why=why)
    book.run("UPDATE contacts SET unreachable_because = :why", why=why)

    page = (await max_.get(f"/actions?open={todo}", {"Accept-Language": "fr"})).text

    assert why not in page
    assert page.count("le client n’a pas d’adresse e-mail utilisable") == 3
