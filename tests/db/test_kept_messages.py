"""Messages stay as they were sent, until somebody empties what is old by the statements of docs/operations.md."""

import re
from pathlib import Path

from tests.db.book import Book

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SEND_TIME = "2026-06-04 10:00"


def purge(book: Book) -> None:
    """Carry out the statements of the page."""
    found = re.search(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    for statement in filter(str.strip, found[1].split(";\n")):
        book.run(statement.strip(";"))


def test_only_old_letters_of_closed_collections_are_emptied_and_what_they_were_about_stays(book: Book) -> None:
    old, running, new = (book.invoice(f"INV-{number}") for number in (1, 2, 3))
    for invoice_id in (old, running, new):
        book.send(invoice_id, SEND_TIME)
    for invoice_id in (old, new):
        book.pay(invoice_id, "1000", "2026-06-08 10:00")
    book.run("UPDATE messages SET sent_at = sent_at - interval '11 years'")
    book.run("UPDATE collections SET closed_at = closed_at - interval '11 years' WHERE invoice_id = :id", id=old)
    book.run(
        "INSERT INTO incoming_messages (digest, received_at, kind, sender, subject, excerpt, content)"
        " VALUES ('a', now() - interval '11 years', 'reply', 'ana@helios.example', 'Re', 'Hello', 'Hello'),"
        " ('b', now(), 'reply', 'ana@helios.example', 'Re', 'Hello', 'Hello')"
    )

    purge(book)

    kept = "SELECT m.mime <> '' FROM messages m JOIN actions a ON a.id = m.action_id JOIN collections c"
    kept += " ON c.id = a.collection_id WHERE c.invoice_id = :id AND m.subject <> ''"
    assert [book.one(kept, id=invoice_id) for invoice_id in (old, running, new)] == [False, True, True]
    assert book.rows("SELECT content <> '' FROM incoming_messages ORDER BY id") == [False, True]
    assert book.happened(old).count("message sent") == 1
