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
from db.tables.actions import Action
from dunning.cadence import Channel
from dunning.facts import Facts
from phrase import phrase

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
        edited["draft_subject"] = _sound_subject(draft.subject)
    if draft.body is not None:
        edited["draft_body"] = _sound_body(draft.body)
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
    require_free(current_case(session, invoice_id, change).facts, change.on)
    approved = {"approved_by": change.by, "snoozed_until": None, "mends": False}
    session.execute(update(Action).where(Action.id == todo.id).values(approved))
    settle(session, invoice_id, change)
    return invoice_id


def require_sendable(todo: OpenTodo) -> None:
    """Raise Refused unless the to-do is an e-mail of a step, and nobody said yet that it goes out."""
    if todo.approved_by is not None:
        raise Refused("{by} said so already; its message is about to go out", by=todo.approved_by)
    if not todo.is_step or todo.channel is not Channel.EMAIL:
        raise Refused("{what} cannot be sent from here; do it, and then complete it", what=kind_of_todo(todo))


def require_free(facts: Facts, on: date) -> None:
    """Raise Refused if the customer must not be written to on the day, or cannot be."""
    held = [hold for hold in facts.holds if hold.until is None or hold.until > on]
    if held:
        raise Refused("nothing goes out: {hold}", hold=phrase(held[0].kind.replace("_", " ")))
    if facts.invoice.is_hidden:
        raise Refused("nothing goes out: the invoice is hidden from its customer")
    obstacle = facts.obstacles.get(Channel.EMAIL)
    if obstacle is not None:
        raise Refused("it cannot be sent: {obstacle}", obstacle=phrase(obstacle))


def _require_written(todo: OpenTodo) -> None:
    if not todo.channel.is_written:
        raise Refused("a {channel} has no message", channel=phrase(todo.channel.value))


def _sound_subject(text: str) -> str:
    subject = " ".join(text.split())
    if not subject:
        raise Refused("a message needs a subject")
    if len(subject) > SUBJECT_CHARACTERS_MAX or any(category(one) in ("Cc", "Cs") for one in subject):
        raise Refused(
            "a subject is one line of at most {most} characters, none of them a control",
            most=SUBJECT_CHARACTERS_MAX,
        )
    return subject


def _sound_body(text: str) -> str:
    body = "\n".join(text.splitlines()).strip()
    if not body:
        raise Refused("a message needs a text")
    if len(body) > BODY_CHARACTERS_MAX:
        raise Refused("a message has at most {most} characters", most=BODY_CHARACTERS_MAX)
    if any(one == "\x00" or category(one) == "Cs" for one in body):
        raise Refused("the text holds a NUL character, or is not written in UTF-8")
    return body + "\n"
