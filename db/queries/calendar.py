"""Reads the organization's day."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.statement import Statement

_TIME_ZONE = Statement("SELECT time_zone FROM organization WHERE id = 1")


def local_date(session: Session, moment: datetime) -> date:
    """Return the day of `moment` in the organization's time zone."""
    (organization,) = _TIME_ZONE.all(session)
    return moment.astimezone(ZoneInfo(organization.time_zone)).date()
