"""The shipped texts in all their languages."""

import re
from dataclasses import replace
from datetime import date

import pytest

from mailer.checks import check
from mailer.texts import shipped_languages, shipped_text, template_names
from tests.mailer.builders import a_letter, partly_paid, rendered_text
from tests.mailer.test_several_invoices import THREE

MAILS = sorted(template_names() - {"call"})
# A polite close, and how the reader is addressed; never the familiar forms.
FAMILIAR = {
    "fr": r"\b(tu|ton|ta|tes|toi)\b",
    "de": r"\b(du|dein|deine|dir|dich)\b",
    "es": r"\b(tú|tu|tus|te|ti)\b",
}
AMOUNT = {"en": "€4,000.00", "fr": "4 000,00 €", "de": "4.000,00 €", "es": "4.000,00 €"}
DUE = {"en": "June 1, 2026", "fr": "1er juin 2026", "de": "1. Juni 2026", "es": "1 de junio de 2026"}
TABLE = {"en": "Open in all", "fr": "Total restant dû", "de": "Insgesamt offen", "es": "Total pendiente"}
LETTERS = {
    "before the due date": a_letter(today=date(2026, 5, 29)),
    "overdue by a day": a_letter(today=date(2026, 6, 2)),
    "partly paid": partly_paid(pay_link="https://pay.example/1", sender_signature="Mara\nAR"),
    "nobody is named": a_letter(contact_first_name=None, contact_last_name=None, po_number=None, bank_details=""),
    "only a first name": a_letter(contact_last_name=None),
    "several": a_letter(listed=THREE),
}


def test_there_are_five_mails_and_a_script_in_four_languages() -> None:
    assert shipped_languages() == ("de", "en", "es", "fr")
    assert set(MAILS) == {"upcoming", "reminder", "second-reminder", "third-reminder", "final-notice"}


@pytest.mark.parametrize("language", shipped_languages())
@pytest.mark.parametrize("template", sorted(template_names()))
def test_every_text_passes_its_own_checks(template: str, language: str) -> None:
    text = shipped_text(template, language)
    assert text is not None

    found = check(text, fields={"invoice": frozenset(), "customer": frozenset()})

    assert [str(one) for one in found if template != "call" or one.severity == "error"] == []


@pytest.mark.parametrize("situation", LETTERS)
@pytest.mark.parametrize("language", shipped_languages())
@pytest.mark.parametrize("template", MAILS)
def test_every_mail_can_be_made_in_every_situation(template: str, language: str, situation: str) -> None:
    rendered = rendered_text(template, replace(LETTERS[situation], locale=language))

    plain = f"{rendered.subject}\n{rendered.body}"
    assert re.search(r"[{}]|%|None|\bFalse\b|Decimal| ,|  |\n{3}|\*", plain) is None, plain
    assert rendered.html is not None
    assert f'lang="{language}"' in rendered.html
    content = rendered.html.split('class="content"', 1)[1]
    assert "INV-1" in content
    assert "{{" not in content
    assert "<p></p>" not in content
    assert re.search(FAMILIAR.get(language, "$^"), rendered.body.lower()) is None
    if language != "en":
        assert re.search(r"\b(Dear|invoice|regards|payment|overdue)\b", plain) is None, plain


@pytest.mark.parametrize("language", shipped_languages())
@pytest.mark.parametrize("template", MAILS)
def test_amounts_and_days_are_written_as_the_language_does(template: str, language: str) -> None:
    body = " ".join(rendered_text(template, replace(partly_paid(), locale=language)).body.split())

    assert AMOUNT[language] in body
    assert DUE[language] in body


@pytest.mark.parametrize("language", shipped_languages())
@pytest.mark.parametrize("template", MAILS)
def test_several_invoices_are_a_table_and_lines(template: str, language: str) -> None:
    rendered = rendered_text(template, replace(LETTERS["several"], locale=language))

    assert TABLE[language] in rendered.body
    assert [line[:7] for line in rendered.body.splitlines() if line.startswith("- ")] == [
        "- INV-1",
        "- INV-2",
        "- INV-3",
    ]
    assert rendered.html is not None
    assert rendered.html.count('class="cell"') == 9


@pytest.mark.parametrize("language", shipped_languages())
@pytest.mark.parametrize("template", ["third-reminder", "final-notice"])
def test_the_last_ones_name_a_day(template: str, language: str) -> None:
    named = {"en": "July 8, 2026", "fr": "8 juillet 2026", "de": "8. Juli 2026", "es": "8 de julio de 2026"}

    assert (
        named[language] in rendered_text(template, replace(a_letter(today=date(2026, 7, 1)), locale=language)).body
    )
