"""Reads the organization's day."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.organization import Organization


def local_date(session: Session, moment: datetime) -> date:
    """Return the day of `moment` in the organization's time zone."""
    time_zone = session.scalars(select(Organization.time_zone)).one()
    return moment.astimezone(ZoneInfo(time_zone)).date()
