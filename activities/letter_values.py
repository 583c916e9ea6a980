"""What a letter says: the ledger's facts as the mailer's values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from urllib.parse import quote

from db.queries.accounts import Account, OwedInvoice
from db.queries.correspondence import Correspondence, Recipient
from db.queries.senders import Sender
from dunning.money import Money
from mailer.frame import Look
from mailer.sheet import Sheet
from mailer.tags import CustomValue, Letter, Listed, Standing

_READERS: Mapping[str, Callable[[str], CustomValue]] = {
    "number": Decimal,
    "date": date.fromisoformat,
    "boolean": lambda value: value == "true",
}


def look_of(about: Correspondence) -> Look:
    """Return how the organization's messages look."""
    return Look(about.organization_name, about.organization_address, about.colour, about.has_logo)


def listed_of(about: Correspondence) -> Listed:
    """Return the invoice as one of a list."""
    return replace(
        _listed(about),
        pay_link=_link(about.pay_link, about.pay_link_pattern, about),
        view_link=_link(about.view_link, about.view_link_pattern, about),
    )


def sheet_of(about: Correspondence, locale: str, today: date) -> Sheet:
    """Return what the page says that is drawn for an invoice without a PDF."""
    return Sheet(
        locale=locale,
        today=today,
        colour=about.colour,
        organization_name=about.organization_name,
        organization_address=about.organization_address,
        bank_details=about.bank_details,
        customer_name=about.customer_name,
        invoice=listed_of(about),
    )


def standing_of(account: Account) -> Standing:
    """Return what the customer owes in all."""
    return Standing(
        outstanding=_amounts(account.outstanding),
        overdue=_amounts(account.overdue),
        overdue_count=account.overdue_count,
        overdue_listed=tuple(map(_listed, account.overdue_listed)),
    )


def letter_of(
    about: Correspondence,
    recipient: Recipient,
    sender: Sender | None,
    today: date,
    *,
    step_number: int,
    step_of: int,
    step_name: str | None,
    last_contact_on: date | None,
) -> Letter:
    """Return the letter to the recipient about one invoice."""
    listed = listed_of(about)
    return Letter(
        locale=recipient.locale or about.locale,
        today=today,
        organization_name=about.organization_name,
        organization_email=about.organization_email,
        organization_address=about.organization_address,
        bank_details=about.bank_details,
        customer_name=about.customer_name,
        contact_first_name=recipient.first_name,
        contact_last_name=recipient.last_name,
        invoice_number=listed.number,
        po_number=listed.po_number,
        issued_on=listed.issued_on,
        due_on=listed.due_on,
        total=listed.total,
        paid=listed.paid,
        outstanding=listed.outstanding,
        step_number=step_number,
        step_of=step_of,
        reminders_sent=about.reminders_sent,
        customer_external_id=about.customer_external_id,
        pay_link=listed.pay_link,
        view_link=listed.view_link,
        invoice_custom=_custom(about.invoice_custom),
        customer_custom=_custom(about.customer_custom),
        sender_name=None if sender is None else sender.name,
        sender_email=None if sender is None else sender.email,
        sender_phone=None if sender is None else sender.phone,
        sender_signature=None if sender is None else sender.signature,
        step_name=step_name,
        last_contact_on=last_contact_on,
    )


def _listed(one: Correspondence | OwedInvoice) -> Listed:
    return Listed(
        number=one.number,
        po_number=one.po_number,
        issued_on=one.issued_on,
        due_on=one.due_on,
        total=Money(one.total, one.currency),
        paid=Money(one.settled, one.currency),
        outstanding=Money(one.outstanding, one.currency),
    )


def _amounts(pairs: Sequence[tuple[str, Decimal]]) -> tuple[Money, ...]:
    return tuple(Money(amount, currency) for currency, amount in pairs)


def _link(own: str | None, pattern: str | None, about: Correspondence) -> str | None:
    """Return the invoice's own link, else the organization's pattern filled in for it."""
    if own or not pattern:
        return own or None
    number, external_id = (quote(part, safe="") for part in (about.number, about.external_id))
    return pattern.replace("{number}", number).replace("{external_id}", external_id)


def _custom(values: Mapping[str, Sequence[str]]) -> dict[str, CustomValue]:
    return {key: _READERS.get(type_, str)(value) for key, (type_, value) in values.items()}
