"""Figures of the whole book as they were taken last: too much to count at each look at a page."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base


class KeptFigures(Base):
    """A part of the overview: what it said on the local day `on_day`, taken at the moment `taken_at`."""

    __tablename__ = "kept_figures"

    part: Mapped[str] = mapped_column(primary_key=True)
    on_day: Mapped[date]
    taken_at: Mapped[datetime]
    figures: Mapped[dict[str, Any]]
