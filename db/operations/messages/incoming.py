"""Takes in what comes back: each message once, with all that follows from it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.change import Change, note
from db.operations.messages.beside_steps import open_beside
from db.operations.messages.message_parts import MessagePart, lock_parts
from db.operations.messages.reports import record_complaint, record_delay, record_unnamed_bounce
from db.operations.messages.returns import Undelivered, record_bounce
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice
from db.queries.incoming import OurMessage, incoming_id_of, message_about
from db.tables.actions import Message
from db.tables.incoming import IncomingMessage
from dunning.cadence import Channel
from phrase import N_, Phrase

REPLY = N_("(reply)")
# How long a report waits for the record of the message that it is about.
RECORD_MAX = timedelta(hours=1)
# What is put on timelines and into to-dos, which can never be taken back, is short.
SUBJECT_CHARACTERS_MAX = 120
SAID_CHARACTERS_MAX = 240
_REPORTS = ("bounce", "delay", "complaint")


class NotYet(Exception):
    """The message that this one reports on is being handed over right now: come again once that is recorded."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from outside, read. `digest` is the SHA-256 of its bytes, in hexadecimal.

    `about` are the Message-IDs that it may be about, the likeliest first, and `tokens` what its addresses bear.
    """

    digest: str
    received_at: datetime
    kind: str
    sender: str
    subject: str
    excerpt: str
    content: bytes
    about: Sequence[str] = ()
    tokens: Sequence[str] = ()
    undelivered: Sequence[Undelivered] = ()
    complainants: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: its id, what it is and the invoices it is about; not new if it was there before.

    `uncounted` are the invoices whose last contact it was that it came back from (rule 2.16).
    """

    id: int
    kind: str
    invoice_ids: tuple[int, ...] = ()
    is_new: bool = True
    uncounted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Followed:
    """A collection that a to-do can belong to."""

    invoice_id: int
    customer_id: int
    collection_id: int
    cadence_id: int
    owner: str | None = None


# The open collection, or else the one closed last (uq_collections_invoice_id_cadence_id_cycle).
_NEWEST_COLLECTION = text("""
SELECT c.invoice_id, i.customer_id, c.id AS collection_id, c.cadence_id
  FROM collections c JOIN invoices i ON i.id = c.invoice_id
 WHERE c.invoice_id = :invoice_id ORDER BY c.closed_at DESC NULLS FIRST, c.id DESC LIMIT 1
""")


def take_in(session: Session, incoming: Incoming, change: Change) -> Taken:
    """Keep the message and do what follows from it, once however often it comes.

    Raises NotYet for a report that is faster than the record of its message, within an hour.
    """
    known = incoming_id_of(session, incoming.digest)
    if known is not None:
        return _known(session, known)
    found = message_about(session, incoming.about, incoming.tokens)
    if found is None:
        taken_id = _keep(session, incoming, incoming.kind)
        return Taken(taken_id, incoming.kind) if taken_id is not None else _known_by(session, incoming.digest)
    message, parts = _locked(session, found)
    if _is_on_its_way(message, incoming, change.at):
        raise NotYet(f"the message {message.message_id} is being handed over")
    # What was written to a message's own address is about it, whether or not it says so itself.
    kind = "reply" if incoming.kind == "other" else incoming.kind
    taken_id = _keep(session, incoming, kind, message.id, parts[0].invoice_id)
    if taken_id is None:
        return _known_by(session, incoming.digest)
    uncounted = _follow(session, incoming, kind, message, parts, taken_id, change)
    invoice_ids = tuple(part.invoice_id for part in parts)
    return Taken(taken_id, kind, invoice_ids, uncounted=invoice_ids if uncounted else ())


def _locked(session: Session, found: OurMessage) -> tuple[Message, Sequence[MessagePart]]:
    """Lock the invoices that the message is about, also where a bounce moves it beside its step meanwhile."""
    action_id = found.action_id
    while True:
        parts = lock_parts(session, action_id)
        message = session.get_one(Message, found.id, populate_existing=True)
        if message.action_id == action_id:
            return message, parts
        action_id = message.action_id


def _known(session: Session, incoming_id: int) -> Taken:
    row = session.get_one(IncomingMessage, incoming_id)
    return Taken(row.id, row.kind, () if row.invoice_id is None else (row.invoice_id,), is_new=False)


def _known_by(session: Session, digest: str) -> Taken:
    """Return the message that another one took in while this one waited."""
    known = incoming_id_of(session, digest)
    assert known is not None, "the digest is there, because it was refused as a second one"
    return _known(session, known)


def _is_on_its_way(message: Message, incoming: Incoming, now: datetime) -> bool:
    is_uncertain = message.state == "sending" or (message.state == "deferred" and message.unanswered > 0)
    return is_uncertain and incoming.kind in _REPORTS and now - incoming.received_at < RECORD_MAX


def _keep(
    session: Session, incoming: Incoming, kind: str, answers: int | None = None, invoice_id: int | None = None
) -> int | None:
    """Keep the message and return its id, or None if it is there already."""
    statement = insert(IncomingMessage).values(
        digest=incoming.digest,
        received_at=incoming.received_at,
        kind=kind,
        sender=incoming.sender,
        subject=incoming.subject,
        excerpt=incoming.excerpt,
        content=incoming.content,
        answers=answers,
        invoice_id=invoice_id,
    )
    once = statement.on_conflict_do_nothing(index_elements=["digest"])
    return session.execute(once.returning(IncomingMessage.id)).scalar()


def _follow(
    session: Session,
    incoming: Incoming,
    kind: str,
    message: Message,
    parts: Sequence[MessagePart],
    taken_id: int,
    change: Change,
) -> bool:
    """Do what follows from the message, and say whether it makes that ours was no contact."""
    match kind:
        case "bounce" if not incoming.undelivered:
            record_unnamed_bounce(session, message, parts, incoming.excerpt, taken_id, change)
        case "bounce":
            came_at = incoming.received_at
            return record_bounce(session, message, parts, incoming.undelivered, taken_id, came_at, change)
        case "delay":
            record_delay(session, message, parts, incoming.undelivered, taken_id, change)
        case "complaint":
            record_complaint(session, message, parts, incoming.complainants, taken_id, change)
        case _:
            for part in parts:
                _note_reply(session, part.invoice_id, part.collection_id, kind, taken_id, incoming, change)
            if kind == "reply":
                _ask_for_an_answer(session, parts[0].invoice_id, parts[0].owner, incoming, change)
    return False


def assign(session: Session, incoming_id: int, invoice_id: int, change: Change) -> None:
    """Say by hand which invoice a message is about that nothing of ours matched.

    A person's message then asks its owners for an answer. Raises Refused if there is no such message, or if it
    is about an invoice already.
    """
    lock_invoice(session, invoice_id)
    row = session.get(IncomingMessage, incoming_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused("there is no incoming message {incoming_id}", incoming_id=incoming_id)
    if row.invoice_id is not None:
        about = Phrase("this invoice") if row.invoice_id == invoice_id else Phrase("another invoice")
        raise Refused("message {incoming_id} is about {about} already", incoming_id=incoming_id, about=about)
    if row.kind == "other":
        row.kind = "reply"
    row.invoice_id = invoice_id
    session.flush()
    _note_reply(session, invoice_id, None, row.kind, row.id, row, change)
    if row.kind == "reply":
        _ask_for_an_answer(session, invoice_id, None, row, change)


def _note_reply(
    session: Session,
    invoice_id: int,
    collection_id: int | None,
    kind: str,
    incoming_id: int,
    said: Incoming | IncomingMessage,
    change: Change,
) -> None:
    subject = said.subject[:SUBJECT_CHARACTERS_MAX]
    details = {"inbox": incoming_id, "from": said.sender, "subject": subject}
    note(session, change, f"{kind} received", invoice_id, collection_id, **details)


def _ask_for_an_answer(
    session: Session, invoice_id: int, owner: str | None, said: Incoming | IncomingMessage, change: Change
) -> None:
    row = session.execute(_NEWEST_COLLECTION, {"invoice_id": invoice_id}).one_or_none()
    if row is None:
        # Never followed up: there is nobody whose work it is. The timeline and the inbox have it.
        return
    words = " ".join(said.excerpt.split()) or said.subject
    short = words if len(words) <= SAID_CHARACTERS_MAX else words[: SAID_CHARACTERS_MAX - 1].rstrip() + "…"
    about = _Followed(row.invoice_id, row.customer_id, row.collection_id, row.cadence_id, owner)
    open_beside(
        session,
        about,
        "reply",
        REPLY,
        Channel.EMAIL,
        Phrase("{sender} wrote: {text}", sender=said.sender, text=short),
        change,
    )


__all__ = ["Incoming", "NotYet", "Taken", "Undelivered", "assign", "take_in"]
