"""Lets collections adopt the published version of their cadence (rules 6.3 to 6.5)."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.steps import end_open_actions, set_step
from db.queries.cadences import cadence_of_version
from db.queries.collections import OpenCollection
from db.tables.collections import Collection, StepState
from dunning.edition import edited
from dunning.facts import StepStatus
from phrase import N_

EDITED = N_("cadence edited")


def adopted(session: Session, collection: OpenCollection) -> OpenCollection:
    """Return the collection as the published version of its cadence has it; nothing is written."""
    return adopted_all(session, [collection])[0]


def adopted_all(session: Session, collections: Sequence[OpenCollection]) -> list[OpenCollection]:
    """Return the collections as the published versions of their cadences have them; nothing is written."""
    ids = {one.published_version_id for one in collections if one.version_id != one.published_version_id}
    published = {version_id: cadence_of_version(session, version_id) for version_id in ids}
    return [
        one
        if one.version_id == one.published_version_id
        else replace(
            one,
            version_id=one.published_version_id,
            facts=edited(one.facts, published[one.published_version_id]),
        )
        for one in collections
    ]


def adopt(session: Session, collection: OpenCollection, change: Change) -> OpenCollection:
    """Bring the collection to the published version of its cadence. The caller holds the invoice's lock."""
    (now,) = adopt_all(session, [collection], change)
    return now


def adopt_all(session: Session, collections: Sequence[OpenCollection], change: Change) -> list[OpenCollection]:
    """Bring the collections to the published versions of their cadences. The caller holds the invoices' locks."""
    now = adopted_all(session, collections)
    adopting: dict[int, list[int]] = {}
    for before, after in zip(collections, now, strict=True):
        if before is not after:
            adopting.setdefault(after.version_id, []).append(after.id)
    # One statement for a page: to write each row by itself would take most of a roll-out's time.
    for version_id, ids in adopting.items():
        session.execute(update(Collection).where(Collection.id.in_(ids)).values(version_id=version_id))
    for before, after in zip(collections, now, strict=True):
        _record(session, before, after, change)
    return now


def _record(session: Session, collection: OpenCollection, now: OpenCollection, change: Change) -> None:
    before, after = collection.facts.statuses, now.facts.statuses
    for step_id, status in after.items():
        if before.get(step_id) is not status:
            set_step(session, collection.id, step_id, status, change.on, because=EDITED)
            note(
                session, change, "step skipped", collection.invoice_id, collection.id, step=step_id, because=EDITED
            )
    for step_id, status in before.items():
        if status is StepStatus.OPEN and after.get(step_id) is not StepStatus.OPEN:
            _cancel(session, collection, step_id, change)


def _cancel(session: Session, collection: OpenCollection, step_id: str, change: Change) -> None:
    end_open_actions(session, collection.id, "canceled", change, step_id)
    # Pending again rather than gone: a step that repeats keeps the day of its last run.
    session.execute(
        update(StepState)
        .where(StepState.collection_id == collection.id, StepState.step_id == step_id)
        .values(status=StepStatus.PENDING.value, on_date=change.on, because=EDITED)
    )
    note(session, change, "to-do canceled", collection.invoice_id, collection.id, step=step_id, because=EDITED)
