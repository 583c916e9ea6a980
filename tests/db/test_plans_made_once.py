"""Activities plan a statement once in a connection: what was planned on an empty ledger serves a full one."""

from sqlalchemy import text

from db.engine import Engine, Session, transaction
from db.operations.messages.recording import record_sent
from db.operations.messages.sending import Claim
from tests.db.book import Book, a_change

# The organization has one row, but beside a table that is read from end to end all other plans look alike.
BY_INDEX = (
    "actions", "collections", "contacts", "customers", "holds", "invoices", "messages", "next_actions",
    "organization", "step_statuses", "timeline",
)  # fmt: skip
# The second reminder of Standard.
MOMENT = "2026-06-04 09:30"
_READ = text("SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = ANY(:names)")


def read_from_end_to_end(session: Session) -> dict[str, int]:
    """Return how many rows of these tables the transaction read without an index."""
    found = session.execute(_READ, {"names": list(BY_INDEX)})
    return {name: rows for name, rows in found if rows}


def test_a_message_is_sent_by_indexes_whatever_the_ledger_held_when_that_was_planned(
    book: Book, hasty: Engine
) -> None:
    book.set(jitter_minutes=0)
    worker = Book(hasty)
    worker.send(book.invoice("INV-0", customer_id="C-0"), MOMENT)
    for number in range(1, 40):
        invoice_id = book.invoice(f"INV-{number}", customer_id=f"C-{number}")
        if number % 2:
            book.send(invoice_id, MOMENT)
    last = book.id_of("INV-38")

    with transaction(hasty) as session:
        claim = worker.prepare(session, last, MOMENT)
        assert isinstance(claim, Claim)
        assert read_from_end_to_end(session) == {}
    with transaction(hasty) as session:
        record_sent(session, claim, "250 OK", a_change(MOMENT, by="duewell"))
        assert read_from_end_to_end(session) == {}
