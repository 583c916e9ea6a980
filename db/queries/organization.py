"""Reads the organization."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.organization import Organization


def organization_name(session: Session) -> str:
    """Return the organization's name."""
    return session.scalars(select(Organization.name)).one()
