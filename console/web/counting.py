"""Counts the overview anew beside the pages: whoever looks at old figures gets them at once, and new ones soon."""

from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

import structlog

from db.engine import Engine, LedgerUnavailable
from db.operations.figures import keep_overview

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Counting:
    """One count at a time in this program; the ledger sees to it that other programs do not count meanwhile."""

    under_way: Lock = field(default_factory=Lock)

    def count(self, engine: Engine, now: datetime, today: date) -> None:
        """Count what is stale and keep it, unless somebody is at it already. Nobody waits for this."""
        if not self.under_way.acquire(blocking=False):
            return
        try:
            keep_overview(engine, now, today)
        except LedgerUnavailable as error:
            log.warning("the ledger is away, the overview stays as it is", reason=str(error))
        finally:
            self.under_way.release()
