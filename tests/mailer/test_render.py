"""What every shipped text says, in which language and in which formats."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from babel import Locale

from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from mailer.formats import format_money
from mailer.refusals import CannotRender
from mailer.tags import Letter
from mailer.texts import TEMPLATES, template_names
from tests.mailer.builders import a_letter, partly_paid, rendered_text

NO_BREAK_SPACES = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "})
SITUATIONS = {
    "before the due date": a_letter(today=date(2026, 5, 29)),
    "on the due date": a_letter(today=date(2026, 6, 1)),
    "overdue by a day": a_letter(today=date(2026, 6, 2)),
    "overdue": a_letter(),
    "partly paid": partly_paid(),
    "nobody is named": a_letter(contact_first_name=None, contact_last_name=None),
    "only a last name": a_letter(contact_first_name=None),
    "only a first name": a_letter(contact_last_name=None),
    "no order number": a_letter(po_number=None),
    "no bank details": a_letter(bank_details=""),
}
UNTRANSLATED = next(tag for tag in ("is", "lv", "ka") if not (TEMPLATES / tag).exists())


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("template", sorted(template_names()))
def test_every_shipped_text_can_be_made(template: str, situation: str) -> None:
    rendered = rendered_text(template, SITUATIONS[situation])

    said = f"{rendered.subject}\n{rendered.body}"
    assert "INV-1" in said
    assert re.search(r"[{}]|%|None|\bFalse\b|Decimal| ,|  |\n{4}", said) is None, said
    assert "\n" not in rendered.subject
    assert rendered.body.endswith("\n")
    assert rendered.body == rendered.body.strip() + "\n"


@pytest.mark.parametrize("template", sorted(template_names() - {"call"}))
def test_a_partly_paid_invoice_shows_what_is_open_and_what_was_paid(template: str) -> None:
    said = rendered_text(template, partly_paid()).body

    assert "€4,000.00" in said
    assert "€6,000.00" in said


@pytest.mark.parametrize("template", sorted(template_names() - {"call"}))
def test_nobody_is_greeted_by_an_empty_name(template: str) -> None:
    assert rendered_text(template, a_letter(contact_first_name=None)).body.startswith("Dear customer,\n")
    assert rendered_text(template, a_letter()).body.startswith("Dear Ana,\n")


def test_one_day_is_singular() -> None:
    assert "1 day overdue" in rendered_text("second-reminder", a_letter(today=date(2026, 6, 2))).subject
    assert "10 days overdue" in rendered_text("second-reminder", a_letter()).subject


def test_days_are_counted_from_the_due_date_and_never_below_zero() -> None:
    counted = [
        (letter.days_overdue, letter.days_until_due)
        for letter in (a_letter(today=date(2026, 5, 29)), a_letter(today=date(2026, 6, 1)), a_letter())
    ]

    assert counted == [(0, 3), (0, 0), (10, 0)]
    assert (a_letter(due_on=None).days_overdue, a_letter(due_on=None).days_until_due) == (0, 0)


@pytest.mark.parametrize("template", sorted(template_names()))
def test_a_text_is_blocked_rather_than_sent_with_a_hole(template: str) -> None:
    """Rule 8.5: a tag without a value blocks the message."""
    with pytest.raises(CannotRender, match=r"invoice\.due_date has no value"):
        rendered_text(template, a_letter(due_on=None))


def test_what_customers_are_called_is_never_run_as_a_template() -> None:
    rendered = rendered_text("call", a_letter(customer_name="{{ organization.bank_details }}{% raw %}"))

    assert "{{ organization.bank_details }}{% raw %}" in rendered.subject


def test_a_line_break_in_a_value_never_reaches_the_subject() -> None:
    rendered = rendered_text("reminder", a_letter(invoice_number="INV-1\r\nBcc: everybody@helios.example"))

    assert rendered.subject.startswith("Reminder: invoice INV-1 Bcc: everybody@helios.example over")


MONEY = [
    ("1234.5", "EUR", "en", "€1,234.50"),
    ("1234.5", "EUR", "de", "1.234,50 €"),
    ("1234.5", "EUR", "fr", "1 234,50 €"),
    ("1234.5", "EUR", "de_CH", "EUR 1’234.50"),
    ("1234", "JPY", "en", "¥1,234"),
    ("1234567", "JPY", "ja", "￥1,234,567"),
    ("1234.567", "TND", "en", "TND 1,234.567"),
    ("0.5", "TND", "fr", "0,500 TND"),
    ("1234.56", "RSD", "en", "RSD 1,234.56"),
    ("5", "CHF", "en", "CHF 5.00"),
    ("-5", "CHF", "en", "-CHF 5.00"),
    ("5", "USD", "en_CA", "US$5.00"),
    ("1234.56", "RSD", "sr_Latn", "1.234,56 RSD"),
    ("123456789012345.6789", "USD", "en", "$123,456,789,012,345.68"),
    ("0.0000", "EUR", "en", "€0.00"),
]


@pytest.mark.parametrize(("amount", "currency", "locale", "written"), MONEY)
def test_money_is_written_as_the_locale_does_with_the_decimals_of_iso(
    amount: str, currency: str, locale: str, written: str
) -> None:
    shown = format_money(Money(Decimal(amount), currency), Locale.parse(locale))

    assert shown.translate(NO_BREAK_SPACES) == written


@pytest.mark.parametrize(("currency", "decimals"), sorted(CURRENCY_DECIMALS.items()))
def test_every_currency_is_written_with_its_own_decimals(currency: str, decimals: int) -> None:
    exact = Decimal(12345678).scaleb(-decimals)

    shown = format_money(Money(exact, currency), Locale("en"))

    assert re.sub(r"[^0-9.]", "", shown).strip(".") == f"{exact:.{decimals}f}"


@pytest.mark.parametrize("locale", [UNTRANSLATED, f"{UNTRANSLATED}-DE", "no such locale", "", "zz"])
def test_a_text_that_falls_back_to_english_has_english_dates_and_amounts(locale: str) -> None:
    assert rendered_text("reminder", a_letter(locale=locale)) == rendered_text("reminder", a_letter())


@pytest.mark.parametrize(("locale", "day"), [("en-GB", "1 June 2026"), ("en_US", "June 1, 2026")])
def test_english_keeps_the_formats_of_its_country(locale: str, day: str) -> None:
    assert f"was due on {day}," in rendered_text("reminder", a_letter(locale=locale)).body


def test_every_language_has_every_text() -> None:
    shipped = {folder.name: {path.stem for path in folder.glob("*.txt")} for folder in TEMPLATES.iterdir()}

    assert {language: template_names() - texts for language, texts in shipped.items()} == {
        language: set() for language in shipped
    }


@pytest.mark.parametrize("changed", [{}, {"po_number": None}, {"locale": "en-GB"}])
def test_rendering_is_a_function_of_the_letter_alone(changed: dict[str, Any]) -> None:
    letter: Letter = a_letter(**changed)

    assert rendered_text("reminder", letter) == rendered_text("reminder", letter)
