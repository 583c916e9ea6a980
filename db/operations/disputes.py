"""Raises disputes and resolves them (rule 3.4)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note, note_once
from db.operations.cycles import begin_cycle, stop
from db.operations.holds import end_hold, put_hold
from db.operations.rules.asked import settle_by_rules
from db.tables.collections import HoldRow
from dunning.events import Disputed, DisputeResolved, Resolution
from dunning.facts import HoldKind


def dispute(session: Session, invoice_id: int, reason: str | None, change: Change) -> None:
    """Hold the invoice because its customer disputes it, until the dispute is resolved.

    Raises Refused if it is disputed already, or has nothing to collect.
    """
    if admit(session, invoice_id, Disputed(change.at), change) is None:
        return
    note_once(session, change, "disputed", invoice_id, reason=reason)
    put_hold(session, invoice_id, HoldKind.DISPUTE, None, reason, change)
    settle_by_rules(session, invoice_id, change)


def resolve(session: Session, invoice_id: int, then: Resolution, change: Change) -> None:
    """End the dispute, and resume, restart or stop the collection. Raises Refused if there is no dispute."""
    case = admit(session, invoice_id, DisputeResolved(change.at, then), change)
    if case is None:
        return
    note_once(session, change, "dispute resolved", invoice_id, then=then.value)
    end_hold(session, invoice_id, HoldKind.DISPUTE, change)
    if then is Resolution.STOP:
        stop(session, case, change, because="stopped")
    elif then is Resolution.RESTART and case.collection is not None:
        begin_cycle(session, case, change)
    settle_by_rules(session, invoice_id, change)


def follow_accounts(session: Session, invoice_id: int, is_disputed: bool, change: Change) -> bool:
    """Follow the accounts in disputes that they raised, and say whether anything changed. The caller settles.

    One that a person raised is that person's to resolve.
    """
    standing = session.scalar(
        select(HoldRow.started_by).where(
            HoldRow.invoice_id == invoice_id, HoldRow.kind == HoldKind.DISPUTE, HoldRow.ended_at.is_(None)
        )
    )
    if is_disputed and standing is None:
        reason = "stated by the accounts"
        note(session, change, "disputed", invoice_id, reason=reason)
        put_hold(session, invoice_id, HoldKind.DISPUTE, None, reason, change)
        return True
    if not is_disputed and standing == change.by:
        note(session, change, "dispute resolved", invoice_id)
        end_hold(session, invoice_id, HoldKind.DISPUTE, change)
        return True
    return False
