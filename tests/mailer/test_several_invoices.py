"""A text about several invoices lists each of them, and sums up for each currency (rules 2.15 and 8.1)."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dunning.money import Money
from mailer.refusals import CannotRender
from mailer.tags import Listed
from mailer.texts import template_names
from tests.mailer.builders import a_letter, rendered_text

MERGED = sorted(template_names() - {"call"})


def one(number: str, outstanding: str, currency: str = "EUR", paid: str = "0", **changed: Any) -> Listed:
    """Return an invoice of a list, due 2026-06-01."""
    open_amount, paid_amount = Money(Decimal(outstanding), currency), Money(Decimal(paid), currency)
    values = {"po_number": None, "issued_on": date(2026, 5, 2), "due_on": date(2026, 6, 1)}
    return Listed(
        number, **(values | changed), total=open_amount + paid_amount, paid=paid_amount, outstanding=open_amount
    )


THREE = (
    one("INV-1", "4000", paid="6000", po_number="PO-77"),
    one("INV-2", "1200.50"),
    one("INV-3", "50", "USD", due_on=None),
)


@pytest.mark.parametrize("bank_details", ["", "IBAN FR76"])
@pytest.mark.parametrize("template", MERGED)
def test_every_text_can_be_made_about_several_invoices(template: str, bank_details: str) -> None:
    rendered = rendered_text(template, a_letter(listed=THREE, bank_details=bank_details))

    said = f"{rendered.subject}\n{rendered.body}"
    assert re.search(r"[{}]|%|None|\bFalse\b|Decimal| ,|  |\n{3}", said) is None, said
    assert "3 invoices" in rendered.subject
    assert (
        "\n- INV-1 of May 2, 2026, due on June 1, 2026 (your order PO-77): €4,000.00, after your payment of"
        in said
    )
    assert "\n- INV-2 of May 2, 2026, due on June 1, 2026: €1,200.50\n" in said
    assert "\n- INV-3 of May 2, 2026: $50.00\n" in said
    assert "\nOpen in all: €5,200.50 and $50.00\n" in said


@pytest.mark.parametrize("template", MERGED)
def test_nothing_is_said_of_one_invoice_where_they_are_several(template: str) -> None:
    """The letter's own invoice is not singled out."""
    said = rendered_text(template, a_letter(listed=THREE)).body

    assert said.count("INV-1") == 1
    assert "€10,000.00" not in said


@pytest.mark.parametrize("template", MERGED)
def test_one_invoice_in_the_list_is_a_letter_about_one(template: str) -> None:
    assert (
        rendered_text(template, a_letter(listed=THREE[:1])).subject == rendered_text(template, a_letter()).subject
    )


def test_a_text_that_lists_nothing_is_not_made_for_several() -> None:
    """Or the others would be taken for told."""
    with pytest.raises(CannotRender, match="about one invoice alone"):
        rendered_text("call", a_letter(listed=THREE))
