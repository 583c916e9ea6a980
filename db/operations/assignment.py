"""Decides which cadence an invoice is under: the default for new ones, and reassignment (rules 5.*)."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note_once
from db.operations.cycles import begin_cycle, stop
from db.operations.refusal import Refused
from db.operations.settle import settle
from db.tables.cadences import Cadence, CadenceVersion
from db.tables.collections import Collection
from dunning.events import Reassigned, Restarted


def reassign(session: Session, invoice_id: int, cadence_name: str | None, change: Change) -> bool:
    """Put the invoice under another cadence, or under none (rule 5.2), and say whether that changed anything.

    The minimum contact delay counts from the last contact under the old one, whose to-dos are canceled.
    Coming back to a cadence resumes what was done under it. Raises Refused for a cadence that is not
    published, or an invoice that has nothing to collect.
    """
    case = admit(session, invoice_id, Reassigned(change.at, None), change)
    if case is None:
        return False
    cadence_id = None if cadence_name is None else published_cadence_id(session, cadence_name)
    current = case.collection
    if cadence_id is None and current is None:
        return False
    if cadence_id is not None and current is not None and case.is_open and current.cadence_id == cadence_id:
        return False
    note_once(session, change, "reassigned", invoice_id, cadence=cadence_name)
    stop(session, case, change, because="reassigned")
    if cadence_id is not None:
        enter(session, invoice_id, cadence_id, case.facts.last_contact_on, change)
    settle(session, invoice_id, change)
    return True


def restart(session: Session, invoice_id: int, change: Change) -> None:
    """Begin the cadence anew for the invoice (rule 5.4). Raises Refused if it has none, or nothing to collect."""
    case = admit(session, invoice_id, Restarted(change.at), change)
    if case is None:
        return
    note_once(session, change, "restarted", invoice_id)
    begin_cycle(session, case, change)
    settle(session, invoice_id, change)


def enter(session: Session, invoice_id: int, cadence_id: int, contacted_on: date | None, change: Change) -> int:
    """Open the invoice's collection under the cadence, in the cycle it was last in, and return its id."""
    values = {
        "state": "active",
        "closed_at": None,
        "entered_on": change.on,
        "last_contact_on": contacted_on,
        "assigned_by": change.by,
    }
    latest = session.scalar(
        select(Collection.id)
        .where(Collection.invoice_id == invoice_id, Collection.cadence_id == cadence_id)
        .order_by(Collection.cycle.desc())
        .limit(1)
    )
    if latest is not None:
        # Under the version of then: settling adopts what was published since, as for one that never left. A
        # collection that is reopened under a cadence that was retired goes on as it was.
        session.execute(update(Collection).where(Collection.id == latest).values(values))
        return latest
    version_id = published_version_id(session, cadence_id)
    statement = insert(Collection).values(
        invoice_id=invoice_id, cadence_id=cadence_id, version_id=version_id, **values
    )
    return session.execute(statement.returning(Collection.id)).scalar_one()


def published_version_id(session: Session, cadence_id: int) -> int:
    """Return the version of the cadence that is in force, and keep the cadence from being deleted meanwhile.

    Raises Refused if it was retired.
    """
    published = CadenceVersion.cadence_id == cadence_id, CadenceVersion.state == "published"
    statement = select(CadenceVersion.id).where(*published).with_for_update(read=True, key_share=True)
    version_id = session.scalar(statement)
    if version_id is None:
        raise Refused("the cadence has no published version any more")
    return version_id


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
