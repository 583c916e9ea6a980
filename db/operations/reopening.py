"""Reopens collections whose invoice has something to collect again (rules 3.2 and 3.12)."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.rules.first_cadence import enter_first
from db.queries.collections import case_of
from db.tables.collections import Collection
from dunning.facts import InvoiceState


def reopen(session: Session, invoice_id: int, change: Change) -> bool:
    """Follow the invoice up again if it has something to collect again, and say whether that is so.

    It goes on in the cycle that was closed last, unless that was stopped; an invoice that never was under a
    cadence is put under one as a new invoice is (rule 5.6). `settle_by_rules` must follow.
    """
    case = case_of(session, invoice_id)
    facts, collection = case.facts, case.collection
    if case.is_open or facts.is_settled or facts.invoice.state not in (InvoiceState.OPEN, InvoiceState.DRAFT):
        return False
    if collection is not None:
        reopened = update(Collection).where(Collection.id == collection.id)
        session.execute(reopened.values(state="active", closed_at=None))
        note(session, change, "collection reopened", invoice_id, collection.id)
        return True
    had_one = session.scalar(select(Collection.id).where(Collection.invoice_id == invoice_id).limit(1))
    return had_one is None and bool(enter_first(session, [invoice_id], change))
