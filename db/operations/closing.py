"""Closes many collections at once: those with nothing to cancel, as most are that a file says are paid."""

from collections.abc import Mapping
from itertools import groupby

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.change import Change, note_many
from db.queries.collections import OpenCollection
from db.tables.actions import Action
from db.tables.collections import Collection
from dunning.decision import Close


def close_idle(
    session: Session, collections: Mapping[int, OpenCollection], closes: Mapping[int, Close], change: Change
) -> set[int]:
    """Close those of the collections in which nobody has a to-do and no message is on its way; return them.

    What is closed here and what `settle.close` closes is closed alike; the others are left to it.
    """
    invoice_ids = [collections[id_].invoice_id for id_ in closes]
    # Of any collection of the invoice: a message of an earlier cadence may still be on its way.
    is_busy = (
        select(Collection.invoice_id)
        .join(Action, Action.collection_id == Collection.id)
        .where(Collection.invoice_id.in_(invoice_ids), Action.state.in_(("open", "sending")))
    )
    busy = set(session.scalars(is_busy))
    idle = sorted(
        (close.reason.value, id_) for id_, close in closes.items() if collections[id_].invoice_id not in busy
    )
    for state, group in groupby(idle, key=lambda one: one[0]):
        ids = [id_ for _, id_ in group]
        closed = update(Collection).where(Collection.id.in_(ids)).values(state=state, closed_at=change.at)
        session.execute(closed.execution_options(synchronize_session=False))
        note_many(
            session,
            change,
            ((collections[id_].invoice_id, id_, "collection closed", {"because": state}) for id_ in ids),
        )
    return {id_ for _, id_ in idle}
