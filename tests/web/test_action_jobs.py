"""Orders over more to-dos than a page has: what they would do, their job, and what became of each to-do."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from console.web.id_lists import packed_ids
from db.operations.change import Change
from db.operations.messages.drafts import approve
from db.operations.todos import Ending, complete_todo
from db.queries.worklist import Count
from intake.jobs import over_todos
from intake.jobs.driver import advance, drive
from tests.db.book import PARIS, Book
from tests.db.jobs import open_over
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, browsing, place_of
from tests.web.todos import a_todo, lay_down

EVERYTHING = {"everything": "1", "back": "/actions?channel=email"}


@pytest.fixture
async def max_(book: Book, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Max, a member and a Cash Collector, signed in, where three to-dos are many and two are a page of a job."""
    monkeypatch.setattr("console.web.pages.action_bulk.AT_ONCE_MAX", 2)
    monkeypatch.setattr(over_todos, "PAGE", 2)
    lay_down(book)
    await browser.sign_in(MEMBER)
    return browser


def form_in(page: str) -> dict[str, str]:
    """Return what the form with the order carries."""
    form = page.split('action="/actions/bulk/order"', 1)[1].split("</form>", 1)[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def figures(page: str) -> dict[str, str]:
    """Return the figures of a page by what they count."""
    found = re.findall(r"<li[^>]*><strong>([\d,]+)</strong>(?: / [\d,]+)? ([^<]+?)\s*(?:<|</li>)", page)
    return {what: number for number, what in found}


def by_ana() -> Change:
    """Return the circumstances of what a colleague does now."""
    now = datetime.now(UTC)
    return Change(now, now.astimezone(PARIS).date(), OWNER)


async def previewed(browser: Browser, form: Mapping[str, str]) -> str:
    """Return the page that shows what an order would do."""
    answer = await browser.post("/actions/bulk", {**EVERYTHING, **form})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_many_messages_are_shown_then_ordered_once_and_go_out_for_those_that_were_shown(
    book: Book, max_: Browser
) -> None:
    todos = [a_todo(book, f"INV-{one}") for one in range(3)]
    call = a_todo(book, "INV-CALL", cadence="By phone")
    book.pause(book.id_of("INV-2"), f"{datetime.now(UTC).astimezone(PARIS):%Y-%m-%d %H:%M}")

    shown = await previewed(max_, {"do": "send", "expected": "3"})
    nothing_yet = book.rows("SELECT id FROM jobs"), book.rows("SELECT approved_by FROM actions")
    late = a_todo(book, "INV-LATE")
    ordered = await max_.post("/actions/bulk/order", form_in(shown))
    again = await max_.post("/actions/bulk/order", form_in(shown))
    (job_id,) = book.rows("SELECT id FROM jobs")
    begun = await max_.get(place_of(ordered))
    ended = drive(book.engine, job_id)
    over = await max_.get(place_of(ordered), HTMX)

    assert figures(shown) == {"messages would go out": "2", "would be left as they are": "1"}
    assert "nothing goes out: pause" in shown
    assert f"owner {MEMBER} and their groups, channel email" in shown
    assert nothing_yet == ([], [None] * 4)
    assert place_of(ordered) == place_of(again) == f"/actions/bulk/{job_id}"
    assert "It begins as soon as a worker takes it up." in begun.text
    assert (ended.state, ended.done, ended.changed, ended.failed) == ("done", 3, 2, 1)
    approved = book.rows("SELECT id FROM actions WHERE approved_by = :by ORDER BY id", by=MEMBER)
    assert approved == todos[:2]
    assert not {late, call} & set(approved)
    assert figures(over.text) == {"looked at": "3", "messages were released": "2", "left as they are": "1"}
    assert f'<a href="/actions/{todos[2]}">INV-2</a>' in over.text
    assert "hx-get" not in over.text, "nobody asks for what has ended"
    said = book.rows(
        "SELECT actor || ': ' || verb || ', ' || (details->>'to-dos') FROM audit_log WHERE about_kind = 'job'"
    )
    assert said == [f"{MEMBER}: bulk work ordered, 3"]
    assert book.rows("SELECT DISTINCT actor FROM timeline WHERE kind = 'message approved'") == [MEMBER]


async def test_what_others_do_before_its_turn_comes_stays_and_is_reported(book: Book, max_: Browser) -> None:
    todos = [a_todo(book, f"INV-{one}") for one in range(5)]
    ordered = await max_.post("/actions/bulk/order", form_in(await previewed(max_, {"do": "ignored"})))
    job_id = int(place_of(ordered).rpartition("/")[2])
    advance(book.engine, job_id)
    book.do(lambda session: complete_todo(session, todos[2], Ending("done"), by_ana()))
    book.do(lambda session: approve(session, todos[3], by_ana()))

    drive(book.engine, job_id)
    page = (await max_.get(place_of(ordered))).text
    further = (await max_.get(f"{place_of(ordered)}?after={todos[2]}")).text

    states = [book.one("SELECT state FROM actions WHERE id = :id", id=todo) for todo in todos]
    assert states == ["ignored", "ignored", "done", "open", "ignored"]
    assert f"was done by {OWNER}" in page
    assert f"{OWNER} said that its message goes out" in page
    assert f"was done by {OWNER}" not in further
    assert "First page" in further


async def test_what_follows_and_what_counts_is_shown_before_many_are_completed(book: Book, max_: Browser) -> None:
    for one in range(3):
        a_todo(book, f"INV-{one}")

    shown = await previewed(max_, {"do": "done"})

    assert figures(shown)["would be completed"] == figures(shown)["would count as a contact of today"] == "3"


async def test_a_list_that_nobody_counted_is_shown_first_however_few_it_has(
    book: Book, max_: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_todo(book, "INV-1")
    monkeypatch.setattr("console.web.pages.actions.count_work", lambda *_: Count(1, is_exact=False))

    page = (await max_.get("/actions")).text
    shown = await previewed(max_, {"do": "ignored", "expected": ""})

    assert "select all 1+ matching" in page
    assert 'name="expected"' not in page
    assert figures(shown)["would be ignored"] == "1"
    assert not book.rows("SELECT id FROM audit_log WHERE about_kind = 'to-do'")


async def test_ticked_ones_that_are_many_are_shown_first_too(book: Book, max_: Browser) -> None:
    todos = [a_todo(book, f"INV-{one}") for one in range(3)]

    answer = await max_.post("/actions/bulk", {"do": "assign", "owner": OWNER, "ids": [str(one) for one in todos]})
    ordered = await max_.post("/actions/bulk/order", form_in(answer.text))
    drive(book.engine, int(place_of(ordered).rpartition("/")[2]))

    assert figures(answer.text)["would be handed on"] == "3"
    assert book.rows("SELECT DISTINCT owner FROM actions") == [OWNER]
    assert "those that were ticked" in (await max_.get(place_of(ordered))).text


async def test_an_order_that_makes_no_sense_opens_no_job(book: Book, max_: Browser) -> None:
    todos = [a_todo(book, f"INV-{one}") for one in range(3)]
    ids = packed_ids(todos)

    past = await max_.post("/actions/bulk", {**EVERYTHING, "do": "snooze", "until": "2020-01-01"})
    nobody = await max_.post("/actions/bulk", {**EVERYTHING, "do": "assign", "owner": "nobody"})
    statuses = [
        (await max_.post("/actions/bulk/order", form)).status_code
        for form in (
            {"do": "eat", "ids": ids},
            {"do": "send", "ids": "forged"},
            {"do": "send"},
            {"do": "snooze", "ids": ids, "until": "soon"},
            {"do": "snooze", "ids": ids, "until": "2020-01-01"},
            {"do": "assign", "ids": ids, "owner": "nobody"},
        )
    ]

    assert past.status_code == nobody.status_code == 409
    assert "a day after today" in past.text
    assert "no group with the name" in nobody.text
    assert statuses == [422, 422, 422, 422, 409, 409]
    assert not book.rows("SELECT id FROM jobs")


async def test_a_job_is_canceled_by_whoever_ordered_it_or_an_admin(book: Book, max_: Browser) -> None:
    for one in range(3):
        a_todo(book, f"INV-{one}")
    async with browsing(book.engine, web=max_.web) as ada:
        await ada.sign_in(ADMIN)
        hers = place_of(await ada.post("/actions/bulk/order", form_in(await previewed(max_, {"do": "send"}))))
        refused = await max_.post(f"{hers}/cancel")
        page = (await max_.get(hers)).text
        canceled = await ada.post(f"{hers}/cancel")
    other = open_over(book.engine, "bulk hide")

    assert refused.status_code == 403
    assert f'action="{hers}/cancel"' not in page
    assert place_of(canceled) == hers
    assert book.rows("SELECT state FROM jobs WHERE kind = 'send to-dos'") == ["canceled"]
    assert book.rows("SELECT verb FROM audit_log WHERE about_kind = 'job' ORDER BY id") == [
        "bulk work ordered",
        "bulk work canceled",
    ]
    assert [(await max_.get(f"/actions/bulk/{id_}")).status_code for id_ in (other, 999_999)] == [404, 404]


async def test_the_page_of_all_jobs_says_what_was_ordered(book: Book, max_: Browser) -> None:
    for one in range(3):
        a_todo(book, f"INV-{one}")
    ordered = await max_.post("/actions/bulk/order", form_in(await previewed(max_, {"do": "send"})))
    job_id = place_of(ordered).rpartition("/")[2]
    async with browsing(book.engine, web=max_.web) as ada:
        await ada.sign_in(ADMIN)
        listed, shown = (await ada.get("/jobs")).text, (await ada.get(f"/jobs/{job_id}")).text

    assert "send to-dos" in listed
    assert 'class="file"' not in listed
    assert "channel email" in shown
