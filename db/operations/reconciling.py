"""Keeps the report of a comparison of ledger and processes, and lets processes look again where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.operations.change import SYSTEM
from db.operations.jobs import end_job, open_job
from db.operations.outbox import LOOK_AGAIN, owe_many
from db.queries.reconciling import RECONCILE, Reconciled, newest_reconciliations, reconciliation
from db.tables.jobs import Job

# Of each kind of finding so many are named, the rest only counted.
EXAMPLES_MAX = 20
# An earlier one whose process was lost is among so many newest.
_NEWEST = 20


def open_reconciliation(session: Session, run: str, attempt: int, by: str) -> Reconciled:
    """Return the comparison that this run makes, which an earlier attempt may have begun."""
    for earlier in newest_reconciliations(session, _NEWEST):
        if earlier.order.get("run") == run:
            cursor = {**earlier.cursor, "attempt": attempt}
            session.execute(update(Job).where(Job.id == earlier.id).values(cursor=cursor))
            return replace(earlier, cursor=cursor)
        if earlier.ended_at is None:
            end_job(session, earlier.id, "failed", "another one began before it had ended")
    job_id = open_job(session, RECONCILE, by, {"run": run})
    session.execute(update(Job).where(Job.id == job_id).values(cursor={"attempt": attempt}))
    return reconciliation(session, job_id)


def keep_found(
    session: Session,
    job: Reconciled,
    counts: Mapping[str, int],
    examples: Sequence[Mapping[str, Any]] = (),
    **cursor: Any,
) -> bool:
    """Add what was found to the report and move its cursor, and say whether it is ours to go on with.

    It is not once it has ended, another attempt has taken it over, or somebody cancels it, which ends it here.
    """
    row = session.execute(select(Job).where(Job.id == job.id).with_for_update()).scalar_one()
    if row.state == "canceling":
        end_job(session, job.id, "canceled")
    if row.state != "running" or row.cursor.get("attempt") != job.cursor["attempt"]:
        return False
    values = {
        "counts": {name: row.counts.get(name, 0) + counts.get(name, 0) for name in {*row.counts, *counts}},
        "report": _with_examples(row.report, examples),
        "cursor": {**row.cursor, **cursor},
        "moved_at": func.clock_timestamp(),
    }
    session.execute(update(Job).where(Job.id == job.id).values(**values))
    return True


def let_look_again(session: Session, invoice_ids: Sequence[int]) -> None:
    """Owe the processes of these invoices a look at the ledger, at the pace of bulk work."""
    owe_many(session, invoice_ids, LOOK_AGAIN, {"by": SYSTEM}, is_bulk=True)


def _with_examples(kept: list[dict[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    examples = list(kept)
    for one in found:
        if sum(other["found"] == one["found"] for other in examples) < EXAMPLES_MAX:
            examples.append(dict(one))
    return examples
