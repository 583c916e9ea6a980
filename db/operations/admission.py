"""Admits events to the ledger: once each, and only what the core does not object to."""

from sqlalchemy.orm import Session

from db.operations.adoption import adopt
from db.operations.change import Change, is_known
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice
from db.queries.collections import Case, case_of, open_collection
from dunning.events import Event
from dunning.objections import objection


def admit(session: Session, invoice_id: int, event: Event, change: Change) -> Case | None:
    """Lock the invoice and return how it stands before the event; None if the event took effect already.

    Raises Refused with the core's objection.
    """
    lock_invoice(session, invoice_id)
    if is_known(session, change.event_id):
        return None
    case = current_case(session, invoice_id, change)
    because = objection(case.facts, event)
    if because is not None:
        raise Refused(because)
    return case


def current_case(session: Session, invoice_id: int, change: Change) -> Case:
    """Return how the invoice stands, under its cadence's version in force. The caller holds the lock."""
    collection = open_collection(session, invoice_id)
    # Events are reckoned by the version in force, also when they come before its first look (rule 6.3).
    return case_of(session, invoice_id) if collection is None else Case.of(adopt(session, collection, change))
