"""Signing in and out as somebody at a browser does it, and as somebody who should not."""

import re
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from console.web.attempts import ACCOUNT_TRIES, ADDRESS_TRIES, network_of
from console.web.known_browsers import known_as
from console.web.navigation import first_page
from console.web.service import Web
from db.engine import Engine, transaction
from db.operations.access import set_role
from db.operations.people import deactivate_user
from db.queries.access import IDLE_MAX, SESSION_MAX, Role, account_named
from intake import passwords
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, PASSWORD, Browser, browsing, make_team, place_of

SESSION = "duewell-session"


async def test_nobody_can_sign_in_before_there_is_anybody(engine: Engine) -> None:
    async with browsing(engine) as browser:
        shown = (await browser.get("/sign-in")).text

    assert "Nobody can sign in yet" in shown
    assert "duewell user password" in shown
    assert '<form method="post" action="/sign-in"' not in shown


async def test_a_password_lets_in_and_signing_out_ends_the_session_in_the_ledger(
    browser: Browser, book: Book
) -> None:
    assert place_of(await browser.sign_in(OWNER.upper())) == "/"
    token = browser.cookies[SESSION]
    assert place_of(await browser.get("/")) == first_page(Role.OWNER)

    out = await browser.post("/sign-out")

    assert place_of(out) == "/sign-in"
    assert "You are signed out." in (await browser.get("/sign-in")).text
    assert "You are signed out." not in (await browser.get("/sign-in")).text
    assert book.one("SELECT count(*) FROM sessions") == 0
    browser.client.cookies.set(SESSION, token)
    assert place_of(await browser.get("/account")) == "/sign-in?next=%2Faccount&ended=1"
    assert book.rows("SELECT verb FROM audit_log ORDER BY id") == ["signed in", "signed out"]


async def test_a_wrong_password_and_an_unknown_user_are_answered_alike(browser: Browser) -> None:
    wrong = await browser.sign_in(OWNER, "another password")
    unknown = await browser.sign_in("ana@duewell.exampl", PASSWORD)

    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace(OWNER, "") == unknown.text.replace("ana@duewell.exampl", "")
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("email", [OWNER, "ana@duewell.exampl"])
async def test_an_unknown_user_costs_what_a_known_one_costs(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    compared: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # the library's
            compared.append(str(hash))
            return super().verify(hash, password)

    hasher = passwords._HASHER
    passwords._nobodys.cache_clear()
    monkeypatch.setattr(passwords, "_HASHER", Watched(hasher.time_cost, hasher.memory_cost, hasher.parallelism))
    await browser.sign_in(email, "another password")

    # A clock would tell less: how long one comparison takes follows from these, and varies with the machine.
    (kept,) = compared
    assert not passwords.is_outdated(kept)


async def test_a_token_that_somebody_planted_is_worth_nothing_after_signing_in(browser: Browser) -> None:
    browser.client.cookies.set(SESSION, "planted", domain="pages.example")

    await browser.sign_in()

    assert browser.client.cookies.get(SESSION, domain="pages.example") not in (None, "planted")
    assert (await browser.get("/account")).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 500, "a.b.c", "%00", "' OR 1=1 --"])
async def test_what_is_no_token_is_nobody(browser: Browser, token: str) -> None:
    answer = await browser.get("/account", {"Cookie": f"{SESSION}={token}"})

    assert place_of(answer).startswith("/sign-in")


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE sessions SET last_seen_at = now() - interval '{IDLE_MAX / timedelta(seconds=1)} s'",
        f"UPDATE sessions SET expires_at = now(), created_at = now() - interval '{SESSION_MAX.days} days'",
        "UPDATE users SET is_active = false WHERE email = 'max@duewell.example'",
        "DELETE FROM sessions",
    ],
)
async def test_a_session_that_is_over_opens_nothing(browser: Browser, book: Book, change: str) -> None:
    await browser.sign_in(MEMBER)
    assert (await browser.get("/account")).status_code == 200

    book.run(change)

    assert place_of(await browser.get("/account")) == "/sign-in?next=%2Faccount&ended=1"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["a page", "a part of one"])
async def test_a_late_answer_to_an_old_session_leaves_the_new_one_alone(
    browser: Browser, book: Book, headers: dict[str, str]
) -> None:
    """As when somebody signs in again in another tab while this one still asks."""
    await browser.sign_in(MEMBER)
    old = browser.cookies[SESSION]
    book.run("DELETE FROM sessions")
    await browser.sign_in(MEMBER)

    late = await browser.get("/account", {**headers, "Cookie": f"{SESSION}={old}"})

    assert late.status_code in (303, 401)
    assert (await browser.get("/account")).status_code == 200


async def test_another_role_holds_from_the_next_request_on(browser: Browser, engine: Engine) -> None:
    await browser.sign_in(ADMIN)
    assert (await browser.get("/audit")).status_code == 200

    with transaction(engine) as session:
        set_role(session, ADMIN, Role.MEMBER)

    refused = await browser.get("/audit")
    assert refused.status_code == 403
    assert "not for your role" in refused.text
    assert place_of(await browser.get("/")) == first_page(Role.MEMBER)


async def test_who_is_deactivated_cannot_come_back(browser: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        deactivate_user(session, MEMBER)

    assert (await browser.sign_in(MEMBER)).status_code == 422


async def test_guessing_ends_and_does_not_keep_the_owner_out(engine: Engine) -> None:
    make_team(engine)
    async with browsing(engine) as home:
        await home.sign_in(OWNER)
        known = home.cookies["duewell-browser"]
        web = Web(engine, home.web.processes)
        async with browsing(engine, web=web) as stranger:
            answers = [await stranger.sign_in(OWNER, f"guess {n}") for n in range(ACCOUNT_TRIES + 1)]
            right = await stranger.sign_in(OWNER)
            assert (await stranger.sign_in(ADMIN)).status_code == 303, "others are not kept out"
        async with browsing(engine, web=web) as owner:
            owner.client.cookies.set("duewell-browser", known)
            at_home = await owner.sign_in(OWNER)
        async with browsing(engine, web=web) as owner:
            owner.client.cookies.set("duewell-browser", known[:-1] + ("0" if known[-1] != "0" else "1"))
            forged = await owner.sign_in(OWNER)

    assert [answer.status_code for answer in answers] == [422] * ACCOUNT_TRIES + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 600
    assert "Too many attempts" in answers[-1].text
    assert right.status_code == 429, "the right password is no way to find out that it is right"
    assert at_home.status_code == 303
    assert forged.status_code == 429


async def test_a_browser_is_known_also_where_the_password_was_kept_anew(browser: Browser, book: Book) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    book.run("UPDATE users SET password_hash = :older WHERE email = :email", older=older, email=OWNER)

    await browser.sign_in(OWNER)

    with transaction(book.engine) as session:
        account = account_named(session, OWNER)
    assert account is not None
    assert account.password_hash != older
    assert known_as(browser.cookies["duewell-browser"], account) is not None


async def test_an_address_that_guesses_at_many_accounts_has_to_wait(browser: Browser) -> None:
    answers = [await browser.sign_in(f"user{n}@duewell.example", "x") for n in range(ADDRESS_TRIES + 10)]

    # While it guesses, a try comes back every few seconds.
    statuses = [answer.status_code for answer in answers]
    assert statuses[:ADDRESS_TRIES] == [422] * ADDRESS_TRIES
    assert 429 in statuses


def test_a_network_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1")
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::1")
    assert network_of("10.0.0.1") != network_of("10.0.0.2")


async def test_an_office_behind_one_address_signs_in_without_waiting(browser: Browser) -> None:
    for _ in range(ADDRESS_TRIES + 5):
        assert (await browser.sign_in(ADMIN)).status_code == 303


@pytest.mark.parametrize(
    "form", [{}, {"email": OWNER}, {"password": PASSWORD}, {"email": "x" * 400, "password": "x"}]
)
async def test_half_a_form_lets_nobody_in(browser: Browser, form: dict[str, str]) -> None:
    assert (await browser.post("/sign-in", form)).status_code == 422


async def test_what_was_typed_is_shown_as_text(browser: Browser) -> None:
    answer = await browser.sign_in('"><script>alert(1)</script>@x.example', "x")

    assert "<script>alert" not in answer.text
    assert not re.search(r'value="three', (await browser.sign_in(OWNER, "three")).text)
