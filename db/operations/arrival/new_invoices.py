"""Writes a page of invoices that the ledger does not have, all at once: as `take_invoice` one by one."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in, reserve_ids
from db.operations.arrival.custom_values import copy_values
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice, is_collectable, statement_of
from db.operations.arrival.new_collections import open_new, settle_new
from db.operations.change import Change, note_many
from db.operations.entering import cadence_name
from db.operations.refusal import Refused
from db.operations.rules.asked import settle_page_by_rules
from db.operations.rules.first_cadence import First, begin, see_default, started
from db.queries.circumstances import Circumstances, cadences_in_force, circumstances_of, new_collection
from db.queries.collections import OpenCollection
from db.queries.custom_fields import Values, custom_values
from db.tables.collections import Collection, HoldRow
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.journal import OutboxEntry
from dunning.facts import Hold, HoldKind
from dunning.facts import Invoice as InvoiceFacts
from rules.facts import InvoiceFacts as RuleFacts
from rules.index import Event

DISPUTED_BECAUSE = "stated by the accounts"
_INVOICE = (
    "id", "external_id", "number", "customer_id", "po_number", "issued_on", "due_on", "currency", "total",
    "settled", "state", "stated", "cadence_locked_at", "cadence_locked_by",
)  # fmt: skip
_PAYMENT = ("id", "customer_id", "source", "currency", "amount", "received_on")
# A page with so many new invoices is bulk work: its signals leave room for what people do meanwhile.
BULK_FROM = 500
_DISPUTED = (Hold(HoldKind.DISPUTE),)


def create_invoices(
    session: Session, new: Sequence[tuple[int, IncomingInvoice]], change: Change, chosen: Chosen | None
) -> None:
    """Write the invoices, each with the id of its customer, and all that follows from their creation."""
    ids = reserve_ids(session, Invoice, len(new))
    locked = (None, None) if chosen is None else (change.at, change.by)
    copy_in(
        session,
        Invoice,
        _INVOICE,
        (
            (
                id_, one.external_id, one.shown_number, customer_id, one.po_number, one.issued_on, one.due_on,
                one.currency, one.total, one.paid, one.state.value, json.dumps(statement_of(one)), *locked,
            )
            for id_, (customer_id, one) in zip(ids, new, strict=True)
        ),
    )  # fmt: skip
    stated = list(zip(ids, new, strict=True))
    copy_values(session, "invoice", [(id_, one.custom) for id_, (_, one) in stated])
    _book_payments(session, stated, change)
    _dispute(session, stated, change)
    note_many(session, change, _entries(stated))
    _follow_up(session, stated, change, chosen)


_Stated = Sequence[tuple[int, tuple[int, IncomingInvoice]]]


def _book_payments(session: Session, stated: _Stated, change: Change) -> None:
    paid = [(id_, customer_id, one) for id_, (customer_id, one) in stated if one.paid > 0]
    payment_ids = reserve_ids(session, Payment, len(paid))
    payments, allocations = [], []
    for payment_id, (id_, customer_id, one) in zip(payment_ids, paid, strict=True):
        payments.append((payment_id, customer_id, "import", one.currency, one.paid, change.on))
        allocations.append((payment_id, id_, one.paid))
    copy_in(session, Payment, _PAYMENT, payments)
    copy_in(session, PaymentAllocation, ("payment_id", "invoice_id", "amount"), allocations)


def _dispute(session: Session, stated: _Stated, change: Change) -> None:
    columns = ("invoice_id", "kind", "reason", "started_at", "started_by")
    rows = [
        (id_, HoldKind.DISPUTE.value, DISPUTED_BECAUSE, change.at, change.by)
        for id_, (_, one) in stated
        if one.is_disputed
    ]
    copy_in(session, HoldRow, columns, rows)


def _entries(stated: _Stated) -> Sequence[tuple[int, int | None, str, dict[str, Any]]]:
    entries: list[tuple[int, int | None, str, dict[str, Any]]] = []
    for id_, (_, one) in stated:
        entries.append((id_, None, "invoice created", {"total": str(one.total), "currency": one.currency}))
        if one.is_disputed:
            entries.append((id_, None, "disputed", {"reason": DISPUTED_BECAUSE}))
    return entries


def _follow_up(session: Session, stated: _Stated, change: Change, chosen: Chosen | None) -> None:
    """Put those with something to collect under their cadences, and owe their processes a signal."""
    circumstances = circumstances_of(session, list({customer_id for _, (customer_id, _) in stated}))
    if chosen is not None:
        followed = [id_ for id_, (_, one) in stated if is_collectable(one)]
        if chosen.cadence_id is not None:
            note_many(session, change, started(followed, cadence_name(session, chosen.cadence_id)))
            firsts = [First(chosen.cadence_id, followed, change)]
            settle_new(session, _open(session, stated, circumstances, firsts, frozenset(), change), change)
        settle_page_by_rules(session, [id_ for id_, _ in stated], change, Event.CREATED)
        return
    values = custom_values(session, "customer", list(circumstances))
    rule_facts = {
        id_: _rule_facts(one, circumstances[customer_id], values.get(customer_id, {}), change)
        for id_, (customer_id, one) in stated
    }
    begun = begin(session, [id_ for id_, _ in stated], change, rule_facts)
    opened = _open(session, stated, circumstances, begun.firsts, begun.hidden, change)
    # Before the first look: no to-do may open under a default cadence that rules take away at once.
    moved = see_default(session, begun, change)
    settle_new(session, [one for one in opened if one.invoice_id not in moved], change)


def _open(
    session: Session,
    stated: _Stated,
    circumstances: Mapping[int, Circumstances],
    firsts: Sequence[First],
    hidden: frozenset[int],
    change: Change,
) -> list[OpenCollection]:
    followed = {id_ for first in firsts for id_ in first.invoice_ids}
    if not followed:
        return []
    by_id = {id_: one for id_, one in stated if id_ in followed}
    cadences = cadences_in_force(session, [first.cadence_id for first in firsts])
    first_of = {id_: first for first in firsts for id_ in first.invoice_ids}
    collections = []
    for collection_id, (id_, (customer_id, one)) in zip(
        reserve_ids(session, Collection, len(by_id)), by_id.items(), strict=True
    ):
        first, of = first_of[id_], circumstances[customer_id]
        if first.cadence_id not in cadences:
            raise Refused("the cadence has no published version any more")
        under, holds = cadences[first.cadence_id], _DISPUTED if one.is_disputed else ()
        invoice = _facts(id_, one, of, id_ in hidden)
        collections.append((new_collection(collection_id, invoice, of, under, change.on, holds), first.change.by))
    open_new(session, collections)
    payload, is_bulk = json.dumps({"by": change.by}), len(stated) >= BULK_FROM
    rows = ((id_, "invoice_changed", payload, is_bulk) for id_ in by_id)
    copy_in(session, OutboxEntry, ("invoice_id", "signal", "payload", "is_bulk"), rows)
    return [collection for collection, _ in collections]


def _facts(id_: int, one: IncomingInvoice, of: Circumstances, is_hidden: bool) -> InvoiceFacts:
    return InvoiceFacts(
        id=id_,
        number=one.shown_number,
        issued_on=one.issued_on,
        due_on=of.due_on(one.issued_on, one.due_on),
        outstanding=Decimal(one.total - one.paid),
        currency=one.currency,
        state=one.state,
        is_hidden=is_hidden,
        settled=one.paid,
    )


def _rule_facts(one: IncomingInvoice, of: Circumstances, values: Values, change: Change) -> RuleFacts:
    """Return what rules know of the invoice before it is under a cadence, as `invoice_facts` would read it."""
    custom = {("customer", key): value for key, value in values.items()}
    custom |= {("invoice", key): value for key, value in one.custom if value is not None}
    return RuleFacts(
        as_of=change.on,
        customer=of.external_id,
        number=one.shown_number,
        po_number=one.po_number,
        currency=one.currency,
        issued_on=one.issued_on,
        due_on=of.due_on(one.issued_on, one.due_on),
        total=one.total,
        paid=one.paid,
        state=one.state.value,
        is_disputed=one.is_disputed,
        paid_on=change.on if one.paid > 0 else None,
        tolerance=of.settings.tolerance,
        custom=custom,
    )
