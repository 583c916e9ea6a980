"""My account and the audit log, as those who use them find them."""

import re

import pytest

from db.engine import transaction
from db.operations.audit import Acting, note
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, PASSWORD, Browser, browsing, place_of

NEW = "another three words"


def fields(new: str = NEW, repeated: str | None = None, current: str = PASSWORD) -> dict[str, str]:
    """Return the form for another password, filled in."""
    return {"current": current, "new": new, "repeated": new if repeated is None else repeated}


async def test_a_password_is_changed_and_every_other_session_ends(browser: Browser) -> None:
    await browser.sign_in(MEMBER)
    async with browsing(browser.web.engine, web=browser.web) as elsewhere:
        await elsewhere.sign_in(MEMBER)

        assert place_of(await browser.post("/account/password", fields())) == "/account"

        assert "password is changed" in (await browser.get("/account")).text
        assert place_of(await elsewhere.get("/account")).startswith("/sign-in")
        assert (await elsewhere.sign_in(MEMBER)).status_code == 422
        assert (await elsewhere.sign_in(MEMBER, NEW)).status_code == 303


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (fields(current="not my password"), "current password is not right"),
        ({"new": NEW, "repeated": NEW}, "current password is not right"),
        (fields(repeated="not the same words"), "not the same"),
        (fields(new="short"), "at least 12 characters"),
        (fields(new="a" * 300), "at least 12 characters"),
        (fields(new=MEMBER), "first that anybody would try"),
    ],
)
async def test_a_password_that_cannot_be_is_said_where_it_is_typed(
    browser: Browser, form: dict[str, str], said: str
) -> None:
    await browser.sign_in(MEMBER)

    answer = await browser.post("/account/password", form)

    assert answer.status_code == 422
    assert said in answer.text
    assert not re.search(r'type="password"[^>]*value=', answer.text)
    assert (await browser.sign_in(MEMBER)).status_code == 303


async def test_name_and_language_are_saved_once(browser: Browser, book: Book) -> None:
    await browser.sign_in(MEMBER)
    for _ in range(2):
        await browser.post("/account/profile", {"name": "Max Power", "locale": "fr_CA"})

    assert "Max Power" in (await browser.get("/account")).text
    assert book.rows("SELECT verb FROM audit_log ORDER BY id") == ["signed in", "user changed", "language changed"]
    for name in ("\u202ereversed", " "):
        assert (await browser.post("/account/profile", {"name": name})).status_code == 422
    assert (await browser.post("/account/profile", {"name": "Max", "locale": "xx_YY"})).status_code == 409


async def test_one_signs_out_elsewhere_and_nobody_else(browser: Browser, book: Book) -> None:
    await browser.sign_in(MEMBER)
    async with browsing(browser.web.engine, web=browser.web) as elsewhere:
        await elsewhere.sign_in(MEMBER)
        async with browsing(browser.web.engine, web=browser.web) as owner:
            await owner.sign_in(OWNER)
            of_max, of_owner = (
                book.rows(
                    "SELECT s.id FROM sessions s JOIN users u ON u.id = user_id WHERE email = :who ORDER BY s.id",
                    who=who,
                )
                for who in (MEMBER, OWNER)
            )
            assert (await browser.post(f"/account/sessions/{of_max[1]}/end")).status_code == 303
            assert (await browser.post(f"/account/sessions/{of_owner[0]}/end")).status_code == 303
            assert (await browser.post("/account/sessions/x/end")).status_code == 422

            assert (await owner.get("/account")).status_code == 200
        assert place_of(await elsewhere.get("/account")).startswith("/sign-in")
    assert (await browser.get("/account")).status_code == 200


def written(book: Book, count: int, verb: str = "signed in", actor: str = "cron") -> None:
    """Write entries into the log."""
    with transaction(book.engine) as session:
        for number in range(count):
            note(session, Acting(actor, None, "10.0.0.1"), verb, "user", f"<b>{number}</b>")


async def test_the_log_is_paged_and_filtered_by_the_address(browser: Browser, book: Book) -> None:
    written(book, 60)
    written(book, 3, "role changed", "Zoë <script>")
    await browser.sign_in(ADMIN)

    first = (await browser.get("/audit")).text
    (older,) = re.findall(r'href="(/audit\?before=\d+)"', first)
    second = (await browser.get(older)).text
    changed = (await browser.get("/audit?what=role+changed")).text

    assert first.count('role="row"') == 51
    assert second.count('role="row"') == 15
    assert 'href="/audit" rel="first"' in second
    assert changed.count('role="row"') == 4
    assert "<script>" not in changed.replace("<script src", "")
    assert "&lt;b&gt;" in first
    assert '<option value="role changed" selected>' in changed
    part = await browser.get("/audit?what=role+changed", HTMX)
    assert part.text.lstrip().startswith('<section id="entries"')
    assert "<html" not in part.text


async def test_what_is_asked_wrongly_of_the_log_is_a_page_too(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    for address in ("before=x", "before=-1", "before=99999999999999999999", f"who={'x' * 500}"):
        assert (await browser.get(f"/audit?{address}")).status_code == 422, address
    assert "Nothing fits" in (await browser.get("/audit?who=nobody")).text
