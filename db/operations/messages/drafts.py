"""Keeps what people make of a to-do's message, and their word that it goes out (docs/decisions/0014)."""

from dataclasses import dataclass
from datetime import date
from unicodedata import category

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.change import Change, is_known, note_once
from db.operations.open_todos import OpenTodo, kind_of_todo, lock_todo, open_todo_of
from db.operations.refusal import Refused
from db.operations.settle import settle
from db.queries.collections import OpenCollection
from db.tables.actions import Action
from db.tables.collections import OPEN_STATES
from dunning.facts import Facts
from dunning.writing import what_stops
from phrase import Phrase, phrase

SUBJECT_CHARACTERS_MAX = 250
BODY_CHARACTERS_MAX = 50_000
# Only one message beside the steps is on its way at a time.
ANOTHER = Phrase("another message about the invoice is about to go out; wait until it has")


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
    require_sendable(todo)
    note_once(session, change, "message approved", invoice_id, todo.collection_id, todo=todo.id, step=todo.step_id)
    case = current_case(session, invoice_id, change)
    require_free(case.facts, change.on)
    if not todo.is_step:
        _require_alone(case.collection, todo)
    approved = {"approved_by": change.by, "snoozed_until": None, "mends": False}
    session.execute(update(Action).where(Action.id == todo.id).values(approved))
    settle(session, invoice_id, change)
    return invoice_id


def require_sendable(todo: OpenTodo) -> None:
    """Raise Refused unless the to-do has a message for its process to send, and nobody said so yet."""
    if todo.approved_by is not None:
        raise Refused("{by} said so already; its message is about to go out", by=todo.approved_by)
    if not todo.is_sent_from_here:
        raise Refused("{what} cannot be sent from here; do it, and then complete it", what=kind_of_todo(todo))


def require_free(facts: Facts, on: date) -> None:
    """Raise Refused if the customer must not be written to on the day, or cannot be."""
    because = what_stops(facts, on)
    if because is not None:
        raise Refused(because)


def _require_alone(collection: OpenCollection | None, todo: OpenTodo) -> None:
    """Raise Refused if the message beside the steps cannot be sent, or another one is about to be."""
    if collection is None or collection.id != todo.collection_id or collection.state not in OPEN_STATES:
        raise Refused("nothing goes out: its collection has ended")
    if collection.written is not None:
        raise Refused(ANOTHER)


def _require_written(todo: OpenTodo) -> None:
    if not todo.channel.is_written:
        raise Refused("a {channel} has no message", channel=phrase(todo.channel.value))


def sound_subject(text: str) -> str:
    """Return the subject on one line. Raises Refused for what cannot be one."""
    subject = " ".join(text.split())
    if not subject:
        raise Refused("a message needs a subject")
    if len(subject) > SUBJECT_CHARACTERS_MAX or any(category(one) in ("Cc", "Cs") for one in subject):
        raise Refused(
            "a subject is one line of at most {most} characters, none of them a control",
            most=SUBJECT_CHARACTERS_MAX,
        )
    return subject


def sound_body(text: str) -> str:
    """Return the text with its lines ended alike. Raises Refused for what cannot be one."""
    body = "\n".join(text.splitlines()).strip()
    if not body:
        raise Refused("a message needs a text")
    if len(body) > BODY_CHARACTERS_MAX:
        raise Refused("a message has at most {most} characters", most=BODY_CHARACTERS_MAX)
    if any(one == "\x00" or category(one) == "Cs" for one in body):
        raise Refused("the text holds a NUL character, or is not written in UTF-8")
    return body + "\n"
