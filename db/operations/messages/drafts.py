"""Keeps what people make of a to-do's message, and their word that it goes out (docs/decisions/0014)."""

from dataclasses import dataclass
from unicodedata import category

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.change import Change, is_known, note_once
from db.operations.open_todos import OpenTodo, lock_todo, open_todo_of
from db.operations.refusal import Refused
from db.operations.settle import settle
from db.queries.collections import OpenCollection
from db.tables.actions import Action
from db.tables.collections import OPEN_STATES
from dunning.writing import message_step, what_stops

SUBJECT_CHARACTERS_MAX = 250
BODY_CHARACTERS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person made of a message. What is None is as the template says."""

    subject: str | None
    body: str | None


def draft_of(session: Session, action_id: int) -> Draft | None:
    """Return what a person made of the action's message, None if nobody did (the primary key)."""
    row = session.execute(select(Action.draft_subject, Action.draft_body).where(Action.id == action_id)).one()
    return None if row.draft_subject is None and row.draft_body is None else Draft(*row)


def edit_draft(session: Session, action_id: int, draft: Draft, change: Change) -> int:
    """Keep the draft of the open to-do and return its invoice's id; what is None stays as it was.

    A message that was to go out is taken back. Raises Refused if the to-do is not open, has nothing to write, or
    if the text cannot be a message.
    """
    invoice_id = lock_todo(session, action_id)
    if is_known(session, change.event_id):
        return invoice_id
    todo = open_todo_of(session, action_id)
    _require_written(todo)
    edited: dict[str, str | None] = {"approved_by": None}
    if draft.subject is not None:
        edited["draft_subject"] = sound_subject(draft.subject)
    if draft.body is not None:
        edited["draft_body"] = sound_body(draft.body)
    note_once(session, change, "draft edited", invoice_id, todo.collection_id, todo=todo.id, step=todo.step_id)
    session.execute(update(Action).where(Action.id == todo.id).values(edited))
    if todo.approved_by is not None:
        settle(session, invoice_id, change)
    return invoice_id


def approve(session: Session, action_id: int, change: Change) -> int:
    """Let the to-do's message go out, as its draft has it, and return its invoice's id.

    Its process sends it, once, as it sends automatic ones. Raises Refused if the to-do is not open or is no
    e-mail, or if the customer must not or cannot be written to now.
    """
    invoice_id = lock_todo(session, action_id)
    if is_known(session, change.event_id):
        return invoice_id
    todo = open_todo_of(session, action_id)
    if todo.approved_by is not None:
        raise Refused(f"{todo.approved_by} said so already; its message is about to go out")
    if not todo.is_sent_from_here:
        what = f"a to-do of the channel {todo.channel}" if todo.is_step else f"a to-do of the kind {todo.kind}"
        raise Refused(f"{what} cannot be sent from here; do it, and then complete it")
    note_once(session, change, "message approved", invoice_id, todo.collection_id, todo=todo.id, step=todo.step_id)
    collection = current_case(session, invoice_id, change).collection
    if collection is None:
        raise Refused("nothing goes out: its collection has ended")
    _require_free(collection, todo, change)
    approved = {"approved_by": change.by, "snoozed_until": None, "mends": False}
    session.execute(update(Action).where(Action.id == todo.id).values(approved))
    settle(session, invoice_id, change)
    return invoice_id


def _require_free(collection: OpenCollection, todo: OpenTodo, change: Change) -> None:
    """Raise Refused if the customer must not be written to today, cannot be, or already is in a person's words."""
    facts = collection.facts
    if todo.is_step:
        step = None if facts.cadence is None else facts.cadence.step(todo.step_id)
    else:
        step = message_step(facts, todo.as_step)
        if collection.written is not None:
            raise Refused("another message about the invoice is about to go out; wait until it has")
        if collection.id != todo.collection_id or collection.state not in OPEN_STATES:
            raise Refused("nothing goes out: its collection has ended")
    because = what_stops(facts, None if step is None else step.sender, change.on)
    if because is not None:
        raise Refused(because)


def _require_written(todo: OpenTodo) -> None:
    if not todo.channel.is_written:
        raise Refused(f"a {todo.channel} has no message")


def sound_subject(text: str) -> str:
    """Return the subject on one line. Raises Refused for what cannot be one."""
    subject = " ".join(text.split())
    if not subject:
        raise Refused("a message needs a subject")
    if len(subject) > SUBJECT_CHARACTERS_MAX or any(category(one) in ("Cc", "Cs") for one in subject):
        raise Refused(
            f"a subject is one line of at most {SUBJECT_CHARACTERS_MAX} characters, none of them a control"
        )
    return subject


def sound_body(text: str) -> str:
    """Return the text with its lines ended alike. Raises Refused for what cannot be one."""
    body = "\n".join(text.splitlines()).strip()
    if not body:
        raise Refused("a message needs a text")
    if len(body) > BODY_CHARACTERS_MAX:
        raise Refused(f"a message has at most {BODY_CHARACTERS_MAX} characters")
    if any(one == "\x00" or category(one) == "Cs" for one in body):
        raise Refused("the text holds a NUL character, or is not written in UTF-8")
    return body + "\n"
