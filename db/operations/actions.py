"""Writes the action of a step that is claimed."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.settle import Settled
from db.operations.steps import set_step
from db.queries.people import owner_of
from db.tables.actions import Action
from dunning.decision import Send
from dunning.facts import StepStatus


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
        owner=owner_of(session, step, collection.todo_owner),
        due_on=decision.due_on,
        **claimed,
    )
    key = ["collection_id", "step_id", "occurrence"]
    returning = statement.on_conflict_do_update(index_elements=key, set_=claimed).returning(Action.id)
    if collection.facts.status(step) is StepStatus.OPEN and not settled.is_approved:
        # Its obstacle is gone and nobody is asked any more: an attempt that fails must be followed by another one.
        set_step(session, collection.id, step.id, StepStatus.PENDING, decision.due_on)
    return session.execute(returning).scalar_one()
