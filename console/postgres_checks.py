"""Doctor: the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.check import Check
from console.environment import place_of
from console.failure import Failure
from console.ledger import reached, read_revision
from console.people_checks import examine_people
from db.engine import Engine, ping, transaction
from db.queries.backlog import count_passed_moments, outbox_backlog
from db.queries.book import count_by_stage, count_not_eligible, count_open_collections
from db.queries.organization import organization_view
from settings import Settings

WORKER = "python -m worker"
# The relay passes a signal on within about a second, and a worker acts in the minute that was planned.
OWED_MAX = timedelta(minutes=1)
LATE_MAX = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The checks, and how many collections are open; None if that cannot be known."""

    checks: tuple[Check, ...]
    open_collections: int | None = None


def examine(chosen: Settings) -> LedgerReport:
    """Return how the ledger is."""
    place = place_of(chosen.database_url)
    try:
        with reached() as engine:
            revision = read_revision(engine)
            server = Check("PostgreSQL", "ok", f"{place}, server {ping(engine)}")
            if revision.is_foreign:
                found = f"revision {revision.current} is of a newer release than this one ({revision.newest})"
                return LedgerReport((server, Check("schema", "missing", found, "upgrade duewell")))
            if not revision.is_current:
                found = f"revision {revision.current or 'none'}, needed is {revision.newest}"
                return LedgerReport((server, Check("schema", "missing", found, "duewell migrate")))
            return _examine_book(engine, server, f"revision {revision.current}, the newest")
    except Failure as failure:
        return LedgerReport(
            (Check("PostgreSQL", "missing", str(failure), "start PostgreSQL, or set DATABASE_URL"),)
        )


def _examine_book(engine: Engine, server: Check, schema: str) -> LedgerReport:
    now = datetime.now(UTC)
    with transaction(engine) as session:
        organization = organization_view(session)
        if organization is None:
            return LedgerReport((server, Check("schema", "missing", "no organization", "duewell migrate")))
        backlog = outbox_backlog(session)
        open_count = count_open_collections(session)
        stages = count_by_stage(session)
        passed = count_passed_moments(session, now - LATE_MAX)
        not_followed = count_not_eligible(session)
        people = examine_people(session)
    owner = f"{organization.name}, {organization.time_zone.key}"
    return LedgerReport(
        (
            server,
            Check("schema", "ok", schema),
            Check("organization", "ok", owner),
            _outbox(backlog.count, backlog.oldest_at, backlog.last_error, now),
            _stages(open_count, stages, not_followed),
            *_late(passed),
            *people,
        ),
        open_count,
    )


def _outbox(count: int, oldest_at: datetime | None, last_error: str | None, now: datetime) -> Check:
    if not count or oldest_at is None:
        return Check("outbox", "ok", "empty")
    age = now - oldest_at
    found = f"{count} signals wait, the oldest for {timedelta(seconds=round(age.total_seconds()))}"
    if last_error is not None:
        found += f"; last error: {last_error}"
    return Check(
        "outbox", "warn" if age > OWED_MAX or last_error else "ok", found, f"a worker passes them on: {WORKER}"
    )


def _stages(open_count: int, stages: dict[str, int], not_followed: int) -> Check:
    listed = ", ".join(f"{count} {stage}" for stage, count in sorted(stages.items()))
    found = f"{open_count} open" + (f" ({listed})" if listed else "")
    if not_followed:
        found += f", {not_followed} unpaid invoices without a cadence"
    if sum(stages.values()) != open_count:
        return Check("collections", "warn", f"{found}: some are not planned", "python -m starter")
    return Check("collections", "ok", found)


def _late(passed: int) -> list[Check]:
    if not passed:
        return []
    found = f"{passed} collections should have acted more than {LATE_MAX.seconds // 60} minutes ago"
    return [Check("late", "warn", found, f"{WORKER}, and python -m starter for those without a process")]
