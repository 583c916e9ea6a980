"""The bulk work "publish": collections adopt the version of their cadence that is in force.

The version itself is in force from the moment it was published, for every decision; this brings the next actions
up to date that nothing else looks at soon. So it cannot be left half-way (intake.jobs.cancel).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import structlog

from db.engine import LedgerUnavailable, Session, part
from db.operations.change import Change
from db.operations.jobs import open_job
from db.operations.rollout import adopt_page, lock_outdated, park_outdated
from db.queries.calendar import local_date
from db.queries.invoices import numbers_of
from db.queries.under import Outdated, count_outdated, outdated_versions
from intake.jobs.kind import Page, Row, Running

PAGE = 200
# As for a process that cannot be planned: it looks again by itself.
PARKED_FOR = timedelta(hours=1)
NOTHING: Mapping[str, int] = {"done": 0, "changed": 0, "unchanged": 0, "failed": 0}
log = structlog.get_logger()


class Publish:
    """Brings published versions to all collections that are reckoned by older ones, of all cadences."""

    name: ClassVar[str] = "publish"

    def total(self, session: Session, job: Running) -> int:
        """Count the collections that are reckoned by older versions."""
        return count_outdated(session, outdated_versions(session))

    def page(self, session: Session, job: Running) -> Page:
        """Let the next collections adopt; what somebody else holds is come back to."""
        outdated = outdated_versions(session)
        if not outdated:
            return Page(None, NOTHING)
        one = _current(outdated, job)
        after_id = int(job.cursor.get("after", 0)) if one.version_id == job.cursor.get("version") else 0
        locked = lock_outdated(session, one, after_id, PAGE)
        if not locked:
            following = next((each.version_id for each in outdated if each.version_id > one.version_id), 0)
            return Page({"version": following, "after": 0}, NOTHING)
        now = datetime.now(UTC)
        change = Change(now, local_date(session, now), job.by, job_id=job.id)
        counts, rows = _adopt(session, locked, change)
        return Page({"version": one.version_id, "after": max(locked)}, counts, rows)


def open_publish(session: Session, by: str, cadence: str, version: int) -> int:
    """Order that collections adopt what was published; return the id of the job."""
    return open_job(session, Publish.name, by, {"cadence": cadence, "version": version})


def _current(outdated: Sequence[Outdated], job: Running) -> Outdated:
    at = int(job.cursor.get("version", 0))
    return next((each for each in outdated if each.version_id >= at), outdated[0])


def _adopt(session: Session, locked: Sequence[int], change: Change) -> tuple[Mapping[str, int], list[Row]]:
    try:
        with part(session):
            page = adopt_page(session, locked, change)
        unchanged = page.adopted - page.changed
        return {"done": page.adopted, "changed": page.changed, "unchanged": unchanged, "failed": 0}, []
    except LedgerUnavailable:
        raise
    except Exception:
        log.exception("a page of collections adopts one by one", job_id=change.job_id)
    counts = dict(NOTHING)
    rows = []
    numbers = numbers_of(session, locked)
    for invoice_id in locked:
        try:
            with part(session):
                page = adopt_page(session, [invoice_id], change)
            counts["changed"] += page.changed
            counts["unchanged"] += page.adopted - page.changed
        except LedgerUnavailable:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            log.exception("collection parked", invoice_id=invoice_id, reason=reason)
            park_outdated(session, invoice_id, reason, change.at + PARKED_FOR, change)
            counts["failed"] += 1
            rows.append(Row(invoice_id, numbers[invoice_id], "refused", reason))
    counts["done"] = sum(counts.values())
    return counts, rows
