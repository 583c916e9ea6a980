"""Decides which cadence an invoice is under, by people; and whether rules may decide that (rules 5.2 to 5.5)."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, is_known, note_once
from db.operations.cycles import begin_cycle, stop
from db.operations.entering import enter, published_cadence_id
from db.operations.rules.asked import settle_by_rules
from db.operations.settle import lock_invoice, settle
from db.tables.invoices import Invoice
from db.tables.rules import RuleRecord
from dunning.events import Reassigned, Restarted


def reassign(session: Session, invoice_id: int, cadence_name: str | None, change: Change) -> bool:
    """Put the invoice under another cadence, or under none (rule 5.2), and say whether that changed anything.

    The minimum contact delay counts from the last contact under the old one, whose to-dos are canceled.
    Coming back to a cadence resumes what was done under it. Rules leave what was chosen so alone, the cadence that
    it is under already included (rule 5.5). Raises Refused for a cadence that is not published, or an invoice
    that has nothing to collect.
    """
    case = admit(session, invoice_id, Reassigned(change.at, None), change)
    if case is None:
        return False
    cadence_id = None if cadence_name is None else published_cadence_id(session, cadence_name)
    current = case.collection
    _lock_cadence(session, invoice_id, change)
    if cadence_id is None and current is None:
        return False
    if cadence_id is not None and current is not None and case.is_open and current.cadence_id == cadence_id:
        return False
    note_once(session, change, "reassigned", invoice_id, cadence=cadence_name)
    stop(session, case, change, because="reassigned")
    if cadence_id is not None:
        enter(session, invoice_id, cadence_id, case.facts.last_contact_on, change)
    settle_by_rules(session, invoice_id, change)
    return True


def release_to_rules(session: Session, invoice_id: int, change: Change) -> bool:
    """Let rules manage the invoice's cadence again, and ask them at once; say whether that is new (rule 5.5).

    The rule that wins acts, also one that had acted before somebody chose the cadence. Where no rule matches the
    cadence stays.
    """
    lock_invoice(session, invoice_id)
    locked = session.scalar(select(Invoice.cadence_locked_at).where(Invoice.id == invoice_id))
    if locked is None or is_known(session, change.event_id):
        return False
    note_once(session, change, "released to rules", invoice_id)
    released = update(Invoice).where(Invoice.id == invoice_id)
    released = released.values(cadence_locked_at=None, cadence_locked_by=None)
    session.execute(released.execution_options(synchronize_session=False))
    session.execute(update(RuleRecord).where(RuleRecord.invoice_id == invoice_id).values(cadence_rule_id=None))
    settle_by_rules(session, invoice_id, change)
    return True


def restart(session: Session, invoice_id: int, change: Change) -> None:
    """Begin the cadence anew for the invoice (rule 5.4). Raises Refused if it has none, or nothing to collect."""
    case = admit(session, invoice_id, Restarted(change.at), change)
    if case is None:
        return
    note_once(session, change, "restarted", invoice_id)
    begin_cycle(session, case, change)
    settle(session, invoice_id, change)


def _lock_cadence(session: Session, invoice_id: int, change: Change) -> None:
    """Keep rules from assigning the invoice a cadence; who said so first stays noted."""
    locked = update(Invoice).where(Invoice.id == invoice_id, Invoice.cadence_locked_at.is_(None))
    locked = locked.values(cadence_locked_at=change.at, cadence_locked_by=change.by)
    session.execute(locked.execution_options(synchronize_session=False))
