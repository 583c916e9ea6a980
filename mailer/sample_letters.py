"""Letters of all sorts that nobody gets, to try a text out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from dunning.money import Money
from mailer.tags import Letter, Listed, Standing

_DUE = date(2026, 6, 1)
_INVOICE = Listed(
    number="INV-7",
    po_number="PO-77",
    issued_on=_DUE - timedelta(days=30),
    due_on=_DUE,
    total=Money(Decimal(10_000), "EUR"),
    paid=Money(Decimal(6_000), "EUR"),
    outstanding=Money(Decimal(4_000), "EUR"),
    pay_link="https://pay.example/INV-7",
    view_link="https://pay.example/INV-7/view",
)


def sample_letters() -> Iterator[Letter]:
    """Return letters with all values, with few, and about several invoices."""
    letter = Letter(
        locale="en",
        today=_DUE + timedelta(days=10),
        organization_name="Sample",
        organization_email="ar@sample.example",
        organization_address="1 Sample Street\n10000 Sample",
        bank_details="IBAN 1",
        customer_name="Customer",
        contact_first_name="Ana",
        contact_last_name="Lima",
        invoice_number=_INVOICE.number,
        po_number=_INVOICE.po_number,
        issued_on=_INVOICE.issued_on,
        due_on=_INVOICE.due_on,
        total=_INVOICE.total,
        paid=_INVOICE.paid,
        outstanding=_INVOICE.outstanding,
        step_number=2,
        step_of=5,
        reminders_sent=1,
        customer_external_id="C-1",
        pay_link=_INVOICE.pay_link,
        view_link=_INVOICE.view_link,
        sender_phone="1",
        sender_signature="Sample",
        step_name="Reminder",
        last_contact_on=_DUE,
        standing=Standing((_INVOICE.outstanding,), (_INVOICE.outstanding,), 2, (_INVOICE, _INVOICE)),
    )
    yield letter
    yield replace(letter, today=_DUE - timedelta(days=3), contact_first_name=None, po_number=None, pay_link=None)
    yield replace(letter, listed=(_INVOICE, replace(_INVOICE, number="INV-8")))
