"""Decides which cadence an invoice is under: the default for new ones, and reassignment (rules 5.*)."""

from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note_once
from db.operations.refusal import Refused
from db.operations.settle import close, lock_invoice, settle
from db.tables.cadences import Cadence, CadenceVersion
from db.tables.collections import OPEN_STATES, Collection
from db.tables.invoices import Invoice
from dunning.facts import InvoiceState


def reassign(session: Session, invoice_id: int, cadence_name: str | None, change: Change) -> bool:
    """Put the invoice under another cadence, or under none (rule 5.2), and say whether that changed anything.

    The minimum contact delay counts from the last contact under the old one, whose to-dos are canceled.
    Coming back to a cadence resumes what was done under it. Raises Refused for a cadence that is not
    published, or an invoice that has nothing to collect.
    """
    lock_invoice(session, invoice_id)
    cadence_id = None if cadence_name is None else published_cadence_id(session, cadence_name)
    current = session.scalar(
        select(Collection).where(Collection.invoice_id == invoice_id, Collection.state.in_(OPEN_STATES))
    )
    if cadence_id == (None if current is None else current.cadence_id):
        return False
    if not note_once(session, change, "reassigned", invoice_id, cadence=cadence_name):
        return False
    if current is not None:
        close(session, current.id, invoice_id, "stopped", change)
    if cadence_id is not None:
        invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
        if invoice.state not in (InvoiceState.OPEN, InvoiceState.DRAFT) or invoice.outstanding <= 0:
            raise Refused(f"{invoice.number} has nothing to collect")
        enter(session, invoice_id, cadence_id, last_contact_on(session, invoice_id), change)
    settle(session, invoice_id, change)
    return True


def enter(session: Session, invoice_id: int, cadence_id: int, contacted_on: date | None, change: Change) -> int:
    """Open the invoice's collection under the cadence, in the cycle it was last in, and return its id."""
    values = {
        "state": "active",
        "closed_at": None,
        "entered_on": change.on,
        "last_contact_on": contacted_on,
        "assigned_by": change.by,
        "version_id": published_version_id(session, cadence_id),
    }
    latest = session.scalar(
        select(Collection.id)
        .where(Collection.invoice_id == invoice_id, Collection.cadence_id == cadence_id)
        .order_by(Collection.cycle.desc())
        .limit(1)
    )
    if latest is not None:
        session.execute(update(Collection).where(Collection.id == latest).values(values))
        return latest
    statement = insert(Collection).values(invoice_id=invoice_id, cadence_id=cadence_id, **values)
    return session.execute(statement.returning(Collection.id)).scalar_one()


def last_contact_on(session: Session, invoice_id: int) -> date | None:
    """Return the day of the invoice's last contact under whatever cadence."""
    statement = select(func.max(Collection.last_contact_on)).where(Collection.invoice_id == invoice_id)
    return session.scalar(statement)


def published_version_id(session: Session, cadence_id: int) -> int:
    """Return the version of the cadence that is in force."""
    published = CadenceVersion.cadence_id == cadence_id, CadenceVersion.state == "published"
    return session.scalars(select(CadenceVersion.id).where(*published)).one()


def default_cadence_id(session: Session) -> int | None:
    """Return the default cadence, or None if the organization has none."""
    return session.scalar(select(Cadence.id).where(Cadence.is_default))


def published_cadence_id(session: Session, name: str) -> int:
    """Return the id of the published cadence called `name`. Raises Refused, naming those there are."""
    published = select(Cadence.id, Cadence.name).join(CadenceVersion).where(CadenceVersion.state == "published")
    known = {row.name: row.id for row in session.execute(published.order_by(Cadence.name))}
    if name not in known:
        raise Refused(f"there is no cadence {name!r}; there is {', '.join(known) or 'none'}")
    return int(known[name])
