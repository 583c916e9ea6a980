"""Writes what became of steps and of the to-dos that they opened."""

from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.tables.actions import Action
from db.tables.collections import StepState
from dunning.facts import StepStatus


def set_step(
    session: Session,
    collection_id: int,
    step_id: str,
    status: StepStatus,
    on: date,
    because: str | None = None,
    occurrence: int | None = None,
) -> None:
    """Write what became of a step; `occurrence` says for the how-manieth time, and None leaves that as it is."""
    values: dict[str, Any] = {"status": status.value, "on_date": on, "because": because}
    if occurrence is not None:
        values["occurrence"] = occurrence
    if status.is_run:
        values["ran_on"] = on
    statement = insert(StepState).values(collection_id=collection_id, step_id=step_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["collection_id", "step_id"], set_=values))


def owners_of_open_actions(session: Session, collection_id: int, step_id: str) -> list[str]:
    """Return who was asked to do the open to-do of the step, if there is one."""
    statement = select(Action.owner).where(
        Action.collection_id == collection_id,
        Action.step_id == step_id,
        Action.state == "open",
        Action.owner.is_not(None),
    )
    return [str(owner) for owner in session.scalars(statement)]


def end_open_actions(
    session: Session,
    collection_id: int,
    state: str,
    change: Change,
    step_id: str | None = None,
    kind: str = "step",
) -> list[str]:
    """End the collection's open to-dos of the kind (of one step, or all) as `state`, and return their steps."""
    statement = (
        update(Action)
        .where(Action.collection_id == collection_id, Action.state == "open", Action.kind == kind)
        .values(state=state, ended_at=change.at, ended_on=change.on, ended_by=change.by)
        .returning(Action.step_id)
    )
    if step_id is not None:
        statement = statement.where(Action.step_id == step_id)
    return list(session.scalars(statement))
