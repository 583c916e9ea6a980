"""The page that sums up an invoice: the same bytes for the same values, and nothing in the data is a command."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dunning.money import Money
from mailer.sheet import Sheet, draw
from mailer.tags import Listed

SHEET = Sheet(
    locale="de",
    today=date(2026, 6, 11),
    colour="#1F4E79",
    organization_name="Duewell Test",
    organization_address="1 rue de la Paix\n75002 Paris",
    bank_details="IBAN FR76",
    customer_name="Société Hélios",
    invoice=Listed(
        number="INV-1",
        po_number="PO-77",
        issued_on=date(2026, 5, 2),
        due_on=date(2026, 6, 1),
        total=Money(Decimal(10000), "EUR"),
        paid=Money(Decimal(6000), "EUR"),
        outstanding=Money(Decimal(4000), "EUR"),
    ),
)


def a_sheet(**changed: Any) -> Sheet:
    """Return the page of an invoice that is changed so."""
    return replace(SHEET, invoice=replace(SHEET.invoice, **changed))


def drawn_anew(sheet: Sheet) -> bytes:
    """Draw the page although it may have been drawn before."""
    draw.cache_clear()
    return draw(sheet)


def test_the_same_values_give_the_same_bytes() -> None:
    assert drawn_anew(SHEET) == drawn_anew(SHEET)
    assert drawn_anew(SHEET) != drawn_anew(a_sheet(number="INV-2"))


@pytest.mark.parametrize("locale", ["en", "fr", "de", "es", "fr_CA", "pt_BR", "xx"])
def test_every_locale_has_a_page(locale: str) -> None:
    assert draw(replace(SHEET, locale=locale)).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "text",
    ['#panic("x")', '#read("/etc/passwd")', "$x", "*b", '"\\\\', "[", "]", "株式会社", "", "\u202e", "a" * 2000],
)
def test_what_others_wrote_is_text_and_no_command(text: str) -> None:
    fields = ("organization_name", "organization_address", "bank_details", "customer_name")
    changed: dict[str, Any] = dict.fromkeys(fields, text)

    sheet = replace(a_sheet(number=text, po_number=text), **changed)

    assert draw(sheet).startswith(b"%PDF-")


def test_what_is_not_known_is_left_out() -> None:
    nothing = Money(Decimal(0), "EUR")

    assert draw(replace(a_sheet(due_on=None, po_number=None, paid=nothing), bank_details="")).startswith(b"%PDF-")
