"""Writes the action of a step that is claimed."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.settle import Settled
from db.tables.actions import Action
from dunning.decision import Send


def claim_action(session: Session, settled: Settled, merged_into: int | None = None) -> int:
    """Claim the step that is to be sent and return its action's id, new or left by an attempt or by a to-do.

    `merged_into` is the action whose message is about this one's invoice too (rule 2.15).
    """
    collection, decision = settled.collection, settled.decision
    assert isinstance(decision, Send)
    step = decision.step
    claimed = {
        "state": "sending",
        "obstacle": None,
        "mends": False,
        "merged_into": merged_into,
        "ended_at": None,
        "ended_on": None,
        "ended_by": None,
    }
    statement = insert(Action).values(
        collection_id=collection.id,
        customer_id=collection.customer_id,
        cadence_id=collection.cadence_id,
        step_id=step.id,
        occurrence=decision.occurrence,
        channel=step.channel.value,
        execution=step.execution.value,
        owner=collection.todo_owner,
        due_on=decision.due_on,
        **claimed,
    )
    key = ["collection_id", "step_id", "occurrence"]
    returning = statement.on_conflict_do_update(index_elements=key, set_=claimed).returning(Action.id)
    return session.execute(returning).scalar_one()
