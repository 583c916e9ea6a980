"""Messages that come back, as the mailer reads them, for the ledger's tests."""

import hashlib
from dataclasses import replace
from itertools import count
from typing import Any

from db.operations.messages.incoming import Incoming, Taken, take_in
from db.operations.messages.returns import Undelivered
from tests.db.book import Book, a_change, at

ANA = "ana@helios.example"
_numbers = count(1)


def dead(recipient: str = ANA, **changed: Any) -> Undelivered:
    """Return that the address does not exist."""
    return replace(Undelivered(recipient, True, True, "the address does not exist"), **changed)


def refused(recipient: str = ANA) -> Undelivered:
    """Return that the mailbox is full, for good."""
    return dead(recipient, is_dead=False, reason="the mailbox is full")


def delayed(recipient: str = ANA) -> Undelivered:
    """Return that the server still tries."""
    return dead(recipient, is_permanent=False, is_dead=False, reason="the server does not answer")


def an_incoming(kind: str, about: str | None, received: str, **changed: Any) -> Incoming:
    """Return a message about the one of ours with the Message-ID, different from all others."""
    content = f"{kind} {next(_numbers)}".encode()
    incoming = Incoming(
        digest=hashlib.sha256(content).hexdigest(),
        received_at=at(received),
        kind=kind,
        sender="mailer-daemon@helios.example" if kind in ("bounce", "delay") else ANA,
        subject="Re: invoice INV-1",
        excerpt="We paid last week.\nBest, Ana",
        content=content,
        about=() if about is None else (about,),
    )
    return replace(incoming, **changed)


def message_id(book: Book, invoice_id: int, step: str | None = None) -> str:
    """Return the Message-ID of the invoice's last message that was sent, or of the step's."""
    found = book.rows(
        "SELECT m.message_id FROM messages m JOIN actions a ON m.action_id = COALESCE(a.merged_into, a.id)"
        " JOIN collections c ON c.id = a.collection_id WHERE c.invoice_id = :id"
        " AND (a.step_id = :step OR CAST(:step AS text) IS NULL) AND m.sent_at IS NOT NULL ORDER BY m.id",
        id=invoice_id,
        step=step,
    )
    return str(found[-1])


def taken(book: Book, incoming: Incoming, moment: str) -> Taken:
    """Take the message in."""
    result: Taken = book.do(lambda session: take_in(session, incoming, a_change(moment, by="duewell")))
    return result


def bounced(book: Book, invoice_id: int, moment: str, *failures: Undelivered, step: str | None = None) -> Taken:
    """Let the invoice's last message come back at the moment."""
    about = message_id(book, invoice_id, step)
    return taken(book, an_incoming("bounce", about, moment, undelivered=failures or (dead(),)), moment)
