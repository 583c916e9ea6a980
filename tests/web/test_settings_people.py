"""Settings: users, groups and API keys, as owners and admins keep them."""

import re
from html import unescape

from db.engine import transaction
from db.queries.api_keys import key_of_digest
from intake.api_keys import digest_of
from tests.db.book import Book
from tests.web.browser import ADMIN, MEMBER, OWNER, PASSWORD, Browser, browsing, place_of

USERS, GROUPS, KEYS = "/settings/users", "/settings/groups", "/settings/api-keys"
HOSTILE = "<script>alert(1)</script>"
NEW = "zoe@duewell.example"


def version_in(page: str) -> str:
    """Return the version that the page's forms carry."""
    return unescape(re.findall(r'name="version" value="([^"]+)"', page)[0])


async def test_each_role_gets_to_its_subjects(browser: Browser) -> None:
    await browser.sign_in(ADMIN)
    assert place_of(await browser.get("/settings")) == "/settings/organization"
    shown = (await browser.get("/settings/organization")).text
    assert KEYS in shown
    assert USERS not in shown
    forms = {"email": MEMBER, "name": "x", "role": "owner", "password": PASSWORD, "version": "x"}
    for path in ("", "/role", "/password", "/change", "/deactivate"):
        assert (await browser.post(f"{USERS}{path}", forms)).status_code == 403
    assert (await browser.get(f"{USERS}/{MEMBER}")).status_code == 403

    await browser.sign_in(MEMBER)
    for path in (KEYS, f"{KEYS}/revoke", GROUPS, f"{GROUPS}/delete", "/settings/webhooks/1/rotate"):
        assert (await browser.post(path, {"name": "x", "version": "x"})).status_code == 403


async def test_an_owner_adds_somebody_who_signs_in(browser: Browser, book: Book) -> None:
    await browser.sign_in()
    form = {"email": NEW, "name": "Zoë Ng", "role": "admin", "phone": "+33 1", "password": "words for a new user"}

    assert place_of(await browser.post(USERS, form)) == USERS

    again = await browser.post(USERS, form)
    assert again.status_code == 422
    assert "there is a user" in again.text
    assert "words for a new user" not in again.text
    async with browsing(browser.web.engine, web=browser.web) as hers:
        assert (await hers.sign_in(NEW, "words for a new user")).status_code == 303
        assert (await hers.get(KEYS)).status_code == 200
    verbs = book.rows("SELECT verb FROM audit_log WHERE about_name = :who AND actor = :by", who=NEW, by=OWNER)
    assert sorted(verbs) == ["password changed", "role changed", "user added"]


async def test_a_user_who_cannot_be_is_not_added_at_all(browser: Browser, book: Book) -> None:
    await browser.sign_in()
    sound = {"email": NEW, "name": "Zoë", "role": "member", "password": ""}
    for wrong in ({"role": "emperor"}, {"password": "short"}, {"email": "no address"}, {"name": "\u202ex"}):
        answer = await browser.post(USERS, {**sound, **wrong})
        assert answer.status_code == 422, wrong
        assert 'role="alert"' in answer.text

    assert book.one("SELECT count(*) FROM users WHERE email = :who", who=NEW) == 0


async def test_the_last_owner_stays_one(browser: Browser, book: Book) -> None:
    await browser.sign_in()
    version = version_in((await browser.get(f"{USERS}/{OWNER}")).text)

    demoted = await browser.post(f"{USERS}/role", {"email": OWNER, "version": version, "role": "member"})
    left = await browser.post(f"{USERS}/deactivate", {"email": OWNER})

    assert (demoted.status_code, left.status_code) == (422, 422)
    assert "last owner" in demoted.text
    assert book.one("SELECT role FROM users WHERE email = :who AND is_active", who=OWNER) == "owner"


async def test_the_second_of_two_owners_overwrites_nothing(browser: Browser, book: Book) -> None:
    await browser.sign_in()
    version = version_in((await browser.get(f"{USERS}/{MEMBER}")).text)
    form = {"email": MEMBER, "version": version, "name": "Max First", "phone": "", "signature": ""}

    assert (await browser.post(f"{USERS}/change", form)).status_code == 303
    late = await browser.post(f"{USERS}/change", {**form, "name": "Max Second"})
    role = await browser.post(f"{USERS}/role", {"email": MEMBER, "version": version, "role": "owner"})

    assert (late.status_code, role.status_code) == (409, 409)
    assert "Somebody else changed this meanwhile" in late.text
    assert "Max First" in late.text
    assert book.rows("SELECT name, role FROM users WHERE email = :who", who=MEMBER) == [("Max First", "member")]


async def test_a_password_set_for_somebody_signs_them_out(browser: Browser) -> None:
    async with browsing(browser.web.engine, web=browser.web) as his:
        await his.sign_in(MEMBER)
        await browser.sign_in()
        form = {"email": MEMBER, "password": "a first password"}
        assert (await browser.post(f"{USERS}/password", form)).status_code == 303

        assert place_of(await his.get("/account")).startswith("/sign-in")
        assert (await his.sign_in(MEMBER, "a first password")).status_code == 303
        assert (await browser.post(f"{USERS}/deactivate", {"email": MEMBER})).status_code == 303
        assert place_of(await his.get("/account")).startswith("/sign-in")
    assert (await browser.get(f"{USERS}/nobody@duewell.example")).status_code == 404


async def test_members_join_and_leave_a_group(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    assert (await browser.post(GROUPS, {"name": f"{HOSTILE}/?#", "members": MEMBER})).status_code == 303
    listed = (await browser.get(GROUPS)).text
    assert HOSTILE not in listed
    (path,) = re.findall(rf'href="({GROUPS}/[^"]+)"', listed)
    page = (await browser.get(unescape(path))).text
    assert f'value="{MEMBER}" checked' in page
    form = {"name": f"{HOSTILE}/?#", "version": version_in(page), "members": ADMIN}

    assert (await browser.post(f"{GROUPS}/members", form)).status_code == 303
    assert (await browser.post(f"{GROUPS}/members", {**form, "members": OWNER})).status_code == 409
    assert book.rows("SELECT u.email FROM group_members JOIN users u ON u.id = user_id") == [ADMIN]
    entry = book.rows("SELECT details FROM audit_log WHERE verb = 'group changed'")
    assert entry == [{"joined": [ADMIN], "left": [MEMBER]}]
    assert (await browser.post(f"{GROUPS}/delete", {"name": form["name"]})).status_code == 303
    assert (await browser.get(unescape(path))).status_code == 404


async def test_a_key_is_shown_once_and_revoked_at_once(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    form = {"name": HOSTILE, "scopes": "invoices:read", "expires": "2090-01-01"}

    made = await browser.post(KEYS, form)

    (token,) = re.findall(r'class="token"[^>]*>(duewell_[\w-]+)<', made.text)
    assert HOSTILE not in made.text
    assert made.headers["cache-control"] == "no-store"
    with transaction(browser.web.engine) as session:
        key = key_of_digest(session, digest_of(token))
    assert key is not None
    assert key.scopes == ("invoices:read",)
    twice = await browser.post(KEYS, form)
    assert twice.status_code == 422
    assert "take another name" in twice.text
    assert token not in (await browser.get(KEYS)).text
    assert token not in str(book.rows("SELECT details::text FROM audit_log"))
    for _ in range(2):
        assert (await browser.post(f"{KEYS}/revoke", {"name": HOSTILE})).status_code == 303
    verbs = book.rows("SELECT verb FROM audit_log WHERE about_kind = 'API key' ORDER BY id")
    assert verbs == ["API key made", "API key revoked"]


async def test_a_key_that_cannot_be_is_not_made(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    sound = {"name": "books", "scopes": "*", "expires": ""}
    for wrong in ({"scopes": "users:write"}, {"expires": "2001-01-01"}, {"expires": "soon"}, {"name": " "}):
        assert (await browser.post(KEYS, {**sound, **wrong})).status_code == 422, wrong
    assert (await browser.post(KEYS, {"name": "books"})).status_code == 422

    assert book.one("SELECT count(*) FROM api_keys") == 0
