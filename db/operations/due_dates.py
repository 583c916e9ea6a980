"""Moves due dates: what is pending moves along, or a new cycle begins (rules 6.1 and 6.2)."""

from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note_once
from db.operations.cycles import begin_cycle
from db.operations.rules.asked import settle_by_rules
from db.tables.invoices import Invoice
from dunning.cycles import begins_cycle
from dunning.events import DueDateChanged


def change_due_date(
    session: Session, invoice_id: int, due_on: date, change: Change, reason: str | None = None
) -> None:
    """Let the invoice fall due on another day; where that is far enough, a new cycle begins.

    Raises Refused if it is due on that day already, or was issued after it.
    """
    case = admit(session, invoice_id, DueDateChanged(change.at, due_on), change)
    if case is None:
        return
    before = case.facts.invoice.due_on
    days = {"was": None if before is None else before.isoformat(), "due_on": due_on.isoformat()}
    note_once(session, change, "due date changed", invoice_id, None, **days, reason=reason)
    session.execute(update(Invoice).where(Invoice.id == invoice_id).values(due_on=due_on))
    if begins_cycle(case.facts, due_on, change.on):
        begin_cycle(session, case, change)
    settle_by_rules(session, invoice_id, change)
