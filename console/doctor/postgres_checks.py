"""Doctor: the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.connections.environment import place_of
from console.connections.ledger import reached, read_revision
from console.doctor.check import Check
from console.doctor.people_checks import examine_people
from console.doctor.webhook_checks import examine_webhooks
from console.failure import Failure
from db.engine import Engine, ping, transaction
from db.queries.backlog import OutboxBacklog, count_passed_moments, outbox_backlog
from db.queries.book import count_by_stage, count_not_eligible, count_open_collections
from db.queries.organization import organization_view
from db.queries.reconciling import Reconciled, newest_reconciliations
from intake.jobs.words import lasts
from intake.reconcile_words import is_well, sentence_of
from settings import Settings

WORKER = "python -m worker"
# The relay passes a signal on within about a second, and a worker acts in the minute that was planned.
OWED_MAX = timedelta(minutes=1)
LATE_MAX = timedelta(minutes=5)
# Each night once; a day of a daylight saving change has 25 hours.
COMPARED_MAX = timedelta(hours=26)


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
        webhooks = examine_webhooks(session, now)
        compared = newest_reconciliations(session, 1)
    owner = f"{organization.name}, {organization.time_zone.key}"
    return LedgerReport(
        (
            server,
            Check("schema", "ok", schema),
            Check("organization", "ok", owner),
            _outbox(backlog, now),
            _stages(open_count, stages, not_followed),
            *_late(passed),
            _compared(compared[0] if compared else None, now),
            *people,
            *webhooks,
        ),
        open_count,
    )


def _outbox(backlog: OutboxBacklog, now: datetime) -> Check:
    found, is_late = "empty", backlog.last_error is not None
    if backlog.count and backlog.oldest_at is not None:
        age = now - backlog.oldest_at
        is_late = is_late or age > OWED_MAX
        found = f"{backlog.count} signals wait, the oldest for {timedelta(seconds=round(age.total_seconds()))}"
    if backlog.bulk_count:
        takes = lasts(backlog.bulk_count / backlog.bulk_rate)
        bulk = f"{backlog.bulk_count} of bulk work, which take {takes} at {backlog.bulk_rate} each second"
        found = bulk if found == "empty" else f"{found}; {bulk}"
    if backlog.last_error is not None:
        found += f"; last error: {backlog.last_error}"
    if is_late:
        return Check("outbox", "warn", found, f"a worker passes them on: {WORKER}")
    return Check("outbox", "ok", found)


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


def _compared(last: Reconciled | None, now: datetime) -> Check:
    what, mend = "reconcile", "duewell reconcile --now, and a worker does it each night"
    if last is None:
        return Check(what, "optional", "ledger and processes were not compared yet", mend)
    age = now - last.started_at
    found = f"{timedelta(seconds=round(age.total_seconds()))} ago: {sentence_of(last)}"
    if age > COMPARED_MAX:
        return Check(what, "warn", found, mend)
    if last.ended_at is None or is_well(last):
        return Check(what, "ok", found)
    return Check(what, "warn", found, "see duewell reconcile")
