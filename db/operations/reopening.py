"""Reopens collections whose invoice has something to collect again (rules 3.2 and 3.12)."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.assignment import default_cadence_id, enter
from db.operations.change import Change, note
from db.queries.collections import case_of
from db.tables.collections import Collection
from dunning.facts import InvoiceState


def reopen(session: Session, invoice_id: int, change: Change) -> bool:
    """Follow the invoice up again if it has something to collect again, and say whether that is so.

    It goes on in the cycle that was closed last, unless that was stopped; an invoice that never was under a
    cadence gets the default one. `settle` must follow.
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
    cadence_id = default_cadence_id(session) if had_one is None else None
    if cadence_id is None:
        return False
    enter(session, invoice_id, cadence_id, facts.last_contact_on, change)
    return True
