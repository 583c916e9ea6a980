"""A group of three invoices of one customer that are due together, and looks at their message."""

from email import message_from_bytes
from email.policy import SMTP

from db.engine import Session
from db.operations.messages.recording import record_deferred
from db.operations.messages.sending import Claim, StoredMessage
from db.operations.messages.withdrawal import MAYBE_DELIVERED, withdraw
from db.operations.settle import Settled, lock_invoice
from dunning.decision import Because, Wait
from tests.db.book import Book, a_change

# All are due Mon 2026-06-01, and their first mail goes out Fri 05-29 at 08:30.
SEND_TIME, MOMENTS_LATER = "2026-05-29 08:30", "2026-05-29 08:31"
LATER = "2026-05-29 08:45"


def listed(message: StoredMessage | None) -> list[str]:
    """Return the numbers that the message names."""
    assert message is not None
    body = message_from_bytes(message.mime, policy=SMTP).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    return [number for number in ("INV-1", "INV-2", "INV-3", "INV-4") if number in text]


def states(book: Book) -> list[tuple[str, str]]:
    """Return every invoice that has an action, with its state."""
    return book.rows(
        "SELECT i.number, a.state FROM actions a JOIN collections c ON c.id = a.collection_id"
        " JOIN invoices i ON i.id = c.invoice_id ORDER BY i.number, a.id"
    )


def deferred(book: Book, claim: Claim) -> None:
    """Record that the mail server asked to wait."""
    book.do(lambda session: record_deferred(session, claim.action_id, "451 later"))


def left_to(claimed: Claim | Settled | None) -> str:
    """Return what a process is told that leaves the message to another one."""
    assert isinstance(claimed, Settled)
    assert isinstance(claimed.decision, Wait)
    reason = claimed.decision.because[-1]
    assert reason.because is Because.ON_ITS_WAY
    return str(reason.detail)


def calls_off(book: Book, invoice_id: int, moment: str) -> None:
    """Do what its process does when a signal comes while nothing is handed over."""

    def work(session: Session) -> None:
        lock_invoice(session, invoice_id)
        withdraw(session, invoice_id, MAYBE_DELIVERED, a_change(moment, by="duewell"))

    book.do(work)


def a_group(book: Book) -> tuple[int, int, int]:
    """Take in three invoices of one customer, in an organization that merges."""
    book.set(merges_same_day=True, partial_payment_hold_days=0)
    return book.invoice("INV-1"), book.invoice("INV-2"), book.invoice("INV-3")
