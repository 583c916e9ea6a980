"""Sets up the organization."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables.organization import Organization


def ensure_organization(session: Session, name: str, email: str) -> bool:
    """Write the organization's row with the defaults of its columns, unless it exists; say whether it is new."""
    statement = insert(Organization).values(id=1, name=name, email=email).on_conflict_do_nothing()
    return session.execute(statement.returning(Organization.id)).scalar() is not None


def change_organization(session: Session, **settings: Any) -> None:
    """Change settings of the organization, by the names of its columns."""
    session.execute(update(Organization).where(Organization.id == 1).values(**settings))


def lock_organization(session: Session) -> dict[str, Any]:
    """Return the organization's settings, by their columns; until the transaction ends, nobody changes them."""
    row = session.execute(select(Organization.__table__).with_for_update()).one()
    return dict(row._mapping)
