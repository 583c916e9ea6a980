"""Settles a collection: decides, records what the decision does to the ledger, and projects what comes next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, assert_never

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.adoption import adopt
from db.operations.change import Change, note
from db.operations.closing import close_idle
from db.operations.deciding import decided
from db.operations.messages.handing_back import hand_back
from db.operations.messages.withdrawal import NOT_DELIVERED, withdraw
from db.operations.promise_outcomes import decide_promise, open_promise
from db.operations.steps import end_open_actions, owners_of_open_actions, set_step
from db.queries.collections import OpenCollection, case_of, open_collection, open_collections
from db.queries.people import owner_of
from db.statement import Statement
from db.tables.actions import Action
from db.tables.collections import Collection
from db.tables.invoices import Invoice
from dunning.apply import after
from dunning.cadence import Step
from dunning.decision import Close, Decision, Exhaust, Expired, OpenTodo, Reason, Send, Wait
from dunning.facts import HoldKind, StepStatus
from dunning.holds import standing
from dunning.projection import Projection, project
from dunning.writing import MESSAGE, what_stops_message
from phrase import N_

# Opening a to-do is followed by one wait; more rounds than this would mean that decisions never come to rest.
ROUNDS_MAX = 10
# The to-do of a parked collection belongs to no step of its cadence.
PARKED_STEP = N_("(parked)")


@dataclass(frozen=True, slots=True)
class Settled:
    """A collection at rest: the last decision, which waits, sends or ends, and its projection."""

    collection: OpenCollection
    decision: Wait | Send | Exhaust | Close
    projection: Projection

    @property
    def is_approved(self) -> bool:
        """Say whether what is sent is a to-do's message that a person approved (docs/decisions/0014)."""
        return isinstance(self.decision, Send) and self.decision.step.id in self.collection.approved


def lock_invoice(session: Session, invoice_id: int) -> bool:
    """Lock the invoice until the transaction ends, and say whether it exists.

    Every change of an invoice's facts takes this lock first, and in ascending order where it takes several:
    so a claimed send and a payment cannot pass each other unseen.
    """
    statement = select(Invoice.id).where(Invoice.id == invoice_id).with_for_update()
    return session.scalar(statement) is not None


def lock_invoices(session: Session, invoice_ids: Sequence[int]) -> Sequence[int]:
    """Lock the invoices in ascending order until the transaction ends, and return those that exist."""
    lock = select(Invoice.id).where(Invoice.id.in_(invoice_ids)).order_by(Invoice.id).with_for_update()
    return session.scalars(lock).all()


def settle(session: Session, invoice_id: int, change: Change) -> Settled | None:
    """Bring the invoice's open collection up to date; None if it has none. The caller holds the lock."""
    collection = open_collection(session, invoice_id)
    if collection is not None:
        return settle_collection(session, collection, change)
    # Promises are also made of invoices that no cadence follows up.
    if open_promise(session, invoice_id) is not None:
        decide_promise(session, invoice_id, case_of(session, invoice_id).facts, change)
    return None


def settle_collection(session: Session, collection: OpenCollection, change: Change) -> Settled:
    """Decide and record until the decision is to wait, to send or to end, and store its projection."""
    settled = _come_to_rest(session, collection, change)
    _store(session, [settled], change.at)
    return settled


def settle_many(session: Session, invoice_ids: Sequence[int], change: Change) -> list[Settled]:
    """Settle the open collections of many invoices, locking them in order; bounded by the caller's page."""
    return settle_locked(session, open_collections(session, lock_invoices(session, invoice_ids)), change)


def settle_locked(session: Session, collections: Sequence[OpenCollection], change: Change) -> list[Settled]:
    """Settle collections that were read under the locks of their invoices."""
    paid = _close_paid(session, collections, change)
    settled = [paid.get(one.id) or _come_to_rest(session, one, change) for one in collections]
    _store(session, settled, change.at)
    return settled


def _close_paid(session: Session, collections: Sequence[OpenCollection], change: Change) -> dict[int, Settled]:
    """Close what is paid and has nothing else to record, all at once; return that."""
    paid = {
        one.id: one
        for one in collections
        if one.facts.is_settled
        and not one.is_parked
        and one.version_id == one.published_version_id
        and standing(one.facts.holds, HoldKind.PROMISE) is None
    }
    decisions = {id_: decided(one, change.at) for id_, one in paid.items()}
    closes = {id_: decision for id_, decision in decisions.items() if isinstance(decision, Close)}
    closed = close_idle(session, paid, closes, change) if closes else set()
    return {
        id_: Settled(paid[id_], closes[id_], project(paid[id_].facts, closes[id_], change.at)) for id_ in closed
    }


def announce(session: Session, settled: Settled, decision: Wait, change: Change) -> Settled:
    """Let the settled collection wait for something that its facts do not know, and store that projection."""
    projection = project(settled.collection.facts, decision, change.at)
    waiting = replace(settled, decision=decision, projection=projection)
    _store(session, [waiting], change.at)
    return waiting


def _come_to_rest(session: Session, collection: OpenCollection, change: Change) -> Settled:
    if collection.is_parked:
        end_open_actions(session, collection.id, "canceled", change, kind="parked")
    collection = adopt(session, collection, change)
    if standing(collection.facts.holds, HoldKind.PROMISE) is not None:
        decide_promise(session, collection.invoice_id, collection.facts, change)
    for _ in range(ROUNDS_MAX):
        decision = decided(collection, change.at)
        _record(session, collection, decision, change)
        if not isinstance(decision, OpenTodo):
            _hand_back_what_is_stopped(session, collection, decision, change)
            return Settled(collection, decision, project(collection.facts, decision, change.at))
        collection = replace(collection, facts=after(collection.facts, decision, change.on))
    raise AssertionError(f"the decisions on invoice {collection.invoice_id} never come to rest")


def _record(session: Session, collection: OpenCollection, decision: Decision, change: Change) -> None:
    match decision:
        case Send(step=step) if step.id == MESSAGE:
            # Beside the steps: it moves nothing before it has gone out.
            pass
        case Wait(expired=expired) | Send(expired=expired):
            _record_expired(session, collection, expired, change)
            _set_state(session, collection, "active")
        case OpenTodo():
            _record_expired(session, collection, decision.expired, change)
            mends = decision.obstacle is not None
            open_todo(
                session,
                collection,
                decision.step,
                decision.due_on,
                decision.obstacle,
                mends,
                change,
                decision.occurrence,
            )
        case Exhaust(expired=expired):
            _record_expired(session, collection, expired, change)
            if collection.state != "exhausted":
                _set_state(session, collection, "exhausted")
                note(session, change, "collection exhausted", collection.invoice_id, collection.id)
        case Close(reason=reason):
            close(session, collection.id, collection.invoice_id, reason.value, change)
        case _:
            assert_never(decision)


def _hand_back_what_is_stopped(
    session: Session, collection: OpenCollection, decision: Decision, change: Change
) -> None:
    """Give its writer the message back that was to go out, and that something stops now (rule 4.8)."""
    written, facts = collection.written, collection.facts
    if written is None or isinstance(decision, Send | Close):
        return
    because = what_stops_message(facts, written.as_step, change.on)
    waits = select(Action.id).where(
        Action.collection_id == collection.id,
        Action.step_id == MESSAGE,
        Action.occurrence == written.occurrence,
        # What is being handed over right now tells by itself what became of it.
        Action.state == "open",
    )
    if because is not None and session.scalar(waits) is not None:
        hand_back(session, collection.invoice_id, collection.id, written.occurrence, because, change)


def close(
    session: Session, collection_id: int, invoice_id: int, state: str, change: Change, because: str | None = None
) -> None:
    """Close the collection as `state`, cancel its to-dos and withdraw what waits for another attempt.

    The timeline says why: `because`, or else the state.
    """
    because = because or state
    session.execute(
        update(Collection).where(Collection.id == collection_id).values(state=state, closed_at=change.at)
    )
    end_open_actions(session, collection_id, "canceled", change, kind="parked")
    for step_id in end_open_actions(session, collection_id, "canceled", change, MESSAGE, kind="message"):
        note(session, change, "to-do canceled", invoice_id, collection_id, step=step_id, because=because)
    for step_id in end_open_actions(session, collection_id, "canceled", change):
        # Pending again: should the collection be reopened, the person is asked again.
        set_step(session, collection_id, step_id, StepStatus.PENDING, change.on, because=because)
        note(session, change, "to-do canceled", invoice_id, collection_id, step=step_id, because=because)
    # What is being handed over right now tells by itself what became of it.
    withdraw(session, invoice_id, NOT_DELIVERED, change)
    note(session, change, "collection closed", invoice_id, collection_id, because=because)


def _set_state(session: Session, collection: OpenCollection, state: str) -> None:
    if collection.state != state:
        session.execute(update(Collection).where(Collection.id == collection.id).values(state=state))


def _record_expired(
    session: Session, collection: OpenCollection, expired: tuple[Expired, ...], change: Change
) -> None:
    for ended in expired:
        step_id, reason = ended.step.id, ended.reason.value
        occurrence = collection.facts.occurrence(ended.step)
        expired_as = StepStatus.EXPIRED
        set_step(session, collection.id, step_id, expired_as, change.on, because=reason, occurrence=occurrence)
        owners = owners_of_open_actions(session, collection.id, step_id)
        end_open_actions(session, collection.id, "expired", change, step_id)
        # Whoever was asked to do it is named, so that they can see that nothing is left to do (rule 4.6).
        entry = {"step": step_id, "because": reason, "owners": owners or None}
        note(session, change, "step expired", collection.invoice_id, collection.id, **entry)


def open_todo(
    session: Session,
    collection: OpenCollection,
    step: Step,
    due_on: date,
    obstacle: str | None,
    mends: bool,
    change: Change,
    occurrence: int = 1,
) -> None:
    """Ask a person to do the step; `mends` says that it goes out by itself if its obstacle goes away first."""
    values = {
        "state": "open",
        "owner": owner_of(session, step, collection.todo_owner),
        "due_on": due_on,
        "obstacle": obstacle,
        "mends": mends,
        "ended_at": None,
        "ended_on": None,
        "ended_by": None,
        "outcome": None,
        "snoozed_until": None,
        "approved_by": None,
    }
    statement = insert(Action).values(
        collection_id=collection.id,
        invoice_id=collection.invoice_id,
        customer_id=collection.customer_id,
        cadence_id=collection.cadence_id,
        step_id=step.id,
        occurrence=occurrence,
        channel=step.channel.value,
        execution=step.execution.value,
        **values,
    )
    key = ["collection_id", "step_id", "occurrence"]
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
    set_step(session, collection.id, step.id, StepStatus.OPEN, change.on, occurrence=occurrence)
    note(
        session,
        change,
        "to-do opened",
        collection.invoice_id,
        collection.id,
        step=step.id,
        channel=step.channel.value,
        because=obstacle,
    )


# One parameter for any number of rows: a VALUES list of a page costs ten times as much to compile.
_STORE = Statement("""
INSERT INTO next_actions
       (collection_id, stage, step_id, channel, execution, due_on, acts_at, because, sentence, decided_at)
SELECT collection_id, stage, step_id, channel, execution, due_on, acts_at, because, sentence, :decided_at
  FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS r(collection_id bigint, stage text, step_id text, channel text, execution text, due_on date,
         acts_at timestamptz, because jsonb, sentence text)
    ON CONFLICT (collection_id) DO UPDATE
   SET stage = excluded.stage, step_id = excluded.step_id, channel = excluded.channel,
       execution = excluded.execution, due_on = excluded.due_on, acts_at = excluded.acts_at,
       because = excluded.because, sentence = excluded.sentence, decided_at = excluded.decided_at
 -- What has not changed is not written again: a starter that runs every night must not rewrite the book.
 WHERE (next_actions.stage, next_actions.step_id, next_actions.channel, next_actions.execution,
        next_actions.due_on, next_actions.acts_at, next_actions.because, next_actions.sentence)
    IS DISTINCT FROM (excluded.stage, excluded.step_id, excluded.channel, excluded.execution,
        excluded.due_on, excluded.acts_at, excluded.because, excluded.sentence)
""")


def _store(session: Session, settled: Sequence[Settled], decided_at: datetime) -> None:
    rows = json.dumps([next_action(one) for one in settled])
    _STORE.run(session, rows=rows, decided_at=decided_at)


def next_action(settled: Settled) -> dict[str, Any]:
    """Return the projection as it is stored, JSON for SQL."""
    projection = settled.projection
    step = projection.step
    return {
        "collection_id": settled.collection.id,
        "stage": projection.stage.value,
        "step_id": step.id if step else None,
        "channel": step.channel.value if step else None,
        "execution": step.execution.value if step else None,
        "due_on": _iso(projection.due_on),
        "acts_at": _iso(projection.acts_at),
        "because": [_reason(reason) for reason in projection.because],
        "sentence": projection.sentence,
    }


def _iso(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _reason(reason: Reason) -> dict[str, Any]:
    return {"because": reason.because.value, "day": _iso(reason.day), "detail": reason.detail}
