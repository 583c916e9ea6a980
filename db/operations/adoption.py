"""Lets collections adopt the published version of their cadence (rules 6.3 to 6.5)."""

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

EDITED = "cadence edited"


def adopted(session: Session, collection: OpenCollection) -> OpenCollection:
    """Return the collection as the published version of its cadence has it; nothing is written."""
    if collection.version_id == collection.published_version_id:
        return collection
    cadence = cadence_of_version(session, collection.published_version_id)
    facts = edited(collection.facts, cadence)
    return replace(collection, version_id=collection.published_version_id, facts=facts)


def adopt(session: Session, collection: OpenCollection, change: Change) -> OpenCollection:
    """Bring the collection to the published version of its cadence. The caller holds the invoice's lock."""
    now = adopted(session, collection)
    if now is collection:
        return collection
    session.execute(
        update(Collection).where(Collection.id == collection.id).values(version_id=collection.published_version_id)
    )
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
    return now


def _cancel(session: Session, collection: OpenCollection, step_id: str, change: Change) -> None:
    end_open_actions(session, collection.id, "canceled", change, step_id)
    # Pending again rather than gone: a step that repeats keeps the day of its last run.
    session.execute(
        update(StepState)
        .where(StepState.collection_id == collection.id, StepState.step_id == step_id)
        .values(status=StepStatus.PENDING.value, on_date=change.on, because=EDITED)
    )
    note(session, change, "to-do canceled", collection.invoice_id, collection.id, step=step_id, because=EDITED)
