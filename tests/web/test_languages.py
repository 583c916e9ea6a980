"""Languages: every message has its French, and each reader gets dates and amounts as their locale has them."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from console.web.languages import CATALOGUES, LANGUAGES, OFFERED, SOURCE, catalogue_of, reader_for
from console.web.words import DETAILS, KINDS, ROLES, VERBS
from db.queries.access import Role
from tests.installation import ROOT
from tests.web.browser import MEMBER, Browser, place_of
from tests.web.messages import known_by, messages, missing, unused

PARIS = ZoneInfo("Europe/Paris")
OTHERS = [language for language in LANGUAGES if language != SOURCE]
# Lines of core and ledger have theirs in braces, of which another test sees to it.
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%(?!\w)")


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_in_the_catalogue_and_nothing_else_is(language: str) -> None:
    assert len(messages()) > 80
    assert missing(language) == []
    assert unused(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_message_stands_in_one_catalogue(language: str) -> None:
    standing = Counter(
        known_by(entry)
        for path in (CATALOGUES / language).glob("*.po")
        for entry in read_po(BytesIO(path.read_bytes()), locale=language)
        if entry.id
    )

    assert [message for message, times in standing.items() if times > 1] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_their_messages(language: str) -> None:
    for entry in catalogue_of(language):
        if entry.id:
            assert sorted(PLACEHOLDER.findall(str(entry.id))) == sorted(PLACEHOLDER.findall(str(entry.string)))


def test_whatever_is_written_into_the_log_has_a_word() -> None:
    code = "".join(path.read_text() for path in (ROOT / "intake").glob("*.py"))
    written = re.findall(
        r'note\(\s*session, (?:self\._acting\(\)|acting|Acting\([^)]*\)), "([^"]+)", "([^"]+)"', code
    )

    assert len(written) > 10
    verbs, kinds = {verb for verb, _ in written}, {kind for _, kind in written}
    # Pages have words of their own, beside those of all.
    assert set(VERBS) <= verbs <= messages().keys()
    assert set(KINDS) <= kinds <= messages().keys()
    assert set(ROLES) == set(Role)
    assert {"was", "role", "how"} < set(DETAILS)


@pytest.mark.parametrize(
    ("chosen", "accepted", "tag"),
    [
        (None, None, "en-GB"),
        (None, "de,fr-CH;q=0.7,en;q=0.3", "fr-CH"),
        (None, "en-US,en;q=0.9", "en-US"),
        (None, "en", "en-GB"),
        (None, "fr;q=0,de", "en-GB"),
        (None, "fr;q=x", "en-GB"),
        (None, "../../etc,\x00,*;q=1", "en-GB"),
        (None, "fr" * 5000, "en-GB"),
        ("fr_FR", "en-US", "fr-FR"),
        ("de_DE", "fr", "fr"),
        ("nonsense", None, "en-GB"),
    ],
)
def test_a_reader_is_spoken_to_in_their_language(chosen: str | None, accepted: str | None, tag: str) -> None:
    assert reader_for(chosen, accepted, PARIS).tag == tag


def test_amounts_days_and_moments_are_written_as_in_the_readers_region() -> None:
    amount, day, moment = Decimal("1234.5"), date(2026, 12, 31), datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    shown = {
        code: (reader.money(amount, "EUR"), reader.day(day, "short"), reader.moment(moment, "short"))
        for code in OFFERED
        for reader in [reader_for(code, None, PARIS)]
    }

    assert shown["en_GB"] == ("€1,234.50", "31/12/2026", "02/06/2026, 00:30")
    assert shown["en_US"][:2] == ("€1,234.50", "12/31/26")
    assert shown["fr_FR"][0] == "1\N{NARROW NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€"
    assert shown["fr_FR"][1] == "31/12/2026"
    assert shown["fr_CA"][1] == "2026-12-31"


async def test_pages_speak_the_language_that_was_chosen(browser: Browser) -> None:
    french = await browser.get("/sign-in", {"Accept-Language": "fr-BE"})
    assert '<html lang="fr-BE"' in french.text
    assert "Se connecter" in french.text
    await browser.sign_in(MEMBER)

    saved = await browser.post("/account/profile", {"name": "Max Doe", "locale": "fr_FR"})

    assert place_of(saved) == "/account"
    shown = (await browser.get("/account", {"Accept-Language": "en"})).text
    assert '<html lang="fr-FR"' in shown
    assert "Votre compte est enregistré." in shown
    assert '<option value="fr_FR" selected>Français (France)</option>' in shown
