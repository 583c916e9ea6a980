"""Opens collections for a page of new invoices and settles them, all at once: as one by one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from db.operations.change import Change, note_many
from db.operations.copying import copy_in
from db.operations.deciding import decided
from db.operations.settle import ROUNDS_MAX, Settled, next_action, settle
from db.queries.collections import OpenCollection
from db.queries.people import owner_of
from db.tables.actions import Action
from db.tables.collections import Collection, NextAction, StepState
from dunning.apply import after
from dunning.cadence import Step
from dunning.decision import Close, Exhaust, Expired, OpenTodo
from dunning.facts import StepStatus
from dunning.projection import project

_COLLECTION = ("id", "invoice_id", "cadence_id", "version_id", "state", "entered_on", "assigned_by")
_STEP = ("collection_id", "step_id", "status", "on_date", "because", "occurrence")
_NEXT = ("stage", "step_id", "channel", "execution", "due_on", "acts_at", "because", "sentence")
_ACTION = (
    "collection_id", "customer_id", "cadence_id", "step_id", "occurrence", "channel", "execution", "state",
    "owner", "due_on", "obstacle", "mends",
)  # fmt: skip


def open_new(session: Session, collections: Sequence[tuple[OpenCollection, str]], change: Change) -> None:
    """Write new collections, each with who put it under its cadence, and what the first look at it brings.

    Their facts are those of the ledger, and nothing has been written of them yet; the ids are reserved.
    """
    owners = _Owners(session)
    looks = [_look(collection, change) for collection, _ in collections]
    written = _Written()
    for look, (_, assigned_by) in zip(looks, collections, strict=True):
        written.add(look, assigned_by, change, owners)
    copy_in(session, Collection, _COLLECTION, written.collections)
    copy_in(session, StepState, _STEP, written.steps)
    copy_in(session, Action, _ACTION, written.actions)
    copy_in(session, NextAction, ("collection_id", "decided_at", *_NEXT), written.next_actions)
    note_many(session, change, written.entries)
    for look in looks:
        if look.settled is None:
            settle(session, look.collection.invoice_id, change)


@dataclass(slots=True)
class _Look:
    """What the first look at a collection brings; without `settled` it is to be settled by itself."""

    collection: OpenCollection
    found: list[Expired | OpenTodo] = field(default_factory=list)
    settled: Settled | None = None


def _look(collection: OpenCollection, change: Change) -> _Look:
    look = _Look(collection)
    for _ in range(ROUNDS_MAX):
        decision = decided(collection, change.at)
        if isinstance(decision, Close):
            # Rare, as where the rest is within the tolerance, and it does a lot.
            return _Look(look.collection)
        look.found += decision.expired
        if not isinstance(decision, OpenTodo):
            look.settled = Settled(collection, decision, project(collection.facts, decision, change.at))
            return look
        look.found.append(decision)
        collection = replace(collection, facts=after(collection.facts, decision, change.on))
    raise AssertionError(f"the decisions on invoice {collection.invoice_id} never come to rest")


class _Owners:
    """Who has the to-dos of steps: asked once for each step."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[int, str], str] = {}

    def of(self, collection: OpenCollection, step: Step) -> str:
        key = collection.cadence_id, step.id
        if key not in self._known:
            self._known[key] = owner_of(self._session, step, collection.todo_owner)
        return self._known[key]


@dataclass(slots=True)
class _Written:
    """The rows of a page, by table."""

    collections: list[tuple[Any, ...]] = field(default_factory=list)
    steps: list[tuple[Any, ...]] = field(default_factory=list)
    actions: list[tuple[Any, ...]] = field(default_factory=list)
    next_actions: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[int, int | None, str, dict[str, Any]]] = field(default_factory=list)

    def add(self, look: _Look, assigned_by: str, change: Change, owners: _Owners) -> None:
        one, settled = look.collection, look.settled
        is_exhausted = settled is not None and isinstance(settled.decision, Exhaust)
        state = "exhausted" if is_exhausted else "active"
        entered_on = one.facts.entered_on
        self.collections.append(
            (one.id, one.invoice_id, one.cadence_id, one.version_id, state, entered_on, assigned_by)
        )
        if settled is None:
            return
        for found in look.found:
            if isinstance(found, OpenTodo):
                self._todo(one, found, change, owners)
            else:
                self._expired(one, found, change)
        if is_exhausted:
            self.entries.append((one.invoice_id, one.id, "collection exhausted", {}))
        row = next_action(settled)
        row["because"] = json.dumps(row["because"])
        self.next_actions.append((one.id, change.at, *[row[column] for column in _NEXT]))

    def _expired(self, one: OpenCollection, ended: Expired, change: Change) -> None:
        step_id, because = ended.step.id, ended.reason.value
        status = StepStatus.EXPIRED.value
        self.steps.append((one.id, step_id, status, change.on, because, one.facts.occurrence(ended.step)))
        self.entries.append((one.invoice_id, one.id, "step expired", {"step": step_id, "because": because}))

    def _todo(self, one: OpenCollection, todo: OpenTodo, change: Change, owners: _Owners) -> None:
        step, obstacle = todo.step, todo.obstacle
        channel, execution = step.channel.value, step.execution.value
        self.actions.append(
            (
                one.id, one.customer_id, one.cadence_id, step.id, todo.occurrence, channel, execution, "open",
                owners.of(one, step), todo.due_on, obstacle, obstacle is not None,
            )
        )  # fmt: skip
        self.steps.append((one.id, step.id, StepStatus.OPEN.value, change.on, None, todo.occurrence))
        told = {"step": step.id, "channel": channel, "because": obstacle}
        self.entries.append((one.invoice_id, one.id, "to-do opened", told))
