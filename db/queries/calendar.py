"""Reads the organization's day."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

_TIME_ZONE = text("SELECT time_zone FROM organization")


def local_date(session: Session, moment: datetime) -> date:
    """Return the day of `moment` in the organization's time zone."""
    time_zone = session.execute(_TIME_ZONE).scalar_one()
    return moment.astimezone(ZoneInfo(time_zone)).date()
