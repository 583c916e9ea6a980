"""Random invoices of `tests/rules` in a real ledger, with all that rules can ask of them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.tables.cadences import Cadence, CadenceVersion
from db.tables.collections import Collection, HoldRow
from db.tables.custom_fields import CustomField, CustomValue
from db.tables.customers import Customer
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.organization import Organization
from rules.facts import InvoiceFacts
from tests.db.book import at
from tests.rules.random_rules import CADENCES, CATALOGUE, CUSTOMERS, TODAY, random_custom, random_facts

TOLERANCE = Decimal("0.0100")
TERM_DAYS = 14
_COLUMNS = {
    "text": "text_value",
    "select": "text_value",
    "number": "number_value",
    "date": "date_value",
    "boolean": "boolean_value",
}


def fill(session: Session, random: Random, count: int) -> dict[int, InvoiceFacts]:
    """Write so many random invoices, and return by id what they are to be."""
    session.execute(update(Organization).values(tolerance=TOLERANCE, payment_term_days=None))
    customers = {name: _customer(session, name) for name in CUSTOMERS}
    cadences = {name: _cadence(session, name) for name in CADENCES}
    fields: dict[tuple[str, str], int] = {
        (one.field.entity, one.field.key): session.execute(
            insert(CustomField)
            .values(**one.field.model_dump(), label=one.field.key, options=list(one.options))
            .returning(CustomField.id)
        ).scalar_one()
        for one in CATALOGUE.defined
    }
    of_customers: dict[str, dict[tuple[str, str], Any]] = {
        name: {
            (one.field.entity, one.field.key): random_custom(random, one.field)
            for one in CATALOGUE.defined
            if one.field.entity == "customer" and random.random() < 0.6
        }
        for name in CUSTOMERS
    }
    for name, values in of_customers.items():
        _write_custom(session, fields, values, customer_id=customers[name])
    found: dict[int, InvoiceFacts] = {}
    numbers: set[str] = set()
    while len(found) < count:
        facts = random_facts(random, tolerance=TOLERANCE)
        if facts.number in numbers:
            continue
        numbers.add(facts.number)
        own = {key: value for key, value in facts.custom.items() if key[0] == "invoice"}
        facts = _write(session, random, facts, customers[facts.customer], cadences)
        id_ = session.scalars(select(Invoice.id).order_by(Invoice.id.desc()).limit(1)).one()
        _write_custom(session, fields, own, invoice_id=id_)
        found[id_] = replace(facts, custom=own | of_customers[facts.customer])
    return found


def _customer(session: Session, name: str) -> int:
    term = TERM_DAYS if name == "C-2" else None
    statement = insert(Customer).values(external_id=name, name=name, payment_term_days=term)
    return session.execute(statement.returning(Customer.id)).scalar_one()


def _cadence(session: Session, name: str) -> tuple[int, int]:
    cadence_id = session.execute(insert(Cadence).values(name=name).returning(Cadence.id)).scalar_one()
    version = insert(CadenceVersion).values(
        cadence_id=cadence_id, number=1, logic="standard", contact_delay_days_min=5, state="published"
    )
    return cadence_id, session.execute(version.returning(CadenceVersion.id)).scalar_one()


def _write(
    session: Session,
    random: Random,
    facts: InvoiceFacts,
    customer_id: int,
    cadences: dict[str, tuple[int, int]],
) -> InvoiceFacts:
    issued_on = facts.issued_on if facts.due_on is None else min(facts.issued_on, facts.due_on)
    number = session.scalar(select(Invoice.id).order_by(Invoice.id.desc()).limit(1)) or 0
    statement = insert(Invoice).values(
        external_id=f"E-{number}",
        number=facts.number,
        customer_id=customer_id,
        po_number=facts.po_number,
        issued_on=issued_on,
        due_on=facts.due_on,
        currency=facts.currency,
        total=facts.total,
        settled=facts.paid,
        state=facts.state,
        is_hidden=facts.is_hidden,
    )
    id_ = session.execute(statement.returning(Invoice.id)).scalar_one()
    started = {"started_at": at("2026-05-04 09:00"), "started_by": "ana", "invoice_id": id_}
    if facts.is_disputed:
        session.execute(insert(HoldRow).values(kind="dispute", **started))
    elif random.random() < 0.3:
        ended = {"ended_at": at("2026-05-05 09:00"), "ended_by": "ana"}
        session.execute(insert(HoldRow).values(kind="dispute", **started, **ended))
        session.execute(insert(HoldRow).values(kind="pause", **started))
    if facts.cadence is not None:
        _collect(session, id_, cadences[facts.cadence], "active")
    elif random.random() < 0.3:
        _collect(session, id_, cadences["W-EU"], "paid")
    _pay(session, random, facts, id_, customer_id)
    term = timedelta(days=TERM_DAYS)
    due_on = issued_on + term if facts.due_on is None and facts.customer == "C-2" else facts.due_on
    return replace(facts, issued_on=issued_on, due_on=due_on)


def _collect(session: Session, invoice_id: int, cadence: tuple[int, int], state: str) -> None:
    closed_at = None if state == "active" else at("2026-05-05 09:00")
    session.execute(
        insert(Collection).values(
            invoice_id=invoice_id,
            cadence_id=cadence[0],
            version_id=cadence[1],
            state=state,
            closed_at=closed_at,
            entered_on=TODAY,
            assigned_by="ana",
        )
    )


def _pay(session: Session, random: Random, facts: InvoiceFacts, invoice_id: int, customer_id: int) -> None:
    """Write the payment that rules see, an earlier one, and a later one that was reversed."""
    days: list[tuple[date, date | None]] = []
    if facts.paid_on is not None:
        days += [(facts.paid_on, None), (facts.paid_on - timedelta(days=3), None)]
    if random.random() < 0.3:
        days.append((TODAY, TODAY))
    for received_on, reversed_on in days:
        payment = insert(Payment).values(
            customer_id=customer_id,
            source="user",
            currency=facts.currency,
            amount=1,
            received_on=received_on,
            reversed_on=reversed_on,
        )
        payment_id = session.execute(payment.returning(Payment.id)).scalar_one()
        allocation = insert(PaymentAllocation).values(payment_id=payment_id, invoice_id=invoice_id, amount=1)
        session.execute(allocation)


def _write_custom(
    session: Session, fields: dict[tuple[str, str], int], values: dict[tuple[str, str], Any], **owner: int
) -> None:
    for (entity, key), value in values.items():
        type_ = next(
            one.field.type for one in CATALOGUE.defined if (one.field.entity, one.field.key) == (entity, key)
        )
        row = {"field_id": fields[entity, key], "entity": entity, "type": type_, _COLUMNS[type_]: value, **owner}
        session.execute(insert(CustomValue).values(row))
