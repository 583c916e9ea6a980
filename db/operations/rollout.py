"""Brings a published version to the collections that are still reckoned by an older one, a page at a time.

Sending never waits for it: whatever settles a collection adopts the published version first (rule 6.3). What is
left are the collections that nothing else looks at soon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.operations.adoption import adopt, adopt_all
from db.operations.change import Change
from db.operations.outbox import LOOK_AGAIN, owe, owe_many
from db.operations.park import park
from db.operations.settle import Settled, lock_invoice, settle_locked
from db.queries.collections import open_collection, open_collections
from db.queries.under import Outdated
from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.invoices import Invoice


@dataclass(frozen=True, slots=True)
class Adopted:
    """How many collections adopted the published version, and how many of them got another next action by it."""

    adopted: int
    changed: int


def lock_outdated(session: Session, outdated: Outdated, after_id: int, limit: int) -> Sequence[int]:
    """Lock the next invoices whose collections have to leave the version, and return them.

    What somebody else holds is left to them, or to a later look: any number may do this at once.
    """
    waiting = (
        select(Invoice.id)
        .join(Collection, Collection.invoice_id == Invoice.id)
        .where(Collection.cadence_id == outdated.cadence_id, Collection.version_id == outdated.version_id)
        .where(Collection.state.in_(OPEN_STATES), Collection.invoice_id > after_id)
        .order_by(Collection.cadence_id, Collection.version_id, Collection.invoice_id)
        .limit(limit)
        .with_for_update(of=Invoice, skip_locked=True)
    )
    return session.scalars(waiting).all()


def adopt_page(session: Session, locked: Sequence[int], change: Change) -> Adopted:
    """Let the locked invoices' collections adopt the published version of their cadence.

    Those whose next action changed are owed a signal, in the bulk lane.
    """
    # Read anew under the locks: another hand may have settled some since they were found.
    collections = [
        each for each in open_collections(session, locked) if each.version_id != each.published_version_id
    ]
    before = _shown(session, [each.id for each in collections])
    settled = settle_locked(session, adopt_all(session, collections, change), change)
    changed = [each for each in settled if _is_changed(before.get(each.collection.id), _next(each), change.at)]
    told = [each.collection.invoice_id for each in changed]
    owe_many(session, told, LOOK_AGAIN, {"by": change.by}, is_bulk=True)
    return Adopted(len(settled), len(changed))


def park_outdated(session: Session, invoice_id: int, reason: str, wake_at: datetime, change: Change) -> None:
    """Park a collection that cannot be decided under the published version, under which it is from now on."""
    lock_invoice(session, invoice_id)
    collection = open_collection(session, invoice_id)
    if collection is not None:
        adopt(session, collection, change)
        park(session, invoice_id, reason, wake_at, change)
        owe(session, invoice_id, LOOK_AGAIN, {"by": change.by})


class Next(NamedTuple):
    """What tells one next action from another."""

    stage: str
    step_id: str | None
    channel: str | None
    execution: str | None
    due_on: date | None
    acts_at: datetime | None


def _shown(session: Session, collection_ids: Sequence[int]) -> dict[int, Next]:
    """Return the next actions that the processes know."""
    rows = session.scalars(select(NextAction).where(NextAction.collection_id.in_(collection_ids)))
    return {
        row.collection_id: Next(row.stage, row.step_id, row.channel, row.execution, row.due_on, row.acts_at)
        for row in rows
    }


def _next(settled: Settled) -> Next:
    projection = settled.projection
    step = projection.step
    return Next(
        projection.stage.value,
        step.id if step else None,
        step.channel.value if step else None,
        step.execution.value if step else None,
        projection.due_on,
        projection.acts_at,
    )


def _is_changed(before: Next | None, then: Next, now: datetime) -> bool:
    if before is not None and before.acts_at is not None and before.acts_at <= now:
        # Its process wakes by itself, and decides by the new version whatever it is told.
        return False
    return before != then
