"""What programs state of customers and invoices, one by one: taken in as the accounts' files are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from db.engine import part
from db.operations.arrival.contacts import StatedContact, take_stated_contact
from db.operations.arrival.customers import IncomingParty, take_party
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoice_pages import Taken as TakenInvoice
from db.operations.arrival.invoice_pages import take_invoices
from db.operations.arrival.invoices import begin_import, take_invoice, tell_other_invoices
from db.operations.invoice_links import put_links
from db.operations.record_locks import lock_customer_record, lock_invoice_record
from db.operations.refusal import Refused
from db.queries.custom_fields import custom_fields
from db.queries.invoice_records import stated_before
from db.queries.parties import known_customers
from dunning.currencies import CURRENCY_DECIMALS
from dunning.facts import InvoiceState
from intake.cells import parse_locale
from intake.joined_desk import JoinedDesk
from intake.people_orders import sound_address
from intake.problems import Wrong
from intake.stated_custom import Fields, stated_values
from phrase import phrase

Taken = Literal["created", "changed", "unchanged"]
Custom = Mapping[str, str | bool | None]
# By `pay_link` and `view_link`: where one is not named, what is there stays.
Links = Mapping[str, str | None]
_LINK = re.compile(r"https?://[^\s/<>\"]+[^\s<>\"]*")
LINK_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class CustomerStatement:
    """A customer. What is None is left as it is."""

    external_id: str
    name: str
    locale: str | None = None
    payment_term_days: int | None = None
    custom: Custom = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InvoiceStatement:
    """An invoice. `paid` and `is_disputed` are what the accounts have; None leaves what they stated before."""

    external_id: str
    customer: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    number: str | None = None
    customer_name: str | None = None
    paid: Decimal | None = None
    state: InvoiceState = InvoiceState.OPEN
    is_disputed: bool | None = None
    po_number: str | None = None
    custom: Custom = field(default_factory=dict)
    links: Links = field(default_factory=dict)


def state_customer(desk: JoinedDesk, stated: CustomerStatement) -> Taken:
    """Bring the customer to what is stated, and let its invoices look again. Raises Refused."""
    session, change = desk.session, desk.change()
    is_new = lock_customer_record(session, stated.external_id) is None
    party = IncomingParty(
        customer_id=stated.external_id,
        name=stated.name,
        locale=sound_locale(stated.locale),
        payment_term_days=stated.payment_term_days,
        custom=stated_values(custom_fields(session) if stated.custom else {}, "customer", stated.custom),
    )
    customer_id, changed = take_party(session, party)
    if is_new:
        return "created"
    if changed:
        tell_other_invoices(session, [customer_id], None, change)
    return "changed" if changed else "unchanged"


def state_customers(desk: JoinedDesk, stated: Sequence[CustomerStatement]) -> list[Taken | Refused]:
    """Bring the customers to what is stated, each by itself, and return what became of them in their order."""
    begin_import(desk.session)
    answers: list[Taken | Refused] = []
    for one in stated:
        try:
            with part(desk.session):
                answers.append(state_customer(desk, one))
        except Refused as refusal:
            answers.append(refusal)
    return answers


def sound_locale(locale: str | None) -> str | None:
    """Return the locale as the ledger keeps it. Raises Refused."""
    if locale is None:
        return None
    read = parse_locale(locale)
    if isinstance(read, Wrong):
        raise Refused(
            "{locale!r} is {wrong}; expected {expected}",
            locale=locale,
            wrong=phrase(read.wrong),
            expected=phrase(read.expected),
        )
    return read


def state_contact(desk: JoinedDesk, customer: str, stated: StatedContact) -> bool:
    """Bring the customer's contact to what is stated, and say whether anything changed. Raises Refused."""
    customer_id = lock_customer_record(desk.session, customer)
    if customer_id is None:
        raise Refused("there is no customer {customer!r}", customer=customer)
    sound = replace(
        stated,
        email=None if stated.email is None else sound_address(stated.email),
        locale=sound_locale(stated.locale),
    )
    return take_stated_contact(desk.session, customer_id, sound, desk.change())


def state_invoice(desk: JoinedDesk, stated: InvoiceStatement) -> Taken:
    """Bring the invoice to what is stated; rules and the default cadence see to a new one. Raises Refused."""
    (incoming,) = _incoming(desk, [stated])
    if isinstance(incoming, Refused):
        raise incoming
    taken: Taken = take_invoice(desk.session, incoming, desk.change()).value
    return _linked(desk, stated, taken)


def state_invoices(desk: JoinedDesk, stated: Sequence[InvoiceStatement]) -> list[Taken | Refused]:
    """Bring the invoices to what is stated, each by itself, and return what became of them in their order."""
    begin_import(desk.session)
    incoming = _incoming(desk, stated)
    sound = [one for one in incoming if not isinstance(one, Refused)]
    taken = iter(take_invoices(desk.session, sound, desk.change()))
    answers = [one if isinstance(one, Refused) else _answer(next(taken)) for one in incoming]
    return [
        answer if isinstance(answer, Refused) else _linked(desk, one, answer)
        for one, answer in zip(stated, answers, strict=True)
    ]


def _linked(desk: JoinedDesk, stated: InvoiceStatement, taken: Taken) -> Taken:
    """Bring the links of an invoice that was taken in to what is stated, and say what became of it in all."""
    if not stated.links:
        return taken
    locked = lock_invoice_record(desk.session, stated.external_id)
    assert locked is not None, "it was taken in a moment ago"
    is_changed = put_links(desk.session, locked[0], stated.links, desk.change())
    return "changed" if is_changed and taken == "unchanged" else taken


def _answer(taken: TakenInvoice) -> Taken | Refused:
    if taken.outcome is not None:
        return taken.outcome.value
    assert taken.said is not None, "what is refused has a reason"
    return Refused(taken.said)


def _incoming(desk: JoinedDesk, stated: Sequence[InvoiceStatement]) -> list[IncomingInvoice | Refused]:
    """Return what the accounts' files would say, with what the ledger knows filled in where nothing is said."""
    names = {one.customer: one.customer_name for one in stated if one.customer_name is not None}
    known = known_customers(desk.session, {one.customer for one in stated}, custom=False)
    before = stated_before(desk.session, [(one.external_id, one.number or one.external_id) for one in stated])
    fields = custom_fields(desk.session) if any(one.custom for one in stated) else {}
    numbered: dict[str, str] = {}
    incoming: list[IncomingInvoice | Refused] = []
    for one in stated:
        customer = known.get(one.customer)
        name = one.customer_name or (customer.name if customer is not None else names.get(one.customer))
        try:
            _require_sound(one)
            if name is None:
                raise Refused(
                    "there is no customer {customer!r}; put it first, or say customer_name", customer=one.customer
                )
            known_before = before.get(one.external_id)
            # Files may know an invoice by its number alone; a program that says another id means another one.
            known_as = numbered.setdefault(one.number or one.external_id, one.external_id)
            known_as = known_as if known_before is None else known_before.known_as
            if known_as != one.external_id:
                raise Refused(
                    "the number {number} is that of the invoice {known_as!r}",
                    number=one.number or one.external_id,
                    known_as=known_as,
                )
            said_before = {} if known_before is None else known_before.stated
            incoming.append(_as_stated(one, name, said_before, fields))
        except Refused as refusal:
            incoming.append(refusal)
    return incoming


def _as_stated(
    stated: InvoiceStatement, customer_name: str, before: Mapping[str, Any], fields: Fields
) -> IncomingInvoice:
    return IncomingInvoice(
        external_id=stated.external_id,
        customer_id=stated.customer,
        customer_name=customer_name,
        issued_on=stated.issued_on,
        due_on=stated.due_on,
        currency=stated.currency,
        total=stated.total,
        paid=Decimal(before.get("paid", 0)) if stated.paid is None else stated.paid,
        state=stated.state,
        is_disputed=before.get("is_disputed", False) if stated.is_disputed is None else stated.is_disputed,
        po_number=stated.po_number,
        number=stated.number,
        custom=stated_values(fields, "invoice", stated.custom),
    )


def _require_sound(stated: InvoiceStatement) -> None:
    if stated.due_on is not None and stated.due_on < stated.issued_on:
        raise Refused(
            "it is due on {due_on}, before it was issued on {issued_on}",
            due_on=stated.due_on,
            issued_on=stated.issued_on,
        )
    for what, amount in (("total", stated.total), ("paid", stated.paid)):
        if amount is not None:
            require_exact(what, amount, stated.currency)
    for name, link in stated.links.items():
        if link is not None and not (len(link) <= LINK_CHARACTERS_MAX and _LINK.fullmatch(link)):
            raise Refused("{name} is no web address such as https://pay.company.example/1", name=name)
    if stated.paid is not None and stated.paid > stated.total:
        raise Refused("paid {paid} is more than the total of {total}", paid=stated.paid, total=stated.total)


def require_exact(what: str, amount: Decimal, currency: str) -> None:
    """Raise Refused for an amount with more decimals than its currency has."""
    decimals = CURRENCY_DECIMALS[currency]
    if round(amount, decimals) != amount:
        raise Refused(
            "{what} {amount} is too exact: {currency} has {decimals} decimals",
            what=phrase(what),
            amount=amount,
            currency=currency,
            decimals=decimals,
        )
