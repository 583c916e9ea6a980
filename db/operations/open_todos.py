"""Finds the to-do that a person means, locks its invoice, and says who was faster where it is done already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.operations.settle import lock_invoice
from db.tables.actions import Action
from db.tables.collections import OPEN_STATES, Collection, NextAction
from db.tables.organization import Organization
from dunning.cadence import Channel
from dunning.writing import MESSAGE
from phrase import N_, Phrase, phrase

_ENDED = {
    "done": N_("was done by {by}"),
    "ignored": N_("was ignored by {by}"),
    "expired": N_("has expired: a later step, or the due date, has passed it"),
    "canceled": N_("was canceled"),
    "sending": N_("is being sent"),
}


@dataclass(frozen=True, slots=True)
class OpenTodo:
    """A to-do that is open, read under the lock of its invoice."""

    id: int
    invoice_id: int
    collection_id: int
    kind: str
    step_id: str
    occurrence: int
    channel: Channel
    is_automatic: bool
    owner: str | None
    snoozed_until: date | None
    approved_by: str | None
    as_step: str | None = None

    @property
    def is_sent_from_here(self) -> bool:
        """Say whether it has a message that its process sends: an e-mail of a step, or one beside the steps."""
        return self.channel is Channel.EMAIL and (self.is_step or self.step_id == MESSAGE)

    @property
    def is_step(self) -> bool:
        """Say whether it is a step of the cadence, so that ending it moves the plan on."""
        return self.kind == "step"


def invoice_of_todo(session: Session, action_id: int) -> int:
    """Return the invoice that the action is about. Raises Refused if there is no such action."""
    invoice_id = session.scalar(select(Action.invoice_id).where(Action.id == action_id))
    if invoice_id is None:
        raise Refused("there is no to-do {action_id}", action_id=action_id)
    return invoice_id


def open_todo_of(session: Session, action_id: int) -> OpenTodo:
    """Return the open to-do. The caller holds the lock of its invoice, so that it stays open.

    Raises Refused, and says who ended it and when.
    """
    action = session.get_one(Action, action_id, populate_existing=True)
    if action.state != "open":
        raise Refused("to-do {id_} {ended}", id_=action_id, ended=how_it_ended(session, action))
    return _todo(action)


def first_open_todo(session: Session, invoice_id: int, step_id: str | None) -> OpenTodo:
    """Return the open to-do of the invoice's step; without a step the oldest one, of a step if there is one.

    The caller holds the invoice's lock. Raises Refused if there is none, and says who ended the last one.
    """
    of_invoice = select(Action).join(Collection).where(Collection.invoice_id == invoice_id)
    if step_id is not None:
        of_invoice = of_invoice.where(Action.step_id == step_id)
    is_open = Collection.state.in_(OPEN_STATES), Action.state == "open"
    oldest_first = of_invoice.where(*is_open).order_by(Action.kind != "step", Action.id).limit(1)
    action = session.scalar(oldest_first.execution_options(populate_existing=True))
    if action is not None:
        return _todo(action)
    because = (
        Phrase("it has no open to-do of step {step}", step=step_id) if step_id else Phrase("it has no open to-do")
    )
    ended = of_invoice.where(Action.outcome.is_not(None)).order_by(Action.ended_at.desc().nulls_last()).limit(1)
    last = session.scalar(ended.execution_options(populate_existing=True))
    if last is not None:
        raise Refused(
            "{because}; to-do {id_} {ended}", because=because, id_=last.id, ended=how_it_ended(session, last)
        )
    raise Refused(because)


def lock_todo(session: Session, action_id: int) -> int:
    """Lock the invoice that the action is about and return its id. Raises Refused if there is no such action."""
    invoice_id = invoice_of_todo(session, action_id)
    lock_invoice(session, invoice_id)
    return invoice_id


def is_parked(session: Session, collection_id: int) -> bool:
    """Say whether the collection cannot be decided at present, so that its process has to look (rule 4.5)."""
    stage = select(NextAction.stage).where(NextAction.collection_id == collection_id)
    return session.scalar(stage) == "blocked"


def kind_of_todo(todo: OpenTodo) -> Phrase:
    """Return what sort of to-do it is: by its channel, or what else it asks for."""
    if todo.is_step:
        return Phrase("a to-do of the channel {channel}", channel=phrase(todo.channel.value))
    return Phrase("a to-do of the kind {kind}", kind=phrase(todo.kind))


def how_it_ended(session: Session, action: Action) -> Phrase:
    """Return the rest of a sentence about an action that is not open: what became of it, by whom and when."""
    said = Phrase(_ENDED[action.state], by=action.ended_by)
    if action.outcome is not None and action.outcome not in ("done", "ignored"):
        said = Phrase("{said} ({outcome})", said=said, outcome=phrase(action.outcome))
    if action.ended_at is None:
        return said
    return Phrase("{said} on {at:%Y-%m-%d at %H:%M}", said=said, at=_local(session, action.ended_at))


def _local(session: Session, moment: datetime) -> datetime:
    time_zone = session.scalars(select(Organization.time_zone)).one()
    return moment.astimezone(ZoneInfo(time_zone))


def open_todos(session: Session, action_ids: Sequence[int]) -> dict[int, OpenTodo]:
    """Return those of the to-dos that are open now, by their ids; nothing is locked (pk_actions)."""
    is_open = select(Action).where(Action.id.in_(action_ids), Action.state == "open")
    actions = session.scalars(is_open.execution_options(populate_existing=True))
    return {action.id: _todo(action) for action in actions}


def _todo(action: Action) -> OpenTodo:
    return OpenTodo(
        id=action.id,
        invoice_id=action.invoice_id,
        collection_id=action.collection_id,
        kind=action.kind,
        step_id=action.step_id,
        occurrence=action.occurrence,
        channel=Channel(action.channel),
        is_automatic=action.execution == "automatic",
        owner=action.owner,
        snoozed_until=action.snoozed_until,
        approved_by=action.approved_by,
        as_step=action.as_step,
    )
