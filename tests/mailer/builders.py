"""Builders with defaults: a letter about an invoice, and the envelope it goes out in."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from dunning.money import Money
from mailer.compose import Envelope
from mailer.formats import language_of
from mailer.frame import Look
from mailer.headers import Mailbox
from mailer.render import Rendered, render
from mailer.tags import Letter
from mailer.texts import shipped_text

AT = datetime(2026, 6, 11, 6, 30, tzinfo=UTC)

_LETTER = Letter(
    locale="en",
    today=date(2026, 6, 11),
    organization_name="Duewell Test",
    organization_email="ar@duewell.example",
    organization_address="1 rue de la Paix, 75002 Paris",
    bank_details="IBAN FR76 3000 6000 0112 3456 7890 189",
    customer_name="Société Hélios",
    contact_first_name="Ana",
    contact_last_name="Lima",
    invoice_number="INV-1",
    po_number="PO-77",
    issued_on=date(2026, 5, 2),
    due_on=date(2026, 6, 1),
    total=Money(Decimal("10000.0000"), "EUR"),
    paid=Money(Decimal("0.0000"), "EUR"),
    outstanding=Money(Decimal("10000.0000"), "EUR"),
    step_number=2,
    step_of=5,
    reminders_sent=1,
)

_ENVELOPE = Envelope(
    sender=Mailbox("Duewell Test", "ar@duewell.example"),
    to=(Mailbox("Ana Lima", "ana@helios.example"),),
    message_id="<1234.1.1@duewell.example>",
)


def a_letter(**changed: Any) -> Letter:
    """Return a letter about INV-1 over 10,000 EUR, ten days overdue unless said otherwise."""
    return replace(_LETTER, **changed)


def partly_paid(**changed: Any) -> Letter:
    """Return the letter after 6,000 of the 10,000 EUR were paid."""
    paid, outstanding = Money(Decimal(6000), "EUR"), Money(Decimal(4000), "EUR")
    return a_letter(paid=paid, outstanding=outstanding, **changed)


def an_envelope(**changed: Any) -> Envelope:
    """Return an envelope from the organization to Ana."""
    return replace(_ENVELOPE, **changed)


LOOK = Look("Duewell Test", "1 rue de la Paix\n75002 Paris")


def rendered_text(name: str, letter: Letter, look: Look = LOOK) -> Rendered:
    """Return the shipped text for the letter, in its language if there is such a text."""
    text = shipped_text(name, language_of(letter.locale)) or shipped_text(name, "en")
    assert text is not None, name
    return render(text, letter, look)
