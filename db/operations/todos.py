"""Ends, puts off and hands on to-dos: what people do about the work that waits for them (rules 4.*)."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.operations.admission import admit, current_case
from db.operations.change import Change, is_known, note_once
from db.operations.disputes import dispute
from db.operations.open_todos import OpenTodo, first_open_todo, is_parked, kind_of_todo, lock_todo, open_todo_of
from db.operations.promises import promise
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice, settle
from db.operations.steps import set_step
from db.tables.actions import Action
from db.tables.collections import Collection
from db.tables.organization import Organization
from db.tables.people import Group, User
from dunning.cadence import Channel
from dunning.events import Snoozed
from dunning.facts import HoldKind, StepStatus
from dunning.holds import is_held

OUTCOMES = ("done", "reached", "no answer", "voicemail", "promised", "disputed", "wrong number", "ignored")
# What the customer said, by phone or in a reply.
_ANSWERS = ("promised", "disputed")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a to-do ended. With the outcome `promised` come a day and perhaps an amount; `text` is what was said."""

    outcome: str = "done"
    promised_for: date | None = None
    amount: Decimal | None = None
    text: str | None = None


def outcomes_of(kind: str, channel: Channel) -> tuple[str, ...]:
    """Return the outcomes that a to-do of the kind and channel can have."""
    if channel is Channel.CALL:
        return OUTCOMES
    return ("done", *_ANSWERS, "ignored") if kind == "reply" else ("done", "ignored")


def complete_action(
    session: Session, invoice_id: int, step_id: str | None, ending: Ending | str, change: Change
) -> None:
    """End the invoice's open to-do, of `step_id` or the only one, as `complete_todo` does."""
    lock_invoice(session, invoice_id)
    if is_known(session, change.event_id):
        return
    ending = Ending(ending) if isinstance(ending, str) else ending
    if ending.outcome not in OUTCOMES:
        raise Refused(
            "an outcome is one of {outcomes}, not {outcome!r}",
            outcomes=", ".join(OUTCOMES),
            outcome=ending.outcome,
        )
    _end(session, first_open_todo(session, invoice_id, step_id), ending, change)


def complete_todo(session: Session, action_id: int, ending: Ending, change: Change) -> int:
    """End the open to-do with an outcome and return its invoice's id.

    A step that was executed counts for the minimum contact delay; `ignored` jumps to the next step and is no
    contact (rules 4.2 and 4.3). What is no step moves no plan. `promised` makes the promise and `disputed` opens
    the dispute, in this transaction. Raises Refused if somebody was faster, or for an outcome that it cannot have.
    """
    invoice_id = lock_todo(session, action_id)
    if not is_known(session, change.event_id):
        _end(session, open_todo_of(session, action_id), ending, change)
    return invoice_id


def _end(session: Session, todo: OpenTodo, ending: Ending, change: Change) -> None:
    require_possible(todo, ending)
    state = "ignored" if ending.outcome == "ignored" else "done"
    note_once(
        session,
        change,
        "to-do ended",
        todo.invoice_id,
        todo.collection_id,
        todo=todo.id,
        step=todo.step_id,
        outcome=ending.outcome,
        note=ending.text,
    )
    ended = {"state": state, "outcome": ending.outcome, "mends": False}
    ended |= {"ended_at": change.at, "ended_on": change.on, "ended_by": change.by}
    session.execute(update(Action).where(Action.id == todo.id).values(ended))
    if todo.is_step:
        _end_step(session, todo, StepStatus(state), change)
    _take_answer(session, todo, ending, change)
    # A collection that cannot be decided is left to its process, which parks it again if need be (rule 4.5).
    if todo.is_step and not is_parked(session, todo.collection_id):
        settle(session, todo.invoice_id, change)


def require_possible(todo: OpenTodo, ending: Ending) -> None:
    """Raise Refused if the to-do cannot end like that."""
    outcomes = outcomes_of(todo.kind, todo.channel)
    if ending.outcome not in outcomes:
        raise Refused(
            "{what} ends as one of {outcomes}, not {outcome!r}",
            what=kind_of_todo(todo),
            outcomes=", ".join(outcomes),
            outcome=ending.outcome,
        )
    if ending.outcome == "promised" and ending.promised_for is None:
        raise Refused("the outcome promised needs the day by which it was promised")
    if ending.outcome != "promised" and (ending.promised_for is not None or ending.amount is not None):
        raise Refused("a day or an amount goes with the outcome promised, not {outcome!r}", outcome=ending.outcome)
    if todo.approved_by is not None:
        raise Refused(
            "{by} said that its message goes out; to take that back, edit or snooze to-do {todo}",
            by=todo.approved_by,
            todo=todo.id,
        )


def _end_step(session: Session, todo: OpenTodo, status: StepStatus, change: Change) -> None:
    set_step(session, todo.collection_id, todo.step_id, status, change.on, occurrence=todo.occurrence)
    if status is StepStatus.DONE and todo.channel.is_contact:
        session.execute(
            update(Collection).where(Collection.id == todo.collection_id).values(last_contact_on=change.on)
        )


def _take_answer(session: Session, todo: OpenTodo, ending: Ending, change: Change) -> None:
    # The event id stands for the end of the to-do; what follows from that is part of it.
    part = replace(change, event_id=None)
    match ending.outcome:
        case "promised":
            assert ending.promised_for is not None, "was required"
            promise(session, todo.invoice_id, ending.promised_for, ending.amount, part)
        case "disputed":
            case = current_case(session, todo.invoice_id, part)
            # Who disputes it again on the phone has not raised a second dispute.
            if not is_held(case.facts, HoldKind.DISPUTE, change.on):
                dispute(session, todo.invoice_id, ending.text, part)


def snooze(session: Session, invoice_id: int, step_id: str, until: date, change: Change) -> None:
    """Put the open to-do of the step out of sight until a day; it holds the collection all the same (rule 4.7).

    Raises Refused if there is no such to-do, or if the day is not in the future.
    """
    lock_invoice(session, invoice_id)
    if not is_known(session, change.event_id):
        _snooze(session, first_open_todo(session, invoice_id, step_id), until, change)


def snooze_todo(session: Session, action_id: int, until: date, change: Change) -> int:
    """Put the open to-do out of sight until a day and return its invoice's id (rule 4.7).

    A message that was to go out is taken back. Raises Refused if it is not open, or the day not in the future.
    """
    invoice_id = lock_todo(session, action_id)
    if not is_known(session, change.event_id):
        _snooze(session, open_todo_of(session, action_id), until, change)
    return invoice_id


def _snooze(session: Session, todo: OpenTodo, until: date, change: Change) -> None:
    if todo.is_step:
        admit(session, todo.invoice_id, Snoozed(change.at, todo.step_id, until), change)
    elif until <= change.on:
        raise Refused(
            "a to-do is put off until a day after today ({today}), not {until}", today=change.on, until=until
        )
    data = {"todo": todo.id, "step": todo.step_id, "until": until.isoformat()}
    note_once(session, change, "to-do snoozed", todo.invoice_id, todo.collection_id, **data)
    session.execute(update(Action).where(Action.id == todo.id).values(snoozed_until=until, approved_by=None))
    if todo.is_step:
        settle(session, todo.invoice_id, change)


def assign_todo(session: Session, action_id: int, owner: str, change: Change) -> int:
    """Give the open to-do to a user (by e-mail address) or a group (by name), and return its invoice's id.

    Whose it is already keeps it. Raises Refused if it is not open, or if there is no such user or group.
    """
    invoice_id = lock_todo(session, action_id)
    if is_known(session, change.event_id):
        return invoice_id
    todo, new_owner = open_todo_of(session, action_id), require_owner(session, owner)
    if todo.owner != new_owner:
        data = {"todo": todo.id, "step": todo.step_id, "owner": new_owner, "before": todo.owner}
        note_once(session, change, "to-do assigned", invoice_id, todo.collection_id, **data)
        session.execute(update(Action).where(Action.id == todo.id).values(owner=new_owner))
    return invoice_id


def require_owner(session: Session, name: str) -> str:
    """Return the owner as to-dos bear it: a user's address, a group's name. Raises Refused if there is none."""
    users = select(User.email, User.is_active).where(func.lower(User.email) == name.strip().lower())
    user = session.execute(users).one_or_none()
    if user is not None:
        if not user.is_active:
            raise Refused("{email} is not active any more", email=user.email)
        return str(user.email)
    groups = select(Group.name).where(func.lower(Group.name) == name.strip().lower()).order_by(Group.id)
    # Whoever gets what is nobody else's need not be a group.
    fallback = select(Organization.todo_owner).where(func.lower(Organization.todo_owner) == name.strip().lower())
    found = session.scalars(groups).first() or session.scalars(fallback).first()
    if found is None:
        raise Refused("there is no user with the address and no group with the name {name!r}", name=name)
    return found
