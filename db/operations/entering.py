"""Puts invoices under cadences: opens their collections, and finds the cadences that are in force (rules 5.*)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.operations.refusal import Refused
from db.tables.cadences import Cadence, CadenceVersion
from db.tables.collections import Collection
from phrase import phrase


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


def default_cadence(session: Session) -> tuple[int, str] | None:
    """Return the id and the name of the default cadence, or None if the organization has none."""
    row = session.execute(select(Cadence.id, Cadence.name).where(Cadence.is_default)).one_or_none()
    return None if row is None else (row.id, row.name)


def cadence_name(session: Session, cadence_id: int) -> str:
    """Return what the cadence is called."""
    return session.execute(select(Cadence.name).where(Cadence.id == cadence_id)).scalar_one()


def published_cadence_id(session: Session, name: str) -> int:
    """Return the id of the published cadence called `name`. Raises Refused, naming those there are."""
    published = select(Cadence.id, Cadence.name).join(CadenceVersion).where(CadenceVersion.state == "published")
    known = {row.name: row.id for row in session.execute(published.order_by(Cadence.name))}
    if name not in known:
        raise Refused(
            "there is no cadence {name!r}; there is {known}", name=name, known=", ".join(known) or phrase("none")
        )
    return int(known[name])


def find_published_cadence(session: Session, name: str) -> int | None:
    """Return the id of the published cadence called `name`, None if there is none; it is not deleted meanwhile."""
    return find_published_cadences(session, [name]).get(name)


def find_published_cadences(session: Session, names: Sequence[str]) -> dict[str, int]:
    """Return the ids of the published cadences of these names; they are not deleted meanwhile."""
    if not names:
        return {}
    published = select(Cadence.name, Cadence.id).join(CadenceVersion).where(CadenceVersion.state == "published")
    locked = published.with_for_update(read=True, key_share=True, of=CadenceVersion)
    rows = session.execute(locked.where(Cadence.name.in_(names)).order_by(Cadence.name))
    return {row.name: row.id for row in rows}
