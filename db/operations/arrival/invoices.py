"""Takes in invoices as the accounts state them: creates, changes or leaves, by external id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.arrival.custom_values import copy_values, take_values
from db.operations.arrival.customers import take_party
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice, is_collectable, statement_of
from db.operations.change import Change, note
from db.operations.cycles import begin_cycle
from db.operations.disputes import follow_accounts
from db.operations.entering import cadence_name, enter
from db.operations.outbox import owe, owe_many
from db.operations.refusal import Refused
from db.operations.reopening import reopen
from db.operations.rules.asked import settle_by_rules, settle_customers_by_rules, settle_page_by_rules
from db.operations.rules.first_cadence import enter_first
from db.operations.settle import lock_invoice, settle
from db.operations.settlement.kinds import PERSON
from db.operations.settlement.payments import book_payment, end_or_hold, resettle
from db.tables.collections import OPEN_STATES, Collection
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.journal import OutboxEntry
from dunning.cycles import begins_cycle
from dunning.facts import InvoiceState
from dunning.money import Money
from rules.index import Event

# Two imports at once would take the same rows in different orders and wait for each other for ever.
_ONE_IMPORT_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4207849301)")
IMPORT = "import"


class Outcome(StrEnum):
    """What taking in an invoice did."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def begin_import(session: Session) -> None:
    """Wait until no other import runs; until the transaction ends, none will."""
    session.execute(_ONE_IMPORT_AT_A_TIME)


def take_invoice(
    session: Session, incoming: IncomingInvoice, change: Change, chosen: Chosen | None = None
) -> Outcome:
    """Bring the ledger to what `incoming` states; the same statement a second time changes nothing.

    A new one is put under the cadence that rules say, or else the default one, unless one was chosen (rule 5.6).

    Raises Refused, and then the caller must undo, where the ledger contradicts the statement.
    """
    return take_and_tell(session, incoming, change, chosen)[0]


def take_and_tell(
    session: Session, incoming: IncomingInvoice, change: Change, chosen: Chosen | None = None
) -> tuple[Outcome, tuple[str, ...]]:
    """Do the same, and say in words what changed."""
    customer_id, party_changed = take_party(session, incoming.party)
    invoice_id = find_invoice(session, incoming)
    if party_changed:
        tell_other_invoices(session, [customer_id], invoice_id, change)
    if invoice_id is None:
        _create(session, customer_id, incoming, change, chosen)
        return Outcome.CREATED, ()
    lock_invoice(session, invoice_id)
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if invoice.customer_id != customer_id:
        raise Refused("{number} belongs to another customer", number=invoice.number)
    told = (*_change(session, invoice, incoming, change), *party_changed)
    if not told:
        return Outcome.UNCHANGED, ()
    settle_by_rules(session, invoice_id, change)
    owe(session, invoice_id, "invoice_changed", {"by": change.by})
    return Outcome.CHANGED, told


def find_invoice(session: Session, incoming: IncomingInvoice) -> int | None:
    """Return the id of the invoice that is stated; None if there is none. Raises Refused if it is two."""
    number = incoming.shown_number
    statement = select(Invoice.id, Invoice.external_id, Invoice.number)
    rows = session.execute(
        statement.where(or_(Invoice.external_id == incoming.external_id, Invoice.number == number))
    ).all()
    by_id = next((row for row in rows if row.external_id == incoming.external_id), None)
    by_number = next((row for row in rows if row.number == number), None)
    return identified(
        incoming,
        None if by_id is None else by_id.id,
        None if by_number is None else (by_number.id, by_number.external_id),
    )


def identified(
    incoming: IncomingInvoice, by_external_id: int | None, by_number: tuple[int, str] | None
) -> int | None:
    """Return which invoice is stated, from the one of its external id and the one of its number.

    Where either side knows it by its number alone, the number identifies it. Raises Refused if the number
    belongs to another one.
    """
    if by_number is None:
        return by_external_id
    invoice_id, external_id = by_number
    if by_external_id is None and incoming.shown_number in (incoming.external_id, external_id):
        return invoice_id
    if by_external_id != invoice_id:
        raise Refused("the number {number} belongs to another invoice", number=incoming.shown_number)
    return by_external_id


def tell_other_invoices(
    session: Session, customer_ids: Sequence[int], but_invoice_id: int | None, change: Change
) -> None:
    """Let the customers' other collections look again: a mended address lets their messages go out (rule 4.4).

    Rules are asked about all of them. Once in a transaction: rows that contradict each other about their customer
    must not multiply.
    """
    ruled = settle_customers_by_rules(session, customer_ids, but_invoice_id, change)
    owe_many(session, ruled, "invoice_changed", {"by": change.by})
    told = select(OutboxEntry.id).where(
        OutboxEntry.invoice_id == Invoice.id,
        OutboxEntry.signal == "invoice_changed",
        OutboxEntry.created_at == func.now(),
    )
    others = (
        select(Invoice.id)
        .join(Collection, Collection.invoice_id == Invoice.id)
        .where(Invoice.customer_id.in_(customer_ids), Collection.state.in_(OPEN_STATES))
        .where(Invoice.id.is_distinct_from(but_invoice_id), ~told.exists())
        .order_by(Invoice.id)
    )
    owe_many(session, session.scalars(others).all(), "invoice_changed", {"by": change.by})


def _create(
    session: Session, customer_id: int, incoming: IncomingInvoice, change: Change, chosen: Chosen | None
) -> None:
    values = {
        **_stated(incoming),
        "external_id": incoming.external_id,
        "total": incoming.total,
        "currency": incoming.currency,
        "stated": statement_of(incoming),
    }
    if chosen is not None:
        values |= {"cadence_locked_at": change.at, "cadence_locked_by": change.by}
    statement = insert(Invoice).values(customer_id=customer_id, **values)
    invoice_id = session.execute(statement.returning(Invoice.id)).scalar_one()
    copy_values(session, "invoice", [(invoice_id, incoming.custom)])
    note(session, change, "invoice created", invoice_id, total=str(incoming.total), currency=incoming.currency)
    if incoming.paid > 0:
        invoice = session.get_one(Invoice, invoice_id)
        book_payment(session, invoice, incoming.paid, change, source=IMPORT)
        resettle(session, invoice_id)
    if incoming.is_disputed:
        follow_accounts(session, invoice_id, True, change)
    if chosen is None:
        is_followed = bool(enter_first(session, [invoice_id], change))
        settle(session, invoice_id, change)
    else:
        is_followed = chosen.cadence_id is not None and is_collectable(incoming)
        if chosen.cadence_id is not None and is_followed:
            enter(session, invoice_id, chosen.cadence_id, None, change)
            note(
                session, change, "collection started", invoice_id, cadence=cadence_name(session, chosen.cadence_id)
            )
            settle(session, invoice_id, change)
        settle_page_by_rules(session, [invoice_id], change, Event.CREATED)
    if is_followed:
        owe(session, invoice_id, "invoice_changed", {"by": change.by})


def _change(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> list[str]:
    if incoming.currency != invoice.currency:
        raise Refused(
            "{number} is in {currency}; a currency never changes", number=invoice.number, currency=invoice.currency
        )
    after = {**_stated(incoming), "external_id": incoming.external_id, "total": incoming.total}
    if incoming.number is None:
        # The file has one name for it; what another one called it stays.
        del after["external_id"], after["number"]
    before = {name: getattr(invoice, name) for name in after}
    # What the accounts state as they did before leaves what people changed here meanwhile.
    shown = statement_of(incoming)
    news = {name for name in after if name not in invoice.stated or invoice.stated[name] != shown[name]}
    differing = {name: value for name, value in after.items() if name in news and before[name] != value}
    due_before = current_case(session, invoice.id, change).facts.invoice.due_on if "due_on" in differing else None
    outstanding_before = invoice.outstanding
    if differing:
        if invoice.settled > incoming.total:
            raise Refused(
                "{settled} is settled already, more than a total of {total}",
                settled=Money(invoice.settled, invoice.currency),
                total=incoming.total,
            )
        _write(session, invoice.id, **differing)
    told = {name: [_shown(before[name]), _shown(value)] for name, value in differing.items()}
    values = take_values(session, "invoice", invoice.id, incoming.custom)
    told |= {f"custom.{key}": [_shown(old), _shown(new)] for key, (old, new) in values.items()}
    if told:
        note(session, change, "invoice changed", invoice.id, changed=told)
    # After the total: it may have grown together with what is paid, and never holds less.
    paid_changed = _take_paid(session, invoice, incoming, change)
    if shown != invoice.stated:
        _write(session, invoice.id, stated=shown)
    if incoming.state is InvoiceState.OPEN and ("state" in differing or outstanding_before <= 0):
        reopen(session, invoice.id, change)
    if due_before is not None:
        _begin_cycle_if_moved(session, invoice.id, due_before, change)
    said = [f"{name} {old or 'nothing'} → {new or 'nothing'}" for name, (old, new) in told.items()]
    if paid_changed:
        said.append(f"paid {invoice.stated.get('paid', 0)} → {_shown(incoming.paid)}")
    if invoice.stated.get("is_disputed") != incoming.is_disputed and follow_accounts(
        session, invoice.id, incoming.is_disputed, change
    ):
        said.append("disputed" if incoming.is_disputed else "dispute resolved")
    return said


def _shown(value: object) -> str | None:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return None if value is None else str(value)


def _begin_cycle_if_moved(session: Session, invoice_id: int, due_before: date, change: Change) -> None:
    """Let the collection begin anew if the accounts moved the due date far enough (rule 6.2)."""
    case = current_case(session, invoice_id, change)
    due_on = case.facts.invoice.due_on
    as_before = replace(case.facts, invoice=replace(case.facts.invoice, due_on=due_before))
    if due_on is not None and begins_cycle(as_before, due_on, change.on):
        begin_cycle(session, case, change)


def _write(session: Session, invoice_id: int, **values: Any) -> None:
    statement = update(Invoice).where(Invoice.id == invoice_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def _stated(incoming: IncomingInvoice) -> dict[str, Any]:
    return {
        "number": incoming.shown_number,
        "issued_on": incoming.issued_on,
        "due_on": incoming.due_on,
        "po_number": incoming.po_number,
        "state": incoming.state.value,
    }


def _take_paid(session: Session, invoice: Invoice, incoming: IncomingInvoice, change: Change) -> bool:
    """Book what the accounts state as paid beyond what they stated before; what people booked stays beside it.

    A payment of theirs that was reversed here is not booked again when they state it again, and they may state
    less once it was reversed. What payments of theirs stand for already is not booked again either (rule 3.17).
    """
    booked = Decimal(
        session.scalar(
            select(func.coalesce(func.sum(PaymentAllocation.amount), 0))
            .join(Payment, Payment.id == PaymentAllocation.payment_id)
            .where(PaymentAllocation.invoice_id == invoice.id)
            .where(Payment.source != PERSON, Payment.reversed_on.is_(None))
        )
        or 0
    )
    stated = Decimal(invoice.stated["paid"]) if "paid" in invoice.stated else booked
    further = incoming.paid - stated
    if further == 0 or booked <= incoming.paid < stated:
        return False
    if further < 0:
        raise Refused(
            "paid {paid} is less than the {before} stated before",
            paid=incoming.paid,
            before=Money(stated, invoice.currency),
        )
    further = min(further, incoming.paid - booked)
    if further <= 0:
        return False
    room = incoming.total - invoice.settled
    if further > room:
        raise Refused("{more} more is paid than was outstanding", more=Money(further - room, invoice.currency))
    book_payment(session, invoice, further, change, source=IMPORT)
    note(session, change, "paid", invoice.id, amount=str(further), currency=invoice.currency)
    end_or_hold(session, invoice.id, further, change)
    return True
