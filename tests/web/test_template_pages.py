"""The pages of templates: who may write, what is found while one types, the mail in its frame, and a test."""

import re
from pathlib import Path

import pytest

from console.web.template_form import tags
from db.engine import Engine, transaction
from db.queries.templates import saved_texts
from devstack.mail_catcher import MailCatcher
from mailer.checks import check
from mailer.texts import Text
from settings import settings
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, Browser, place_of

HERE = "/templates/reminder/en"
GOOD = {
    "subject": "About {{ invoice.number }}",
    "body": "Dear customer,\r\n\r\npay {{ invoice.outstanding }}.\r\n",
    "invoice": "INV-1",
    "edition": "0",
}
EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def admin(browser: Browser, book: Book) -> Browser:
    """A browser in which an admin is signed in, on a ledger with an invoice."""
    book.invoice("INV-1", email="a@helios.example")
    await browser.sign_in(ADMIN)
    return browser


async def test_members_read_and_do_not_write(browser: Browser, engine: Engine) -> None:
    await browser.sign_in(MEMBER)

    listed, shown = await browser.get("/templates"), await browser.get(HERE)

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert "second-reminder" in listed.text
    assert "readonly" in shown.text
    assert "formaction" not in shown.text
    for path in (HERE, f"{HERE}/check", f"{HERE}/mail", f"{HERE}/test", "/templates/new"):
        assert (await browser.post(path, GOOD)).status_code == 403
    with transaction(engine) as session:
        assert saved_texts(session, "reminder") == {}


@pytest.mark.parametrize("path", ["/templates/nothing", "/templates/nothing/mail"])
async def test_what_is_not_there_is_said(admin: Browser, path: str) -> None:
    assert (await admin.get(path)).status_code in (404, 422)


@pytest.mark.parametrize("path", ["/templates/..%2f..%2fetc/en", "/templates/A/en", "/templates/reminder/xx-evil"])
async def test_names_that_cannot_be_are_refused(admin: Browser, path: str) -> None:
    assert (await admin.get(path)).status_code in (404, 422)


async def test_a_text_is_saved_once_and_nothing_is_overwritten(admin: Browser, engine: Engine) -> None:
    saved = await admin.post(HERE, GOOD)
    same = await admin.post(HERE, {**GOOD, "edition": "1"})
    stale = await admin.post(HERE, {**GOOD, "subject": "Mine"})

    assert (place_of(saved), place_of(same), stale.status_code) == (HERE, HERE, 409)
    assert "nothing was overwritten" in stale.text
    assert 'value="Mine"' in stale.text
    with transaction(engine) as session:
        text = saved_texts(session, "reminder")["en"]
    assert (text.number, text.subject, "\r" in text.body) == (1, "About {{ invoice.number }}", False)


async def test_a_text_with_an_error_is_not_saved_and_stays_in_the_form(admin: Browser, engine: Engine) -> None:
    answer = await admin.post(HERE, {**GOOD, "body": "{{ invoice.numbr }} " + EVIL})

    assert answer.status_code == 422
    assert "there is no tag invoice.numbr; did you mean" in answer.text
    assert EVIL not in answer.text
    with transaction(engine) as session:
        assert saved_texts(session, "reminder") == {}


async def test_checks_come_as_one_types(admin: Browser) -> None:
    found = await admin.post(f"{HERE}/check", {**GOOD, "body": "hello {{ nothing }}"}, headers=HTMX)
    early = await admin.post(
        "/templates/upcoming/en/check", {**GOOD, "subject": "{{ invoice.days_overdue }} days"}, headers=HTMX
    )

    assert found.text.lstrip().startswith('<div id="findings"')
    assert "there is no tag nothing" in found.text
    assert "can run before that" in early.text
    assert "subject" in early.text


async def test_the_mail_is_shown_in_a_frame_that_nothing_leaves(admin: Browser) -> None:
    for shown in (
        await admin.get(f"{HERE}/mail?invoice=INV-1"),
        await admin.post(f"{HERE}/mail", {**GOOD, "body": f"{EVIL} says {{{{ invoice.number }}}}"}),
    ):
        policy = shown.headers.get_list("content-security-policy")
        assert shown.status_code == 200
        assert len(policy) == 1
        assert "default-src 'none'" in policy[0]
        assert policy[0].endswith("sandbox")
        assert "script-src" not in policy[0]
        assert shown.headers["x-frame-options"] == "SAMEORIGIN"
        assert "INV-1" in shown.text
        assert EVIL not in shown.text
    editor = await admin.get(HERE)
    assert '<iframe name="mail" sandbox src' in editor.text
    assert editor.headers["x-frame-options"] == "DENY"


async def test_what_the_mail_is_written_for_and_why_there_is_none_are_said_in_the_readers_language(
    admin: Browser,
) -> None:
    french = {"Accept-Language": "fr"}
    coming = await admin.get(f"{HERE}/mail?invoice=INV-1", french)
    unused = await admin.get("/templates/third-reminder/en/mail?invoice=INV-1", french)
    broken = await admin.post(f"{HERE}/mail", {**GOOD, "invoice": "INV-2"}, french)

    assert re.search("Le message part le [^:<]+ : l’étape reminder [(]2 sur 5[)] de Standard[.]", coming.text)
    as_if = "Rédigé comme si l’étape upcoming (1 sur 5) de Standard avait lieu aujourd’hui"
    assert f"{as_if} : aucune étape de Standard n’a ce modèle." in unused.text
    assert "Choisissez une facture : il n’y a pas de facture INV-2." in broken.text


async def test_what_cannot_be_rendered_is_said_in_the_frame(admin: Browser) -> None:
    nobody = await admin.post(f"{HERE}/mail", {**GOOD, "invoice": EVIL})
    broken = await admin.post(f"{HERE}/mail", {**GOOD, "body": "{% if %}"})
    none = await admin.get("/templates/reminder/it/mail?invoice=INV-1")

    assert "Choose an invoice" in nobody.text
    assert EVIL not in nobody.text
    assert (broken.status_code, none.status_code) == (200, 200)
    assert "no text in force" in none.text


async def test_a_test_goes_to_one_address_and_is_no_contact(
    admin: Browser, engine: Engine, monkeypatch: pytest.MonkeyPatch, book: Book, tmp_path: Path
) -> None:
    with MailCatcher(tmp_path) as caught:
        monkeypatch.setenv("SMTP_URL", caught.smtp_url)
        settings.cache_clear()
        sent = await admin.post(f"{HERE}/test", {**GOOD, "to": "me@duewell.example"})
        wrong = await admin.post(f"{HERE}/test", {**GOOD, "to": "nobody"})
        lost = await admin.post(f"{HERE}/test", {**GOOD, "to": "me@duewell.example", "invoice": "INV-9"})
        messages = caught.messages()
    settings.cache_clear()

    assert "A test was sent to me@duewell.example" in sent.text
    assert (wrong.status_code, lost.status_code) == (422, 422)
    assert [one.recipients for one in messages] == [("me@duewell.example",)]
    assert book.rows("SELECT last_contact_on FROM collections") == [None]
    with transaction(engine) as session:
        assert saved_texts(session, "reminder") == {}


async def test_a_new_text_begins_in_the_editor(admin: Browser, engine: Engine) -> None:
    begun = await admin.post("/templates/new", {"name": "thank-you", "language": "de"})
    wrong = await admin.post("/templates/new", {"name": "Thank You", "language": "de"})

    assert place_of(begun) == "/templates/thank-you/de"
    assert (await admin.get(place_of(begun))).status_code == 200
    assert wrong.status_code == 422
    await admin.post("/templates/thank-you/de", GOOD)
    with transaction(engine) as session:
        assert set(saved_texts(session, "thank-you")) == {"de"}


def test_every_tag_that_is_offered_is_sound_as_it_is_put_in() -> None:
    for _, group in tags({"invoice": frozenset({"region"}), "customer": frozenset()}):
        for tag in group:
            fields = {"invoice": frozenset({"region"}), "customer": frozenset[str]()}
            findings = check(Text("Hello", f"{tag.written}\n"), (), fields)
            assert [one for one in findings if one.severity == "error"] == [], tag
