"""Reads what a message says: the organization, the customer with a contact, the invoice and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from db.statement import Statement


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who can be written to."""

    email: str
    first_name: str | None
    last_name: str | None
    role: str
    is_main: bool
    locale: str | None

    @property
    def name(self) -> str:
        """Return the first and the last name, as far as they are known."""
        return " ".join(filter(None, (self.first_name, self.last_name)))


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Everything that a message about one invoice may say. Amounts are in `currency`.

    `contacts` are all who can be written to, the main contact first, then the oldest; there is at least one of
    whatever is said to the customer. `brings_files` says that PDFs may go with it.
    """

    organization_name: str
    organization_email: str
    organization_address: str
    bank_details: str
    locale: str
    customer_name: str
    customer_external_id: str
    contacts: tuple[Recipient, ...]
    invoice_id: int
    number: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    settled: Decimal
    outstanding: Decimal
    reminders_sent: int
    thread: tuple[str, ...]
    customer_id: int
    external_id: str
    pay_link: str | None
    view_link: str | None
    pay_link_pattern: str | None
    view_link_pattern: str | None
    colour: str
    has_logo: bool
    brings_files: bool
    # By key: the type of the field, and its value as text.
    invoice_custom: Mapping[str, Sequence[str]]
    customer_custom: Mapping[str, Sequence[str]]

    def recipients(self, roles: Sequence[str] = ()) -> tuple[Recipient, ...]:
        """Return everybody with one of the roles; else the main contact, else the first who can be reached."""
        wanted = [one for one in self.contacts if one.role in roles or (one.is_main and "main" in roles)]
        return tuple(wanted) or self.contacts[:1]


_CUSTOM = """
(SELECT COALESCE(jsonb_object_agg(f.key, jsonb_build_array(f.type, COALESCE(
          v.text_value, v.number_value::text, v.date_value::text, v.boolean_value::text))), '{{}}')
   FROM custom_values v JOIN custom_fields f ON f.id = v.field_id WHERE v.{owner})
"""
# By uq_custom_values_invoice and uq_custom_values_customer.
_CUSTOM_OF_INVOICE = _CUSTOM.format(owner="invoice_id = i.id")
_CUSTOM_OF_CUSTOMER = _CUSTOM.format(owner="customer_id = cu.id")
# Bounded by the invoices' ids; a customer's contacts are found by ix_contacts_email.
_CORRESPONDENCE = Statement(f"""
SELECT o.name AS organization_name, o.email AS organization_email, o.address AS organization_address,
       o.bank_details, COALESCE(cu.locale, o.locale) AS locale, cu.name AS customer_name,
       cu.external_id AS customer_external_id, k.contacts,
       i.id AS invoice_id, i.number, i.po_number, i.issued_on,
       COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days)) AS due_on,
       i.currency, i.total, i.settled, i.outstanding,
       cu.id AS customer_id, i.external_id, i.pay_link, i.view_link,
       o.pay_link AS pay_link_pattern, o.view_link AS view_link_pattern, o.colour, o.logo IS NOT NULL AS has_logo,
       o.attaches_invoice OR EXISTS (SELECT FROM invoice_files f WHERE f.invoice_id = i.id) AS brings_files,
       {_CUSTOM_OF_INVOICE} AS invoice_custom, {_CUSTOM_OF_CUSTOMER} AS customer_custom,
       ARRAY(SELECT m.message_id FROM collections c JOIN actions a ON a.collection_id = c.id
               JOIN messages m ON m.action_id = COALESCE(a.merged_into, a.id)
              WHERE c.invoice_id = i.id AND m.state = 'sent' ORDER BY m.sent_at, m.id) AS thread
  FROM invoices i
  JOIN customers cu ON cu.id = i.customer_id
 JOIN organization o ON o.id = 1
  JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array(email, first_name, last_name, role, is_main, locale)
                                 ORDER BY is_main DESC, id) AS contacts
                  FROM contacts
                 WHERE customer_id = cu.id AND email IS NOT NULL AND unreachable_because IS NULL) k
    ON k.contacts IS NOT NULL OR NOT CAST(:needs_contact AS boolean)
 WHERE i.id = ANY(:invoice_ids)
 ORDER BY due_on, i.number
""")  # noqa: S608


def correspondences(session: Session, invoice_ids: Sequence[int]) -> list[Correspondence]:
    """Return what messages about the invoices may say, by due date; what nobody can be written to is left out."""
    return _correspondences(session, invoice_ids, needs_contact=True)


def correspondence(session: Session, invoice_id: int) -> Correspondence | None:
    """Return what a message about the invoice may say, or None if nobody can be written to."""
    return next(iter(correspondences(session, [invoice_id])), None)


def what_is_known(session: Session, invoice_id: int) -> Correspondence:
    """Return what can be said about the invoice to the team, whoever at the customer can be written to."""
    (known,) = _correspondences(session, [invoice_id], needs_contact=False)
    return known


def _correspondences(session: Session, invoice_ids: Sequence[int], *, needs_contact: bool) -> list[Correspondence]:
    rows = _CORRESPONDENCE.all(session, invoice_ids=list(invoice_ids), needs_contact=needs_contact)
    return [_correspondence(row._asdict()) for row in rows]


def _correspondence(values: dict[str, Any]) -> Correspondence:
    contacts = tuple(Recipient(*contact) for contact in values.pop("contacts") or ())
    thread = tuple(values.pop("thread"))
    return Correspondence(contacts=contacts, thread=thread, reminders_sent=len(thread), **values)
