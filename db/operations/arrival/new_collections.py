"""Opens collections for a page of new invoices and settles them, all at once: as one by one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.operations.arrival.alike import Moment, minute_of, plan_of_all
from db.operations.arrival.copying import copy_in
from db.operations.change import Change, note_many
from db.operations.deciding import decided
from db.operations.settle import ROUNDS_MAX, Settled, next_action, settle
from db.queries.collections import OpenCollection
from db.queries.people import owner_of
from db.tables.actions import Action
from db.tables.collections import Collection, NextAction, StepState
from dunning.apply import after
from dunning.cadence import Cadence, Channel, Step
from dunning.calendar import Calendar
from dunning.decision import Close, Exhaust, Expired, OpenTodo
from dunning.facts import Hold, InvoiceState, StepStatus
from dunning.projection import project

_COLLECTION = ("id", "invoice_id", "cadence_id", "version_id", "state", "entered_on", "assigned_by")
_STEP = ("collection_id", "step_id", "status", "on_date", "because", "occurrence")
_NEXT = ("stage", "step_id", "channel", "execution", "due_on", "acts_at", "because", "sentence")
_ACTION = (
    "collection_id", "invoice_id", "customer_id", "cadence_id", "step_id", "occurrence", "channel", "execution",
    "state", "owner", "due_on", "obstacle", "mends",
)  # fmt: skip


def open_new(session: Session, collections: Sequence[tuple[OpenCollection, str]]) -> None:
    """Write new collections, each with who put it under its cadence; their ids are reserved."""
    rows = (
        (one.id, one.invoice_id, one.cadence_id, one.version_id, "active", one.facts.entered_on, assigned_by)
        for one, assigned_by in collections
    )
    copy_in(session, Collection, _COLLECTION, rows)


def settle_new(session: Session, collections: Sequence[OpenCollection], change: Change) -> None:
    """Write what the first look at new collections brings. Their facts are those of the ledger."""
    owners = _Owners(session)
    looks, written = _Looks(change), _Written()
    for collection in collections:
        written.add(collection, looks.at(collection), change, owners)
    if written.exhausted:
        statement = update(Collection).where(Collection.id.in_(written.exhausted)).values(state="exhausted")
        session.execute(statement.execution_options(synchronize_session=False))
    copy_in(session, StepState, _STEP, written.steps)
    copy_in(session, Action, _ACTION, written.actions)
    copy_in(session, NextAction, ("collection_id", "decided_at", *_NEXT), written.next_actions)
    note_many(session, change, written.entries)
    for invoice_id in written.unsettled:
        settle(session, invoice_id, change)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the first look at a collection brings; without `settled` it is to be settled by itself."""

    found: Sequence[Expired | OpenTodo] = ()
    settled: Settled | None = None


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the first look brings to all collections that are alike: what it found, and their plan."""

    found: Sequence[Expired | OpenTodo]
    plan: Mapping[str, Any]
    because: str


_Key = tuple[date, date | None, tuple[Hold, ...], bool, InvoiceState]
_Obstacles = tuple[tuple[Channel, str], ...]
_Alike = dict[_Key, _Shared | None]
# How many kinds of one cadence are known before they are forgotten.
KINDS_MAX = 10_000


# Keyed by all that goes in beside the key of the kind, whichever ledger it is of; it is filled by who asks.
@lru_cache(maxsize=64)
def _alike(
    moment: Moment, cadence: Cadence | None, calendar: Calendar, sends_automatically: bool, obstacles: _Obstacles
) -> _Alike:
    return {}


class _Looks:
    """The first looks at the collections of a page: one at each kind, of the pages before it too."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._of_version: dict[tuple[int, _Obstacles], tuple[Moment, _Alike]] = {}

    def at(self, collection: OpenCollection) -> _Look | _Shared:
        facts = collection.facts
        has_its_own = facts.released_at or facts.customer_contact_on or facts.blocked_senders or facts.is_settled
        if has_its_own or collection.customer_is_being_contacted:
            return _look(collection, self._change)
        moment, alike = self._kinds(collection)
        invoice = facts.invoice
        key = invoice.issued_on, invoice.due_on, facts.holds, invoice.is_hidden, invoice.state
        if key in alike:
            return alike[key] or _look(collection, self._change)
        look = _look(collection, self._change)
        alike[key] = _shared(look, moment)
        return look

    def _kinds(self, collection: OpenCollection) -> tuple[Moment, _Alike]:
        facts = collection.facts
        obstacles = tuple(facts.obstacles.items())
        key = collection.version_id, obstacles
        if key not in self._of_version:
            moment = Moment.of(facts.calendar, self._change)
            alike = _alike(moment, facts.cadence, facts.calendar, facts.sends_automatically, obstacles)
            if len(alike) > KINDS_MAX:
                alike.clear()
            self._of_version[key] = moment, alike
        return self._of_version[key]


def _look(collection: OpenCollection, change: Change) -> _Look:
    found: list[Expired | OpenTodo] = []
    for _ in range(ROUNDS_MAX):
        decision = decided(collection, change.at)
        if isinstance(decision, Close):
            # Rare, as where the rest is within the tolerance, and it does a lot.
            return _Look()
        found += decision.expired
        if not isinstance(decision, OpenTodo):
            return _Look(found, Settled(collection, decision, project(collection.facts, decision, change.at)))
        found.append(decision)
        collection = replace(collection, facts=after(collection.facts, decision, change.on))
    raise AssertionError(f"the decisions on invoice {collection.invoice_id} never come to rest")


def _shared(look: _Look, moment: Moment) -> _Shared | None:
    """Return what the look brings to all that are alike; None if it depends on more than the kind."""
    if look.settled is None:
        return None
    # Whether a message would go out by now depends on the minute of its invoice (rule 2.2).
    depends_on_minute = moment.has_opened and not moment.all_have_gone
    for one in look.found:
        is_of_today = isinstance(one, OpenTodo) and one.step.is_automatic and one.due_on == moment.today
        if is_of_today and depends_on_minute:
            return None
    plan = plan_of_all(look.settled, moment)
    return None if plan is None else _Shared(look.found, plan, json.dumps(plan["because"]))


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

    exhausted: list[int] = field(default_factory=list)
    steps: list[tuple[Any, ...]] = field(default_factory=list)
    actions: list[tuple[Any, ...]] = field(default_factory=list)
    next_actions: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[int, int | None, str, dict[str, Any]]] = field(default_factory=list)
    unsettled: list[int] = field(default_factory=list)
    # Of steps that expired and why: shared, so that it is written down once.
    _told_of: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, one: OpenCollection, look: _Look | _Shared, change: Change, owners: _Owners) -> None:
        if isinstance(look, _Look) and look.settled is None:
            self.unsettled.append(one.invoice_id)
            return
        for found in look.found:
            if isinstance(found, OpenTodo):
                self._todo(one, found, change, owners)
            else:
                self._expired(one, found, change)
        if isinstance(look, _Look) and look.settled is not None and isinstance(look.settled.decision, Exhaust):
            self.exhausted.append(one.id)
            self.entries.append((one.invoice_id, one.id, "collection exhausted", {}))
        self.next_actions.append((one.id, change.at, *_next(one, look, change.at)))

    def _expired(self, one: OpenCollection, ended: Expired, change: Change) -> None:
        step_id, because = ended.step.id, ended.reason.value
        status = StepStatus.EXPIRED.value
        self.steps.append((one.id, step_id, status, change.on, because, one.facts.occurrence(ended.step)))
        told = self._told_of.setdefault((step_id, because), {"step": step_id, "because": because})
        self.entries.append((one.invoice_id, one.id, "step expired", told))

    def _todo(self, one: OpenCollection, todo: OpenTodo, change: Change, owners: _Owners) -> None:
        step, obstacle = todo.step, todo.obstacle
        channel, execution = step.channel.value, step.execution.value
        self.actions.append(
            (
                one.id, one.invoice_id, one.customer_id, one.cadence_id, step.id, todo.occurrence, channel,
                execution, "open", owners.of(one, step), todo.due_on, obstacle, obstacle is not None,
            )
        )  # fmt: skip
        self.steps.append((one.id, step.id, StepStatus.OPEN.value, change.on, None, todo.occurrence))
        told = {"step": step.id, "channel": channel, "because": obstacle}
        self.entries.append((one.invoice_id, one.id, "to-do opened", told))


def _next(one: OpenCollection, look: _Look | _Shared, now: datetime) -> tuple[Any, ...]:
    """Return what comes next, by the columns of _NEXT."""
    if isinstance(look, _Shared):
        plan = look.plan
        acts_at, sentence = minute_of(plan, one.facts.calendar, one.invoice_id, now)
        due_on, because = plan["next_on"], look.because
    else:
        assert look.settled is not None, "it is at rest"
        plan = next_action(look.settled)
        acts_at, sentence, due_on, because = (
            plan["acts_at"], plan["sentence"], plan["due_on"], json.dumps(plan["because"])
        )  # fmt: skip
    return plan["stage"], plan["step_id"], plan["channel"], plan["execution"], due_on, acts_at, because, sentence
