"""Writes what became of steps and of the to-dos that they opened."""

from datetime import date

from sqlalchemy.orm import Session

from db.operations.change import Change
from db.statement import Statement
from dunning.facts import StepStatus

# By the key of step_statuses. What is not said stays: the occurrence, and the day of the last run.
_SET_STEP = Statement("""
INSERT INTO step_statuses (collection_id, step_id, status, on_date, because, occurrence, ran_on)
VALUES (:collection_id, :step_id, :status, :on_date, :because, COALESCE(CAST(:occurrence AS integer), 1),
        CAST(:ran_on AS date))
    ON CONFLICT (collection_id, step_id) DO UPDATE
   SET status = excluded.status, on_date = excluded.on_date, because = excluded.because,
       occurrence = COALESCE(CAST(:occurrence AS integer), step_statuses.occurrence),
       ran_on = COALESCE(excluded.ran_on, step_statuses.ran_on)
""")
# By the key of actions.
_OWNERS = Statement("""
SELECT owner FROM actions
 WHERE collection_id = :collection_id AND step_id = :step_id AND state = 'open' AND owner IS NOT NULL
""")
_END = Statement("""
UPDATE actions SET state = :state, ended_at = :at, ended_on = :on, ended_by = :by
 WHERE collection_id = :collection_id AND state = 'open' AND kind = :kind
   AND (CAST(:step_id AS text) IS NULL OR step_id = :step_id)
RETURNING step_id
""")


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
    _SET_STEP.run(
        session,
        collection_id=collection_id,
        step_id=step_id,
        status=status.value,
        on_date=on,
        because=because,
        occurrence=occurrence,
        ran_on=on if status.is_run else None,
    )


def owners_of_open_actions(session: Session, collection_id: int, step_id: str) -> list[str]:
    """Return who was asked to do the open to-do of the step, if there is one."""
    return [owner for (owner,) in _OWNERS.all(session, collection_id=collection_id, step_id=step_id)]


def end_open_actions(
    session: Session,
    collection_id: int,
    state: str,
    change: Change,
    step_id: str | None = None,
    kind: str = "step",
) -> list[str]:
    """End the collection's open to-dos of the kind (of one step, or all) as `state`, and return their steps."""
    about = {"collection_id": collection_id, "state": state, "step_id": step_id, "kind": kind}
    ended = _END.all(session, **about, at=change.at, on=change.on, by=change.by)
    return [ended_step for (ended_step,) in ended]
