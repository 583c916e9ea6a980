"""The overview as it was taken last, and the taking of it.

To count a book of 100,000 open invoices takes longer than a page may, so that the figures are kept with the moment
they are of (`db/operations/figures.py`). A page shows them with that moment; the lists behind them are as of now.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, cast

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries.figures.aging import AgingBalance, aging_balances
from db.queries.figures.at_risk import AtRisk, at_risk
from db.queries.figures.coming_days import ComingDays, coming_days
from db.queries.figures.days_outstanding import DaysOutstanding, days_outstanding
from db.queries.figures.effectiveness import StepEffect, effectiveness
from db.queries.figures.promises import PromisesDue, promises_due
from db.tables.figures import KeptFigures

Part = Literal["balances", "coming days", "effectiveness"]
PARTS: Final[tuple[Part, ...]] = ("balances", "coming days", "effectiveness")
# For how long a part is as good as new. What cadences achieve changes slowly, once they have achieved anything.
FRESH: Final = timedelta(minutes=1)
EFFECTS_FRESH: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Balances:
    """What is owed: the aging balance, the days outstanding, what is at risk and what was promised."""

    aging: tuple[AgingBalance, ...]
    days_outstanding: tuple[DaysOutstanding, ...]
    at_risk: tuple[AtRisk, ...]
    promises: tuple[PromisesDue, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """What each step of each cadence achieves."""

    steps: tuple[StepEffect, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """Of which local day and which moment figures are."""

    on_day: date
    at: datetime

    def is_fresh(self, fresh: timedelta, now: datetime, today: date) -> bool:
        """Say whether they need not be taken again, if they are as good as new for so long."""
        return self.on_day == today and now - self.at < fresh


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview; a part that was never taken is None."""

    balances: Balances | None
    coming_days: ComingDays | None
    effects: Effects | None
    taken: dict[Part, Taken]

    def stale(self, now: datetime, today: date) -> tuple[Part, ...]:
        """Return the parts that are to be taken again, or for the first time."""
        fresh = dict.fromkeys(PARTS, FRESH)
        if self.effects is not None and self.effects.steps:
            fresh["effectiveness"] = EFFECTS_FRESH
        return tuple(
            part
            for part in PARTS
            if part not in self.taken or not self.taken[part].is_fresh(fresh[part], now, today)
        )


_TYPES: Final[dict[Part, TypeAdapter[Any]]] = {
    "balances": TypeAdapter(Balances),
    "coming days": TypeAdapter(ComingDays),
    "effectiveness": TypeAdapter(Effects),
}


def overview(session: Session) -> Overview:
    """Return the overview as it was taken last (a row for each part)."""
    figures: dict[str, Any] = dict.fromkeys(PARTS)
    taken: dict[Part, Taken] = {}
    for row in session.scalars(select(KeptFigures).where(KeptFigures.part.in_(PARTS))):
        part = cast(Part, row.part)
        figures[part] = _read(part, row.figures)
        if figures[part] is not None:
            taken[part] = Taken(row.on_day, row.taken_at)
    return Overview(figures["balances"], figures["coming days"], figures["effectiveness"], taken)


def take(session: Session, part: Part, today: date) -> dict[str, Any]:
    """Count a part of the overview on the local day and return it as it is kept: seconds, for a big book."""
    figures: Balances | ComingDays | Effects
    match part:
        case "balances":
            aging = aging_balances(session, today)
            outstanding = days_outstanding(session, aging, today)
            figures = Balances(aging, outstanding, at_risk(session, today), promises_due(session, today))
        case "coming days":
            figures = coming_days(session, today)
        case "effectiveness":
            figures = Effects(effectiveness(session, today))
    kept: dict[str, Any] = _TYPES[part].dump_python(figures, mode="json")
    return kept


def _read(part: Part, kept: dict[str, Any]) -> Any:
    try:
        return _TYPES[part].validate_python(kept)
    except ValidationError:
        # Another release kept it, with other figures in it: it is as if it had not been taken yet.
        return None
