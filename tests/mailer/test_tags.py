"""Every tag of collection.md section 8, in the words and formats of a language."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dunning.money import Money
from mailer.known_tags import all_tags
from mailer.refusals import CannotRender
from mailer.render import render
from mailer.tags import Standing
from mailer.texts import Text
from tests.mailer.builders import LOOK, a_letter
from tests.mailer.test_several_invoices import one

EUR, USD = Money(Decimal(12), "EUR"), Money(Decimal("3.5"), "USD")
FULL: dict[str, Any] = {
    "customer_external_id": "C-1",
    "pay_link": "https://pay.example/1",
    "view_link": "https://view.example/1",
    "invoice_custom": {"plan": "VIP", "score": Decimal("1234.5"), "signed": date(2026, 1, 2), "big": True},
    "customer_custom": {"plan": "Gold"},
    "sender_name": "Mara",
    "sender_email": "mara@duewell.example",
    "sender_phone": "+1",
    "sender_signature": "Mara\nAR",
    "step_name": "Reminder",
    "last_contact_on": date(2026, 6, 5),
    "standing": Standing((EUR, USD), (EUR,), 3, (one("INV-1", "12"), one("INV-2", "5"))),
}
SAID = {
    "invoice.number": "INV-1",
    "invoice.po_number": "PO-77",
    "invoice.issue_date": "May 2, 2026",
    "invoice.due_date": "June 1, 2026",
    "invoice.total": "€10,000.00",
    "invoice.paid": "€0.00",
    "invoice.outstanding": "€10,000.00",
    "invoice.is_partly_paid": "false",
    "invoice.currency": "EUR",
    "invoice.pay_link": "https://pay.example/1",
    "invoice.view_link": "https://view.example/1",
    "invoice.days_overdue": "10",
    "invoice.days_until_due": "0",
    "invoice.custom.plan": "VIP",
    "invoice.custom.score": "1,234.5",
    "invoice.custom.signed": "January 2, 2026",
    "invoice.custom.big": "true",
    "customer.name": "Société Hélios",
    "customer.external_id": "C-1",
    "customer.outstanding": "€12.00 and $3.50",
    "customer.overdue": "€12.00",
    "customer.overdue_count": "3",
    "customer.overdue_table": "- INV-1 of May 2, 2026, due on June 1, 2026: €12.00\n"
    "- INV-2 of May 2, 2026, due on June 1, 2026: €5.00\nand 1 more",
    "customer.custom.plan": "Gold",
    "contact.first_name": "Ana",
    "contact.last_name": "Lima",
    "sender.name": "Mara",
    "sender.email": "mara@duewell.example",
    "sender.phone": "+1",
    "sender.signature": "Mara\nAR",
    "organization.name": "Duewell Test",
    "organization.email": "ar@duewell.example",
    "organization.address": "1 rue de la Paix, 75002 Paris",
    "organization.bank_details": "IBAN FR76 3000 6000 0112 3456 7890 189",
    "step.number": "2",
    "step.of": "5",
    "step.name": "Reminder",
    "history.last_contact_date": "June 5, 2026",
    "history.reminders_sent": "1",
    "today": "June 11, 2026",
    "invoices_table": "- INV-1 of May 2, 2026, due on June 1, 2026 (your order PO-77): €10,000.00",
    "totals": "€10,000.00",
}


def said(body: str, language: str = "en", **changed: Any) -> str:
    """Return what the body says for a letter that has everything."""
    letter = a_letter(locale=changed.pop("locale", language), **{**FULL, **changed})
    return render(Text("x", body, language), letter, LOOK).body.strip()


@pytest.mark.parametrize("tag", SAID)
def test_every_tag_says_its_value(tag: str) -> None:
    assert said(f"{{{{ {tag} }}}}") == SAID[tag]


def test_no_tag_is_left_out_here() -> None:
    known = {tag for tag in all_tags() if not tag.endswith(".custom")} - {"invoices"}

    assert known == {tag for tag in SAID if ".custom." not in tag}


EMPTY: dict[str, dict[str, Any]] = {
    "invoice.po_number": {"po_number": None},
    "invoice.pay_link": {"pay_link": None},
    "invoice.view_link": {"view_link": None},
    "invoice.due_date": {"due_on": None},
    "invoice.custom.nothing": {},
    "customer.custom.nothing": {},
    "customer.external_id": {"customer_external_id": None},
    "customer.overdue": {"standing": Standing()},
    "customer.overdue_table": {"standing": Standing()},
    "contact.first_name": {"contact_first_name": None},
    "contact.last_name": {"contact_last_name": ""},
    "sender.phone": {"sender_phone": None},
    "sender.signature": {"sender_signature": ""},
    "organization.address": {"organization_address": ""},
    "organization.bank_details": {"bank_details": ""},
    "step.name": {"step_name": None},
    "history.last_contact_date": {"last_contact_on": None},
}


@pytest.mark.parametrize("tag", EMPTY)
def test_a_tag_without_a_value_uses_its_fallback_or_blocks_the_message(tag: str) -> None:
    """Rule 8.5."""
    assert said(f'{{{{ {tag} | default: "none" }}}}', **EMPTY[tag]) == "none"
    assert said(f"a{{% if {tag} %}}{{{{ {tag} }}}}{{% endif %}}", **EMPTY[tag]) == "a"
    for written in (f"{{{{ {tag} }}}}", f"{{{{ {tag} | upcase }}}}", f'{{{{ {tag} | append: "x" }}}}'):
        with pytest.raises(CannotRender, match=f"{tag} has no value"):
            said(written, **EMPTY[tag])


def test_without_a_sender_it_is_the_organization() -> None:
    nobody: dict[str, Any] = {"sender_name": None, "sender_email": None}

    assert said("{{ sender.name }} {{ sender.email }}", **nobody) == "Duewell Test ar@duewell.example"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{{ invoice.due_date | date: "short" }}', "6/1/26"),
        ('{{ invoice.due_date | date: "full" }}', "Monday, June 1, 2026"),
        ('{{ invoice.due_date | date: "d MMM" }}', "1 Jun"),
        ('{{ "2026-06-01" | date }}', "June 1, 2026"),
        ("{{ today | plus_days: 7 }}", "June 18, 2026"),
        ('{{ today | plus_days: -1 | date: "medium" }}', "Jun 10, 2026"),
        ("{{ invoice.total | money }}", "€10,000.00"),
        ('{{ invoice.custom.score | money: "USD" }}', "$1,234.50"),
        ('{{ 1 | plural: "day", "days" }} {{ 2 | plural: "day", "days" }}', "1 day 2 days"),
        ('{{ customer.outstanding | join: " + " }}', "€12.00 + $3.50"),
        ('{{ customer.name | upcase | replace: "HÉLIOS", "X" | append: "!" }}', "SOCIÉTÉ X!"),
        ('{{ customer.name | truncate: 8 }}{{ "a b/c" | url_encode }}', "Société…a%20b%2Fc"),
        ("{{ 7 | minus: invoice.days_overdue }} {{ 1 | plus: 1.5 }} {{ customer.name | size }}", "-3 2.5 14"),
        ("{% if invoice.outstanding > 5000 %}big{% endif %}", "big"),
        ("{% if invoice.due_date < today %}past{% endif %}", "past"),
        ("{% case invoice.custom.plan %}{% when 'VIP' %}vip{% else %}no{% endcase %}", "vip"),
        ("{% unless invoice.custom.big %}x{% else %}y{% endunless %}", "y"),
        ('{% assign who = contact.first_name | default: "you" %}{{ who }}', "Ana"),
        ("a{% comment %} {{ nobody }} {% nothing %} {% endcomment %}b", "ab"),
        ('{{ invoice.view_link | link: "See" }}', "See: https://view.example/1"),
    ],
)
def test_filters_and_conditions_do_what_they_say(body: str, text: str) -> None:
    assert said(body) == text


@pytest.mark.parametrize(
    ("language", "locale", "text"),
    [
        ("en", "en-GB", "1 June 2026, €10,000.00, 10 days"),
        ("fr", "fr", "1er juin 2026, 10 000,00 €, 10 days"),
        ("de", "de-AT", "1. Juni 2026, € 10.000,00, 10 days"),
        ("es", "es", "1 de junio de 2026, 10.000,00 €, 10 days"),
        # The reader's locale is none of the text's language: words and formats go together.
        ("de", "fr-CA", "1. Juni 2026, 10.000,00 €, 10 days"),
        ("en", "zz", "June 1, 2026, €10,000.00, 10 days"),
    ],
)
def test_formats_are_those_of_the_texts_language(language: str, locale: str, text: str) -> None:
    """Rule 8.6."""
    body = '{{ invoice.due_date }}, {{ invoice.outstanding }}, {{ invoice.days_overdue | plural: "day", "days" }}'

    shown = said(body, language, locale=locale)

    assert " ".join(shown.split()) == text


def test_zero_is_singular_in_french_alone() -> None:
    assert said('{{ 0 | plural: "jour", "jours" }}', "fr") == "0 jour"
    assert said('{{ 0 | plural: "Tag", "Tage" }}', "de") == "0 Tage"
