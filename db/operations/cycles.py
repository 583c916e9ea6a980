"""Begins collections anew and ends them by hand (rules 3.4, 5.2, 5.4 and 6.2)."""

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.settle import close
from db.queries.collections import Case
from db.tables.collections import Collection
from phrase import N_

NEW_CYCLE = N_("new cycle")


def begin_cycle(session: Session, case: Case, change: Change) -> None:
    """Close the collection as restarted, and put one with every step pending in its place.

    One that is closed stays so: the new cycle begins when it is reopened.
    """
    before = case.collection
    assert before is not None, "only what is under a cadence begins anew"
    if case.is_open:
        close(session, before.id, before.invoice_id, "restarted", change, because=NEW_CYCLE)
    else:
        _set_closed(session, before.id, "restarted")
    statement = insert(Collection).values(
        invoice_id=before.invoice_id,
        cadence_id=before.cadence_id,
        version_id=before.version_id,
        cycle=before.cycle + 1,
        state="active" if case.is_open else before.state,
        closed_at=None if case.is_open else change.at,
        entered_on=change.on,
        last_contact_on=case.facts.last_contact_on,
        assigned_by=change.by,
    )
    new_id = session.execute(statement.returning(Collection.id)).scalar_one()
    note(session, change, "cycle begun", before.invoice_id, new_id, cycle=before.cycle + 1)


def stop(session: Session, case: Case, change: Change, because: str) -> None:
    """Let no cadence follow the invoice up any more; one that was closed already is not reopened later either."""
    collection = case.collection
    if collection is None:
        return
    if case.is_open:
        close(session, collection.id, collection.invoice_id, "stopped", change, because=because)
    else:
        _set_closed(session, collection.id, "stopped")


def _set_closed(session: Session, collection_id: int, state: str) -> None:
    session.execute(update(Collection).where(Collection.id == collection_id).values(state=state))
