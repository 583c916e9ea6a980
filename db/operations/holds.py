"""Puts holds on invoices and ends them (rules 3.*)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import SYSTEM, Change, note_once
from db.operations.settle import settle
from db.tables.collections import HoldRow
from dunning.events import Paused, PaymentAnnounced, Resumed
from dunning.facts import HoldKind


def pause(session: Session, invoice_id: int, until: date | None, reason: str | None, change: Change) -> None:
    """Pause the invoice until the first active day, or until it is resumed (rule 3.1).

    Raises Refused if it is paused already, or if `until` is not in the future.
    """
    if admit(session, invoice_id, Paused(change.at, until), change) is None:
        return
    shown = None if until is None else until.isoformat()
    note_once(session, change, "paused", invoice_id, until=shown, reason=reason)
    put_hold(session, invoice_id, HoldKind.PAUSE, until, reason, change)
    settle(session, invoice_id, change)


def resume(session: Session, invoice_id: int, change: Change) -> None:
    """End the invoice's pause. Raises Refused if it is not paused."""
    if admit(session, invoice_id, Resumed(change.at), change) is None:
        return
    note_once(session, change, "resumed", invoice_id)
    end_hold(session, invoice_id, HoldKind.PAUSE, change)
    settle(session, invoice_id, change)


def announce_payment(session: Session, invoice_id: int, until: date, change: Change) -> None:
    """Hold the invoice while a payment is on its way: until one is booked, or until the day (rule 3.10).

    Raises Refused if nothing is outstanding, or if `until` is not in the future.
    """
    if admit(session, invoice_id, PaymentAnnounced(change.at, until), change) is None:
        return
    note_once(session, change, "payment announced", invoice_id, until=until.isoformat())
    put_hold(session, invoice_id, HoldKind.PAYMENT_IN_FLIGHT, until, None, change)
    settle(session, invoice_id, change)


def put_hold(
    session: Session, invoice_id: int, kind: HoldKind, until: date | None, reason: str | None, change: Change
) -> None:
    """Put a hold on the invoice in place of the one of its kind that stands."""
    # What takes the place of a hold releases nothing, so that nobody's slip has to be waited out (rule 3.1).
    end_hold(session, invoice_id, kind, change, by=SYSTEM)
    session.execute(
        insert(HoldRow).values(
            invoice_id=invoice_id,
            kind=kind.value,
            reason=reason,
            until_on=until,
            started_at=change.at,
            started_by=change.by,
        )
    )


def end_hold(session: Session, invoice_id: int, kind: HoldKind, change: Change, by: str | None = None) -> None:
    """End the invoice's hold of this kind, if one stands; unless `by` says otherwise, as the change's person."""
    end_holds(session, [invoice_id], kind, change, by)


def end_holds(
    session: Session, invoice_ids: Sequence[int], kind: HoldKind, change: Change, by: str | None = None
) -> None:
    """End the holds of this kind that stand on any of the invoices (ix_holds_invoice_id)."""
    session.execute(
        update(HoldRow)
        .where(HoldRow.invoice_id.in_(invoice_ids), HoldRow.kind == kind.value, HoldRow.ended_at.is_(None))
        # Two machines' clocks differ, and a hold cannot end before it began.
        .values(ended_at=func.greatest(HoldRow.started_at, change.at), ended_by=by or change.by)
    )
