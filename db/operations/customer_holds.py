"""Pauses all invoices of a customer, and resumes them (rule 3.1)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from db.operations.change import SYSTEM, Change, is_known, note, note_once
from db.operations.customer_lock import lock_customer
from db.operations.refusal import Refused
from db.operations.settle import settle_many
from db.queries.collections import case_of
from db.tables.collections import HoldRow
from dunning.events import Event, Paused, Resumed
from dunning.facts import HoldKind
from dunning.objections import objection


def pause_customer(
    session: Session, customer_id: int, until: date | None, reason: str | None, change: Change
) -> Sequence[int]:
    """Pause all of the customer's invoices, later ones too; return those whose collection is open.

    Each invoice's own pause stays what it is. Raises Refused if the customer is paused already, or if `until` is
    not in the future.
    """
    event = Paused(change.at, until, of_customer=True)
    shown = None if until is None else until.isoformat()
    followed_up = _admit(session, customer_id, event, change, "customer paused", until=shown, reason=reason)
    if followed_up is None:
        return ()
    # One that has run out is replaced, which releases nothing.
    _end_hold(session, customer_id, change, by=SYSTEM)
    session.execute(
        insert(HoldRow).values(
            customer_id=customer_id,
            kind=HoldKind.PAUSE.value,
            reason=reason,
            until_on=until,
            started_at=change.at,
            started_by=change.by,
        )
    )
    settle_many(session, followed_up, change)
    return followed_up


def resume_customer(session: Session, customer_id: int, change: Change) -> Sequence[int]:
    """End the customer's pause; return its invoices whose collection is open. Raises Refused without a pause."""
    event = Resumed(change.at, of_customer=True)
    followed_up = _admit(session, customer_id, event, change, "customer resumed")
    if followed_up is None:
        return ()
    _end_hold(session, customer_id, change, by=change.by)
    settle_many(session, followed_up, change)
    return followed_up


def _admit(
    session: Session, customer_id: int, event: Event, change: Change, kind: str, **data: Any
) -> Sequence[int] | None:
    """Lock the customer's invoices and note the event; return those being collected, or None for a repeat.

    Raises Refused with the core's objection.
    """
    first, followed_up = lock_customer(session, customer_id)
    if is_known(session, change.event_id):
        return None
    because = objection(case_of(session, first).facts, event)
    if because is not None:
        raise Refused(because)
    # The event id stands on one timeline, because it is unique among all.
    note_once(session, change, kind, first, **data)
    for invoice_id in followed_up:
        if invoice_id != first:
            note(session, change, kind, invoice_id, **data)
    return followed_up


def _end_hold(session: Session, customer_id: int, change: Change, by: str) -> None:
    session.execute(
        update(HoldRow)
        .where(HoldRow.customer_id == customer_id, HoldRow.kind == HoldKind.PAUSE, HoldRow.ended_at.is_(None))
        .values(ended_at=func.greatest(HoldRow.started_at, change.at), ended_by=by)
    )
