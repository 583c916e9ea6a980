"""Hides invoices from their customers, writes them off, voids them, and takes that back (rules 3.2 and 3.7)."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note_once
from db.operations.refusal import Refused
from db.operations.reopening import reopen
from db.operations.rules.asked import settle_by_rules
from db.tables.invoices import Invoice
from dunning.events import StateChanged, VisibilityChanged
from dunning.facts import InvoiceState
from phrase import phrase

_NOTED = {InvoiceState.VOID: "voided", InvoiceState.WRITTEN_OFF: "written off"}
_TAKEN_BACK = (InvoiceState.VOID, InvoiceState.WRITTEN_OFF)


def set_hidden(session: Session, invoice_id: int, is_hidden: bool, change: Change) -> bool:
    """Hide the invoice from its customer, or show it again; say whether that changed anything (rule 3.7)."""
    case = admit(session, invoice_id, VisibilityChanged(change.at, is_hidden), change)
    if case is None or case.facts.invoice.is_hidden == is_hidden:
        return False
    note_once(session, change, "hidden" if is_hidden else "shown", invoice_id)
    _write(session, invoice_id, is_hidden=is_hidden)
    settle_by_rules(session, invoice_id, change)
    return True


def end_invoice(
    session: Session, invoice_id: int, state: InvoiceState, change: Change, reason: str | None = None
) -> bool:
    """Write the invoice off or void it, which ends its collection; say whether that changed anything (rule 3.2).

    Raises Refused if it is the other of the two, or if there is nothing to write off.
    """
    case = admit(session, invoice_id, StateChanged(change.at, state), change)
    if case is None or case.facts.invoice.state is state:
        return False
    before = case.facts.invoice.state
    if before in _TAKEN_BACK:
        raise Refused("it is {state}; reinstate it first", state=phrase(_said(before)))
    if state is InvoiceState.WRITTEN_OFF and case.facts.invoice.outstanding <= 0:
        raise Refused("it is paid, there is nothing to write off")
    note_once(session, change, _NOTED[state], invoice_id, was=before.value, reason=reason)
    _write(session, invoice_id, state=state.value)
    settle_by_rules(session, invoice_id, change)
    return True


def reinstate(session: Session, invoice_id: int, change: Change, reason: str | None = None) -> None:
    """Take back that the invoice was written off or void; its collection goes on where it was.

    Raises Refused if it is neither.
    """
    case = admit(session, invoice_id, StateChanged(change.at, InvoiceState.OPEN), change)
    if case is None:
        return
    before = case.facts.invoice.state
    if before not in _TAKEN_BACK:
        raise Refused("it is neither void nor written off")
    note_once(session, change, "reinstated", invoice_id, was=before.value, reason=reason)
    _write(session, invoice_id, state=InvoiceState.OPEN.value)
    reopen(session, invoice_id, change)
    settle_by_rules(session, invoice_id, change)


def _said(state: InvoiceState) -> str:
    return state.value.replace("_", " ")


def _write(session: Session, invoice_id: int, **values: Any) -> None:
    session.execute(update(Invoice).where(Invoice.id == invoice_id).values(**values))
