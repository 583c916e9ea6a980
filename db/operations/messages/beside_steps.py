"""Opens to-dos beside the steps of a cadence: replies that ask for an answer, complaints."""

from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.tables.actions import Action
from db.tables.organization import Organization
from dunning.cadence import Channel


class Followed(Protocol):
    """The collection that a to-do belongs to, open or closed, and who would do it."""

    @property
    def invoice_id(self) -> int: ...
    @property
    def customer_id(self) -> int: ...
    @property
    def collection_id(self) -> int: ...
    @property
    def cadence_id(self) -> int: ...
    @property
    def owner(self) -> str | None: ...


def open_beside(
    session: Session, about: Followed, kind: str, step_id: str, channel: Channel, because: str, change: Change
) -> int:
    """Ask a person for something that is no step, and return the to-do's id. The caller holds the invoice's lock.

    It holds nothing, and outlasts the collection: a customer's question deserves an answer when all is paid.
    """
    of_kind = Action.collection_id == about.collection_id, Action.step_id == step_id
    latest = session.scalar(select(func.coalesce(func.max(Action.occurrence), 0)).where(*of_kind)) or 0
    statement = insert(Action).values(
        collection_id=about.collection_id,
        invoice_id=about.invoice_id,
        customer_id=about.customer_id,
        cadence_id=about.cadence_id,
        kind=kind,
        step_id=step_id,
        occurrence=latest + 1,
        channel=channel.value,
        execution="manual",
        state="open",
        owner=about.owner or session.scalars(select(Organization.todo_owner)).one(),
        due_on=change.on,
        obstacle=because,
    )
    action_id = session.execute(statement.returning(Action.id)).scalar_one()
    data = {"todo": action_id, "step": step_id, "channel": channel.value}
    note(session, change, "to-do opened", about.invoice_id, about.collection_id, **data)
    return action_id
