"""Shows the message of a to-do before it goes out: what a person made of it, and else what its template says."""

from dataclasses import dataclass
from datetime import datetime

from activities.letters import Occasion, write_text
from db.engine import Session
from db.operations.messages.drafts import Draft
from db.queries.collections import open_collection
from db.queries.senders import sender_named
from db.queries.todos import ActionLine
from dunning.cadence import Channel
from mailer.refusals import CannotRender


@dataclass(frozen=True, slots=True)
class DraftText:
    """A message as it would go out now. `because` says why it cannot be written, where it cannot."""

    subject: str
    body: str
    is_edited: bool
    because: str | None = None


def draft_text(session: Session, todo: ActionLine, draft: Draft | None, now: datetime) -> DraftText | None:
    """Return the text of the open to-do's message with its tags filled in, None for one that has no text.

    `draft` is what a person made of it. That of a call is the script for whoever calls; nothing of it goes out.
    """
    if todo.kind == "parked":
        return None
    subject, body = (draft.subject or "", draft.body or "") if draft else ("", "")
    is_edited = draft is not None
    if draft is not None and draft.subject and draft.body:
        return DraftText(subject, body, is_edited)
    collection = open_collection(session, todo.invoice_id)
    step = collection.facts.cadence.step(todo.step) if collection and collection.facts.cadence else None
    if not Channel(todo.channel).is_written and (step is None or step.template is None):
        return None
    if collection is None or step is None:
        return DraftText(subject, body, is_edited, "no template belongs to it")
    try:
        sender = sender_named(session, step.sender)
        _, rendered = write_text(session, Occasion(collection.facts, step, now), sender, draft)
    except CannotRender as obstacle:
        return DraftText(subject, body, is_edited, str(obstacle))
    return DraftText(rendered.subject, rendered.body, is_edited)
