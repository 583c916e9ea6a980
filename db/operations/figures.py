"""Keeps the overview: counts it anew where it is stale, one program at a time."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert

from db.engine import Engine, transaction
from db.operations.one_at_a_time import KEEPING_FIGURES, alone
from db.queries.figures.overview import Part, overview, take
from db.queries.under import hold_still
from db.tables.figures import KeptFigures


def keep_overview(engine: Engine, now: datetime, today: date, parts: Sequence[Part] | None = None) -> bool:
    """Count what is stale, or these parts, and keep it; return False if another program is at it already.

    Takes seconds over a big book, reads one state of the ledger for each part, and locks nothing. Raises
    LedgerUnavailable.
    """
    with alone(engine, KEEPING_FIGURES) as is_alone:
        if not is_alone:
            return False
        if parts is None:
            with transaction(engine) as session:
                parts = overview(session).stale(now, today)
        for part in parts:
            with transaction(engine) as session:
                hold_still(session)
                figures = take(session, part, today)
            values = {"on_day": today, "taken_at": now, "figures": figures}
            statement = insert(KeptFigures).values(part=part, **values)
            with transaction(engine) as session:
                session.execute(statement.on_conflict_do_update(index_elements=["part"], set_=values))
        return True
