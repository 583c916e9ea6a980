"""Reads the organization."""

from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.organization import Organization


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """Whose ledger it is, and the time zone that its people live in."""

    name: str
    email: str
    time_zone: ZoneInfo


def organization_name(session: Session) -> str:
    """Return the organization's name."""
    return session.scalars(select(Organization.name)).one()


def organization_view(session: Session) -> OrganizationView | None:
    """Return the organization, or None in a ledger that was never set up."""
    row = session.execute(select(Organization.name, Organization.email, Organization.time_zone)).one_or_none()
    return None if row is None else OrganizationView(row.name, row.email, ZoneInfo(row.time_zone))


def asks_when_uncertain(session: Session) -> bool:
    """Say whether a message that may have been delivered is shown to a person, and not sent again."""
    return session.scalars(select(Organization.when_uncertain)).one() == "ask"


def organization_logo(session: Session) -> tuple[bytes, str] | None:
    """Return the organization's logo and its media type, if it has one."""
    row = session.execute(select(Organization.logo, Organization.logo_type)).one()
    return None if row.logo is None else (row.logo, row.logo_type)


def delays_customer(session: Session) -> bool:
    """Say whether the minimum contact delay is kept for the whole customer (rule 2.14)."""
    return session.scalars(select(Organization.contact_delay_scope)).one() == "customer"


@dataclass(frozen=True, slots=True)
class ReconcileTime:
    """When ledger and processes are compared: the time of the day, and whose."""

    at: time
    time_zone: ZoneInfo


def reconcile_time(session: Session) -> ReconcileTime:
    """Return when ledger and processes are compared."""
    row = session.execute(select(Organization.reconcile_time, Organization.time_zone)).one()
    return ReconcileTime(row.reconcile_time, ZoneInfo(row.time_zone))


def organization_settings(session: Session) -> dict[str, Any]:
    """Return all settings of the organization, by their columns."""
    row = session.execute(select(Organization.__table__)).one()
    return dict(row._mapping)
