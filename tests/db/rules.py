"""Smart rules of a ledger in lines of one each, as people write them, and what became of invoices."""

from typing import Any

from db.operations.rules import smart_rules
from db.operations.rules.smart_rules import AT_BOTTOM, Place
from db.queries.smart_rules import catalogue_of
from rules.read_rule import read_rule
from rules.rule import Definition
from tests.db.book import Book, a_change


def add_rule(
    book: Book, text: str, name: str | None = None, *, is_active: bool = True, place: Place = AT_BOTTOM
) -> int:
    """Add a rule, active unless said otherwise, called by its text unless it has a name; return its id."""

    def work(session: Any) -> int:
        definition = read(session, text)
        line = smart_rules.add_rule(
            session, name or text[:200], definition, a_change(), place, is_active=is_active
        )
        return line.rule.id

    id_: int = book.do(work)
    return id_


def read(session: Any, text: str) -> Definition:
    """Return what the text says."""
    definition = read_rule(text, catalogue_of(session))
    assert isinstance(definition, Definition), definition
    return definition


def cadence_of(book: Book, invoice_id: int) -> str | None:
    """Return the cadence of the open collection."""
    found = book.rows(
        "SELECT ca.name FROM collections c JOIN cadences ca ON ca.id = c.cadence_id"
        " WHERE c.invoice_id = :id AND c.closed_at IS NULL",
        id=invoice_id,
    )
    return str(found[0]) if found else None


def is_hidden(book: Book, invoice_id: int) -> bool:
    """Say whether the invoice is hidden."""
    return bool(book.one("SELECT is_hidden FROM invoices WHERE id = :id", id=invoice_id))


def log_of(book: Book, invoice_id: int) -> list[tuple[str, str | None, str, list[str]]]:
    """Return the invoice's rule log as slot, rule, what became of it and whom it shadows, by name."""
    return book.rows(
        "SELECT l.slot, r.name, l.became,"
        " ARRAY(SELECT s.name FROM unnest(l.shadowed) WITH ORDINALITY AS n(id, place)"
        "         JOIN smart_rules s ON s.id = n.id ORDER BY n.place)"
        "  FROM rule_log l LEFT JOIN smart_rules r ON r.id = l.rule_id WHERE l.invoice_id = :id ORDER BY l.id",
        id=invoice_id,
    )
