"""Puts holds on invoices and ends them (rules 3.*)."""

from datetime import date

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note_once
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice, settle
from db.tables.collections import HoldRow
from dunning.facts import HoldKind


def pause(session: Session, invoice_id: int, until: date | None, reason: str | None, change: Change) -> None:
    """Pause the invoice until the first active day, or until it is resumed (rule 3.1).

    Raises Refused if it is paused already, or if `until` is not in the future.
    """
    lock_invoice(session, invoice_id)
    shown = None if until is None else until.isoformat()
    if not note_once(session, change, "paused", invoice_id, until=shown, reason=reason):
        return
    if until is not None and until <= change.on:
        raise Refused(f"a pause ends after today ({change.on}), not on {until}")
    standing = _standing(session, invoice_id, HoldKind.PAUSE)
    if standing is not None and (standing.until_on is None or standing.until_on > change.on):
        ends = "until it is resumed" if standing.until_on is None else f"until {standing.until_on}"
        raise Refused(f"it is paused already, {ends}; resume it first")
    put_hold(session, invoice_id, HoldKind.PAUSE, until, reason, change)
    settle(session, invoice_id, change)


def resume(session: Session, invoice_id: int, change: Change) -> None:
    """End the invoice's pause. Raises Refused if it is not paused."""
    lock_invoice(session, invoice_id)
    if not note_once(session, change, "resumed", invoice_id):
        return
    standing = _standing(session, invoice_id, HoldKind.PAUSE)
    if standing is None or (standing.until_on is not None and standing.until_on <= change.on):
        raise Refused("it is not paused")
    end_hold(session, invoice_id, HoldKind.PAUSE, change)
    settle(session, invoice_id, change)


def dispute(session: Session, invoice_id: int, reason: str | None, change: Change) -> None:
    """Hold the invoice because its customer disputes it, until the dispute is resolved (rule 3.4)."""
    lock_invoice(session, invoice_id)
    if _standing(session, invoice_id, HoldKind.DISPUTE) is None and note_once(
        session, change, "disputed", invoice_id, reason=reason
    ):
        put_hold(session, invoice_id, HoldKind.DISPUTE, None, reason, change)
        settle(session, invoice_id, change)


def resolve_dispute(session: Session, invoice_id: int, change: Change) -> None:
    """End the invoice's dispute, if there is one, and let the collection resume."""
    lock_invoice(session, invoice_id)
    if _standing(session, invoice_id, HoldKind.DISPUTE) is not None and note_once(
        session, change, "dispute resolved", invoice_id
    ):
        end_hold(session, invoice_id, HoldKind.DISPUTE, change)
        settle(session, invoice_id, change)


def put_hold(
    session: Session, invoice_id: int, kind: HoldKind, until: date | None, reason: str | None, change: Change
) -> None:
    """Put a hold on the invoice in place of the one of its kind that stands."""
    end_hold(session, invoice_id, kind, change)
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


def end_hold(session: Session, invoice_id: int, kind: HoldKind, change: Change) -> None:
    """End the invoice's hold of this kind, if one stands."""
    session.execute(
        update(HoldRow)
        .where(HoldRow.invoice_id == invoice_id, HoldRow.kind == kind.value, HoldRow.ended_at.is_(None))
        # Two machines' clocks differ, and a hold cannot end before it began.
        .values(ended_at=func.greatest(HoldRow.started_at, change.at), ended_by=change.by)
    )


def _standing(session: Session, invoice_id: int, kind: HoldKind) -> HoldRow | None:
    statement = select(HoldRow).where(
        HoldRow.invoice_id == invoice_id, HoldRow.kind == kind.value, HoldRow.ended_at.is_(None)
    )
    return session.scalar(statement)
